"""The league's figure: every method, in both tasks, with what needs no search."""

from __future__ import annotations

import pandas as pd

from papers.cells.league.figures import league
from papers.cells.task import LEAGUE

PLACES = (1, 300, 600)


def rows(experiment: str, regret: float, count: int = 3) -> pd.DataFrame:
    known = {"paper": "p", "experiment": experiment, "task": LEAGUE.name, "budget": "nightly"}
    values = {"charged_steps": 600.0, "charged_flops": 1e10, "plain_charged_flops": 2e10}
    return pd.DataFrame(
        [
            {**known, **values, "regret": regret + seed / 100, "plain_regret": regret / 2}
            for seed in range(count)
        ]
    )


def curve(experiment: str, metric: str, means: tuple[float, ...], at: bool) -> pd.DataFrame:
    places = PLACES[-len(means) :]
    return pd.DataFrame(
        {
            "paper": "p", "experiment": experiment, "budget": "nightly", "metric": metric,
            "turn": places, "at": places if at else None, "mean": means, "sd": 0.01, "n": 3,
        }
    )  # fmt: skip


def curves(experiment: str, at: bool) -> pd.DataFrame:
    told = {
        "charged_steps": (1.0, 300.0, 600.0),
        "charged_flops": (1e8, 5e9, 1e10),
        "regret": (0.2, 0.1, 0.05),
        "plain_regret": (0.1, 0.05, 0.02),
        "plain_charged_flops": (2e10,),  # a search that is one for both tasks until it ends
    }
    return pd.concat([curve(experiment, name, means, at) for name, means in told.items()])


def test_methods_stand_in_both_tasks_with_their_way_there_and_the_stand_ins():
    lines = [rows("league/optimum", 0.0, 1), rows("league/largest", 0.1, 1)]
    lines += [rows("league/constant", 0.1, 1)]
    found = pd.concat([rows("league/random", 0.03), rows("league/first", 0.05), *lines])
    told = pd.concat([curves("league/random", True), curves("league/first", False)])
    figure = league(found, told)
    assert figure is not None
    limited, plain = figure.axes
    labels = limited.get_legend_handles_labels()[1]
    assert sorted(labels) == ["p: first (n = 3)", "random search (n = 3)"]
    for axes in (limited, plain):
        texts = [text.get_text() for text in axes.texts]
        assert texts == ["optimum", "largest, constant"]
        dotted = [line for line in axes.lines if line.get_linestyle() == ":"]
        assert [len(line.get_xdata()) for line in dotted] == [2]  # not after the very first step
    assert list(limited.lines[0].get_xdata()) == [5e9, 1e10]


def test_a_sweep_of_fewer_searches_is_left_out():
    found = pd.concat([rows("league/first", 0.05, 8), rows("league/fast", 0.2, 4)])
    found = pd.concat([found, rows("league/swept", 0.3, 3), rows("league/random", 0.1, 64)])
    told = pd.concat([curves(name, False) for name in ("league/first", "league/random")])
    figure = league(found, told)
    assert figure is not None
    labels = figure.axes[0].get_legend_handles_labels()[1]
    assert sorted(labels) == ["p: fast (n = 4)", "p: first (n = 8)", "random search (n = 64)"]


def test_without_a_method_there_is_no_figure():
    empty = pd.DataFrame(columns=["paper", "experiment", "budget", "turn", "at", "metric", "mean"])
    assert league(rows("league/optimum", 0.0, 1), empty) is None


def test_where_no_league_was_run_there_is_no_figure():
    """Results of other tasks alone have no column of what is charged to a search."""
    others = rows("recurrent/gdas", 0.1).assign(task="text").drop(columns=["charged_steps"])
    assert league(others, pd.DataFrame()) is None
