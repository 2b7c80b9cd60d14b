"""The loop of a search: what it is charged, that it repeats, and resuming."""

from __future__ import annotations

import random
from dataclasses import replace

import pytest

from harness.budget import Limit
from harness.meter import Meter
from papers.cells.child import mnist1d
from papers.cells.league.contest import Contest, Contestant, compete, marks
from papers.cells.league.evaluator import Evaluation, TableEvaluator
from papers.cells.league.league import League
from papers.cells.league.truth import Table
from papers.cells.space.edge import T0, Code

SHORT = replace(mnist1d.RECIPE, steps=3)


class Uniform:
    """A searcher for these tests."""

    def __init__(self, seed: int) -> None:
        self.stream = random.Random(seed)

    def propose(self) -> Code:
        return T0.random(self.stream)

    def observe(self, evaluation: Evaluation) -> None:
        assert evaluation.val >= 0

    def state_dict(self):
        return {"stream": self.stream.getstate()}

    def load_state_dict(self, state):
        self.stream.setstate(state["stream"])


def contest(table: Table, seed: int, count: int = 3) -> Contest:
    return Contest(
        [
            Contestant(Uniform(10 * seed + n), TableEvaluator(T0, table, 10 * seed + n, SHORT))
            for n in range(count)
        ]
    )


def run(found: Contest, league: League, turns: int) -> tuple[list, Meter]:
    meter = Meter({"search": (turns, SHORT.steps)}, Limit())
    return list(compete(found, league, meter, [1, 2, 4, 8])), meter


def test_the_meter_is_charged_what_one_search_is(table: Table, league: League):
    found = contest(table, 0)
    rows, meter = run(found, league, 9)
    assert [row["at"] for row in rows] == [1, 2, 4, 8, 9]
    assert meter.spent("steps") == rows[-1]["charged_steps"] == 9 * SHORT.steps
    assert meter.spent("flops") == pytest.approx(rows[-1]["charged_flops"])
    regrets = [row["regret"] for row in rows]
    assert regrets == sorted(regrets, reverse=True)
    assert rows[-1]["regret_low"] <= rows[-1]["regret_median"] <= rows[-1]["regret_high"]


def test_a_seed_repeats_and_another_differs(table: Table, league: League):
    one, again, other = (run(contest(table, seed), league, 9)[0] for seed in (1, 1, 2))
    assert one == again != other


def test_a_resumed_contest_ends_like_one_that_never_stopped(table: Table, league: League):
    whole = contest(table, 4)
    expected, _ = run(whole, league, 9)
    first, second = contest(table, 4), contest(table, 4)
    for _ in range(5):
        for search in first.searches:
            search.turn()
    second.load_state_dict(first.state_dict())
    for _ in range(4):
        for search in second.searches:
            search.turn()
    assert second.row(league, 9) == expected[-1]


def test_a_side_by_side_turn_evaluates_many(table: Table, league: League):
    found = contest(table, 5, 1)
    meter = Meter({"search": (2, 4 * SHORT.steps)}, Limit())
    rows = list(compete(found, league, meter, [4], 4))
    assert [row["at"] for row in rows] == [4, 8]
    assert found.searches[0].evaluator.costs.trained == 8


def test_marks_rise_to_the_last_and_begin_at_one():
    found = marks(200)
    assert found[0] == 1
    assert found[-1] == 200
    assert found == sorted(set(found))
    assert marks(1) == [1]
