"""Median and quartiles over single searches: of trials that are one, and of stacks of them."""

from __future__ import annotations

import pandas as pd
import pytest

from papers.cells.league.quartiles.figures import on_the_way, spread, standings
from papers.cells.task import LEAGUE


def rows(experiment: str, regrets: list[float], flops: float = 1e10, **more: float):
    known = {"paper": "p", "experiment": experiment, "task": LEAGUE.name, "budget": "nightly"}
    values = {"charged_steps": 600.0, "charged_flops": flops, "status": "completed"}
    made = [
        {**known, **values, "regret": regret, "plain_regret": regret / 2, **more}
        for regret in regrets
    ]
    return pd.DataFrame(made)


STACKED = {
    "regret_low": 0.01, "regret_median": 0.02, "regret_high": 0.04, "searches": 500.0,
    "plain_regret_low": 0.0, "plain_regret_median": 0.005, "plain_regret_high": 0.01,
    "plain_searches": 500.0,
}  # fmt: skip


def test_a_trial_of_one_search_is_one_of_those_that_the_spread_is_over():
    found = spread(rows("league/first", [0.0, 0.01, 0.02, 0.03, 0.1]), "")
    assert found == pytest.approx((1, 2, 3, 5))


def test_of_a_stack_it_is_the_spread_within_a_trial():
    both = pd.concat([rows("league/first", [0.0]), rows("league/aging", [0.03] * 3, **STACKED)])
    own = both[both["experiment"] == "league/aging"]
    assert spread(own, "") == pytest.approx((1, 2, 4, 1500))
    assert spread(own, "plain_") == pytest.approx((0, 0.5, 1, 1500))
    assert spread(own, "priced_") is None
    assert spread(both[both["experiment"] == "league/first"], "").searches == 1


def test_all_papers_stand_by_cost_and_what_needs_no_search_is_a_line():
    lines = [rows("league/optimum", [0.0]), rows("league/largest", [0.1])]
    dear = rows("league/aging", [0.03] * 3, 1e12, **STACKED)
    found = standings(pd.concat([dear, rows("league/first", [0.01, 0.02]), *lines]), None)
    left, right = found.axes
    names = [label.get_text() for label in left.get_yticklabels()]
    assert names == ["p: first (1e+10 FLOPs, 2)", "p: aging (1e+12 FLOPs, 1500)"]
    medians = [line.get_xdata()[0] for line in left.lines if line.get_marker() == "o"]
    assert medians == pytest.approx([1.5, 2])
    told = [text.get_text() for text in left.get_legend().get_texts()]
    assert told == ["optimum", "largest"]
    assert left.yaxis_inverted()
    assert right.get_title() == "any number of convolutions"


def test_random_search_stands_once_where_it_goes_on_longest():
    short = rows("league/random", [0.02], 1e10)
    long = rows("league/random", [0.01], 1e12, charged_steps=6e4).assign(paper="q")
    found = standings(pd.concat([short, long]), None)
    assert len(found.axes[0].get_yticklabels()) == 1
    assert "1e+12" in found.axes[0].get_yticklabels()[0].get_text()


def test_without_methods_nothing_is_drawn():
    assert standings(rows("league/optimum", [0.0]), None) is None
    assert standings(rows("league/first", [0.0]).assign(task="other"), None) is None


def curve(experiment: str, metric: str, means: list[float]) -> pd.DataFrame:
    places = range(1, len(means) + 1)
    return pd.DataFrame(
        {
            "paper": "p", "experiment": experiment, "budget": "nightly", "metric": metric,
            "turn": places, "at": places, "mean": means, "sd": 0.01, "n": 8,
        }
    )  # fmt: skip


def test_the_way_has_a_median_and_two_quartiles_in_each_panel():
    told = [
        curve(name, f"{key}regret_{end}", [height, height / 2])
        for name in ("a", "b", "c")
        for key in ("", "plain_", "priced_")
        for end, height in (("low", 0.1), ("median", 0.2), ("high", 0.3))
    ]
    found = on_the_way(pd.concat(told), {"a": "first", "b": "second", "c": "third"}, "Ways")
    for axes in found.axes:
        assert len(axes.collections) == 2  # shaded
        assert len(axes.lines) == 3 + 2  # medians, and the third one's dotted quartiles
        assert axes.lines[0].get_ydata().tolist() == pytest.approx([20, 10])
    assert "8 trials" in found.get_suptitle()
    assert on_the_way(pd.concat(told), {"d": "fourth"}, "Ways") is None
