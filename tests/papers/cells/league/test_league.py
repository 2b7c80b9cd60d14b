"""Judging searches: charges, sealed test data, regret, rankings, and resuming."""

from __future__ import annotations

import random
from dataclasses import replace

import numpy as np
import pytest
from scipy.stats import kendalltau

from harness.budget import Limit
from harness.meter import Meter
from harness.paper import Refused
from papers.cells.child import mnist1d
from papers.cells.league import league as league_module
from papers.cells.league import truth
from papers.cells.league.contest import Contest, Contestant, compete, marks
from papers.cells.league.costs import Costs
from papers.cells.league.evaluator import Evaluation, TableEvaluator, TrainEvaluator
from papers.cells.league.league import League, agreement, precision, tau, top
from papers.cells.league.truth import Table
from papers.cells.network import light
from papers.cells.space.classes import classes
from papers.cells.space.edge import T0, T2, Code

SHORT = replace(mnist1d.RECIPE, steps=3)


def made_up(noise: float = 0.0) -> Table:
    """Return a table of T0 in which a cell is as good as its parameters are many."""
    stream = np.random.default_rng(0)
    rows = []
    for name, seed in truth.needed(T0):
        code = truth.code_of(name)
        # every class gets an accuracy of its own
        worth = light.parameters(T2, code) / 2e4 + T2.encode(code) / 1e6
        test = worth + noise * stream.standard_normal()
        rows.append(truth.row(name, seed, (worth / 3, worth / 2, worth, test, 1.0, 0.5 + seed)))
    return Table(truth.Header("r", "d", "t"), rows)


@pytest.fixture(scope="module")
def table() -> Table:
    return made_up()


@pytest.fixture(scope="module")
def league(table: Table) -> League:
    return League(T0, table)


@pytest.fixture(scope="module")
def signals() -> mnist1d.Signals:
    return mnist1d.Signals.load()


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


# -- charges --------------------------------------------------------------------------------------


def test_table_and_training_charge_the_same_steps_and_flops(table: Table, signals):
    codes = [T0.random(random.Random(n)) for n in range(5)]
    looked_up = TableEvaluator(T0, table, 0, SHORT)
    trained = TrainEvaluator(T0, signals, 0, SHORT)
    for evaluator in (looked_up, trained):
        evaluator.evaluate(codes)
        evaluator.evaluate(codes[:1])  # a duplicate is charged again
    assert looked_up.costs.sgd_steps == trained.costs.sgd_steps == 6 * SHORT.steps
    assert looked_up.costs.flops == trained.costs.flops > 0
    assert looked_up.costs.trained == trained.costs.trained == 6
    assert looked_up.costs.seconds == sum(row.cpu_s for row in _asked(table, codes, looked_up))


def _asked(table: Table, codes: list[Code], evaluator: TableEvaluator) -> list[truth.Row]:
    again = TableEvaluator(T0, table, 0, SHORT)
    seeds = [one.seed for one in (*again.evaluate(codes), *again.evaluate(codes[:1]))]
    return [table.of(T0, code)[seed] for code, seed in zip([*codes, codes[0]], seeds, strict=True)]


def test_a_step_is_charged_by_what_ran():
    costs = Costs()
    costs.step(1000, 50)
    costs.score(1000, 200)
    assert (costs.sgd_steps, costs.step_flops) == (1, 3 * 2 * 1000 * 50)
    assert costs.forward_flops == 2 * 1000 * 200
    assert costs.row() == {"charged_steps": 1.0, "charged_flops": costs.flops}


def test_a_cell_asked_for_again_returns_another_stored_seed(table: Table):
    evaluator = TableEvaluator(T0, table, 3)
    code = T0.code(("c3", "skip", "c5"))
    seeds = [evaluator.evaluate([code])[0].seed for _ in range(6)]
    assert sorted(seeds[:3]) == [0, 1, 2]
    assert seeds[3:] == seeds[:3]
    mate = next(m for m in classes(T0).members[classes(T0).of(code)])
    assert evaluator.evaluate([mate])[0].seed == seeds[0]


