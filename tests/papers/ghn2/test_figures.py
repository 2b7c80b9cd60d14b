"""Figures are drawn from rows as the report hands them over, and not where rows are missing."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from papers.ghn2.figures import ARMS, FIGURES, descent, learning, ranking, reached, splits, tuning

EMPTY = pd.DataFrame(
    columns=["experiment", "budget", "status", "metric", "at", "mean", "sd", "n", "turn"]
)


def results(experiment: str, **values: float) -> list[dict]:
    known = {"experiment": experiment, "budget": "nightly", "status": "completed"}
    return [
        {**known, "seed": seed, **{name: v + seed / 100 for name, v in values.items()}}
        for seed in range(3)
    ]


def curve(experiment: str, metric: str, places: dict[float, float]) -> list[dict]:
    known = {"experiment": experiment, "budget": "nightly", "metric": metric, "n": 3, "sd": 0.0}
    return [{**known, "at": at, "mean": mean, "turn": at} for at, mean in places.items()]


@pytest.mark.parametrize("draw", FIGURES.values())
def test_without_rows_there_is_no_figure(draw):
    assert draw(EMPTY, EMPTY) is None


def test_every_arm_is_drawn_on_every_split():
    found = pd.DataFrame([r for arm in ARMS for r in results(arm, id=0.4, bnfree=0.2)])
    (axes,) = splits(found, EMPTY).axes
    assert len(axes.containers) == 2 * len(ARMS)
    assert [t.get_text() for t in axes.get_xticklabels()] == ["in distribution", "no batch norm"]


def test_curves_are_drawn_against_steps_evaluations_and_seconds():
    rows = curve("signals/ghn2", "val", {1: 0.1, 100: 0.4})
    rows += curve("signals/ghn2", "evaluations", {1: 4, 100: 400})
    found = pd.DataFrame(results("signals/ghn2", seconds=9.99))  # of three seeds 10 in the mean
    steps, evaluations, seconds = learning(found, pd.DataFrame(rows)).axes
    assert list(steps.lines[0].get_xdata()) == [1, 100]
    assert list(evaluations.lines[0].get_xdata()) == [4, 400]
    assert list(seconds.lines[0].get_xdata()) == pytest.approx([0.1, 10])


def test_the_step_at_which_sgd_reaches_one_pass_is_told():
    curves = pd.DataFrame(curve("signals/sgd", "id", {0: 0.1, 10: 0.3, 20: 0.7}))
    found = pd.DataFrame(results("signals/ghn2", id=0.49))
    (axes,) = descent(found, curves).axes
    assert "15 steps" in axes.texts[0].get_text()
    assert reached(np.array([0.0, 1.0]), np.array([0.1, 0.2]), 0.9) is None
    assert reached(np.array([0.0, 1.0]), np.array([0.1, 0.2]), 0.05) == 0


def test_fine_tuning_is_drawn_from_every_start():
    values = {f"{s}_{n}": n / 100 for s in ("tuned", "orthogonal", "random") for n in (0, 5, 50)}
    (axes,) = tuning(pd.DataFrame(results("signals/ghn2", overtaken=12, **values)), EMPTY).axes
    assert [list(line.get_xdata()) for line in axes.lines[:3]] == [[0, 5, 50]] * 3


def test_rankers_stand_side_by_side_in_both_tasks():
    names = ("tau", "property_tau", "tau_parameters")
    values = {f"{task}{name}": 0.3 for task in ("", "capped_") for name in names}
    figure = ranking(pd.DataFrame(results("league/ghn2", **values)), EMPTY)
    assert [len(axes.patches) for axes in figure.axes] == [3, 3]
