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
from papers.cells.space.allowed import Allowed
from papers.cells.space.edge import T0, Code

ALLOWED = Allowed(T0)
SHORT = replace(mnist1d.RECIPE, steps=3)


class Uniform:
    """A searcher for these tests."""

    def __init__(self, seed: int) -> None:
        self.stream = random.Random(seed)

    def propose(self) -> Code:
        return ALLOWED.random(self.stream)

    def observe(self, evaluation: Evaluation) -> None:
        assert evaluation.val >= 0

    def state_dict(self):
        return {"stream": self.stream.getstate()}

    def load_state_dict(self, state):
        self.stream.setstate(state["stream"])


def contest(table: Table, league: League, seed: int, count: int = 3) -> Contest:
    return Contest(
        [
            Contestant(Uniform(10 * seed + n), TableEvaluator(T0, table, 10 * seed + n, SHORT))
            for n in range(count)
        ],
        league,
    )


def run(found: Contest, turns: int) -> tuple[list, Meter]:
    meter = Meter({"search": (turns, SHORT.steps)}, Limit(), replicates=len(found.searches))
    return list(compete({"": found}, meter, [1, 2, 4, 8])), meter


def test_every_search_has_rows_and_is_charged_its_own(table: Table, league: League):
    found = contest(table, league, 0)
    rows, meter = run(found, 9)
    assert [row["at"] for row in rows if row["member"] == 1] == [1, 2, 4, 8, 9]
    last = rows[-3:]
    assert [row["member"] for row in last] == [0, 1, 2]
    assert {row["charged_steps"] for row in last} == {9 * SHORT.steps}
    assert meter.spent("steps") == 3 * 9 * SHORT.steps
    assert meter.spent("flops") == pytest.approx(sum(row["charged_flops"] for row in last))
    seen = [row["proxy"] for row in rows if row["member"] == 2]
    assert seen == sorted(seen)  # the incumbent is the best by validation
    for search, row in zip(found.searches, last, strict=True):
        assert row["regret"] == league.regret(search.incumbent)
        assert row["proxy"] == search.val


def test_contests_of_two_tasks_go_on_in_step_and_share_rows(table: Table, league: League):
    one, other = contest(table, league, 0), contest(table, league, 1)
    alone, _ = run(contest(table, league, 1), 9)
    meter = Meter({"search": (9, SHORT.steps)}, Limit(), replicates=3)
    rows = list(compete({"": one, "plain_": other}, meter, [1, 2, 4, 8]))
    assert [row["plain_regret"] for row in rows] == [row["regret"] for row in alone]
    assert meter.spent("flops") == pytest.approx(one.flops())


def test_a_seed_repeats_and_another_differs(table: Table, league: League):
    one, again, other = (run(contest(table, league, seed), 9)[0] for seed in (1, 1, 2))
    assert one == again != other


def test_a_resumed_contest_ends_like_one_that_never_stopped(table: Table, league: League):
    whole = contest(table, league, 4)
    run(whole, 9)
    first, second = contest(table, league, 4), contest(table, league, 4)
    for _ in range(5):
        for search in first.searches:
            search.turn()
    second.load_state_dict(first.state_dict())
    for _ in range(4):
        for search in second.searches:
            search.turn()
    assert second.rows() == whole.rows()


def test_a_side_by_side_turn_evaluates_many(table: Table, league: League):
    found = contest(table, league, 5, 1)
    meter = Meter({"search": (2, 4 * SHORT.steps)}, Limit())
    rows = list(compete({"": found}, meter, [4], 4))
    assert [row["at"] for row in rows] == [4, 8]
    assert found.searches[0].evaluator.costs.trained == 8


def test_marks_rise_to_the_last_and_begin_at_one():
    found = marks(200)
    assert found[0] == 1
    assert found[-1] == 200
    assert found == sorted(set(found))
    assert marks(1) == [1]