def test_first_seeds_differ_between_searches(table: Table):
    code = T0.code(("c3", "skip", "c5"))
    seeds = {TableEvaluator(T0, table, n).evaluate([code])[0].seed for n in range(30)}
    assert seeds == {0, 1, 2}


def test_test_accuracy_is_sealed_for_searchers(table: Table, signals):
    for evaluator in (TableEvaluator(T0, table, 0), TrainEvaluator(T0, signals, 0, SHORT)):
        (evaluation,) = evaluator.evaluate([(2, 2, 2)])
        with pytest.raises(AttributeError, match="sealed"):
            _ = evaluation.test


def test_a_table_with_a_hole_evaluates_nothing(table: Table):
    with pytest.raises(Refused, match="missing"):
        TableEvaluator(T0, Table(table.header, table.rows[:-1]), 0)


# -- what a cell is worth -------------------------------------------------------------------------


def test_regret_is_zero_for_the_best_class_alone(league: League):
    for code in T0.enumerate():
        assert league.regret(code) >= 0
        same = classes(T0).of(code) == classes(T0).of(league.optimum())
        assert (league.regret(code) == 0) == same
        assert 0 <= league.percentile(code) <= 1
    assert league.normalised(league.optimum()) == 0


def test_random_means_are_over_codes_not_classes(league: League):
    accuracies = [league.true(code) for code in T0.enumerate()]
    assert league.mean_random == pytest.approx(np.mean(accuracies))
    assert league.true(league.median()) == pytest.approx(
        np.quantile(accuracies, 0.5, method="lower")
    )
    regrets = [league.normalised(code) for code in T0.enumerate()]
    assert np.mean(regrets) == pytest.approx(1)


def test_percentile_of_the_best_and_of_the_dead(league: League):
    counts = league.weights / league.weights.sum()
    best = counts[league.means.argmax()]
    assert league.percentile(league.optimum()) == pytest.approx(1 - best / 2)


def test_the_dead_are_known(league: League):
    assert not league.alive((0, 0, 0))
    assert league.alive((0, 1, 0))
    assert league.live.sum() == 59


# -- rankings -------------------------------------------------------------------------------------


def test_tau_of_truth_with_itself_its_reverse_and_ties():
    values = np.array([3.0, 1.0, 4.0, 1.0, 5.0])
    assert tau(values, values) == pytest.approx(1)
    assert tau(values, -values) == pytest.approx(-1)
    assert tau(values, np.ones(5)) == 0
    other = np.array([2.0, 2.0, 4.0, 1.0, 3.0])
    assert tau(values, other) == pytest.approx(kendalltau(values, other).statistic)


def test_the_top_quarter_is_by_truth():
    true = np.arange(40.0)
    assert sorted(top(true)) == list(range(30, 40))
    scores = np.concatenate([np.arange(30.0), np.arange(39.0, 29.0, -1)])
    found = agreement(true, scores)
    assert found["tau_top"] == pytest.approx(-1)
    assert 0 < found["tau"] < 1
    assert found["precision_at_10"] == pytest.approx(1)


def test_precision_shares_ties_at_the_border():
    true = np.arange(20.0)
    assert precision(true, np.zeros(20)) == pytest.approx(0.5)  # any ten of twenty
    assert precision(true, true) == pytest.approx(1)
    assert precision(true, -true) == pytest.approx(0)


def test_the_noise_ceiling_falls_with_noise_and_is_one_without():
    ceilings = [League(T0, made_up(noise)).ceiling()["tau"] for noise in (0.0, 0.05, 0.5)]
    assert ceilings[0] == pytest.approx(1)
    assert ceilings[0] > ceilings[1] > ceilings[2]
    noisy = League(T0, made_up(0.05))
    assert noisy.seed_deviation() == pytest.approx(0.05, rel=0.3)


# -- the loop -------------------------------------------------------------------------------------


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


def test_the_league_refuses_a_table_of_other_data(monkeypatch: pytest.MonkeyPatch, table: Table):
    monkeypatch.setattr(truth, "read", lambda: table)
    league_module.verified.cache_clear()
    with pytest.raises(Refused, match="made with recipe r, but"):
        league_module.verified()
    league_module.verified.cache_clear()
