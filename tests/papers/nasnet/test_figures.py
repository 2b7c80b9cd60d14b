"""Figures are drawn from rows as the report hands them over, and not where rows are missing."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from papers.nasnet.fidelity.figures import ranking
from papers.nasnet.figures import edge_cell
from papers.nasnet.league.figures import BREAK_EVEN, RATES, break_even, on_the_way, rates

EMPTY = pd.DataFrame(columns=["experiment", "budget", "status", "metric", "at", "mean", "n"])


def rows(experiment: str, count: int = 3, **values: float | str) -> list[dict]:
    known = {"experiment": experiment, "budget": "nightly", "status": "completed"}
    return [
        {**known, "seed": seed, **{n: v if isinstance(v, str) else v + seed / 100
                                   for n, v in values.items()}}
        for seed in range(count)
    ]  # fmt: skip


def curve(experiment: str, metric: str, places: dict[float, float]) -> list[dict]:
    known = {"experiment": experiment, "budget": "nightly", "metric": metric, "n": 3, "sd": 0.0}
    return [{**known, "at": at, "mean": mean, "turn": at} for at, mean in places.items()]


@pytest.mark.parametrize("draw", [on_the_way, rates, break_even, ranking, edge_cell])
def test_without_rows_there_is_no_figure(draw):
    assert draw(EMPTY, EMPTY) is None


def test_regret_is_drawn_against_rates_in_points():
    values = {f"{key}regret_{n}": 0.02 for key in ("", "plain_", "priced_") for n in (20, 50, 200)}
    found = pd.DataFrame([r for e in RATES.values() for r in rows(e, **values)])
    figure = rates(found, EMPTY)
    for axes in figure.axes:
        lines = [bars.lines[0] for bars in axes.containers]
        assert len(lines) == 3
        assert list(lines[0].get_xdata()) == sorted(RATES)
        np.testing.assert_allclose(lines[0].get_ydata(), 3.0)


def test_break_even_is_drawn_in_times():
    values = {"level": 0.1, "plain_level": 0.002}
    for key in ("", "plain_"):
        values |= {f"{key}steps_log10": 5.0, f"{key}steps_log10_enas": 3.0}
        values |= {f"{key}flops_log10": 12.0, f"{key}flops_log10_enas": 11.0}
    found = pd.DataFrame([r for e in BREAK_EVEN.values() for r in rows(e, **values)])
    told = pd.DataFrame(
        [
            r
            for e in BREAK_EVEN.values()
            for key in ("", "plain_")
            for r in [
                *curve(e, f"{key}children", {1.0: 50.0, 5.0: 4.0, 1000.0: 9.0}),  # the last row
                *curve(e, f"{key}gflops", {1.0: 9.0, 5.0: 1.0}),
            ]
        ]
    )
    figure = break_even(found, told)
    times, limited, plain = figure.axes
    heights = {round(float(bars.lines[0].get_ydata()[0])) for bars in times.containers}
    assert heights == {100, 10}
    for axes in (limited, plain):
        drawn = [line for line in axes.lines if len(line.get_xdata()) == 2
                 and line.get_label().startswith("rate")]  # fmt: skip
        assert len(drawn) == 5
        assert list(drawn[0].get_ydata()) == [50.0, 4.0]


def test_rankings_stand_beside_what_the_large_network_says():
    names = ("small", "middle", "middle_third", "large", "large_test")
    found = pd.DataFrame(rows("fidelity/sizes", 6, **dict.fromkeys(names, 0.5)))
    figure = ranking(found, EMPTY)
    assert ["tau = 1.00" in axes.get_title() for axes in figure.axes] == [True] * 4
