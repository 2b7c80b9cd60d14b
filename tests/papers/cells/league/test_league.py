"""What a cell is worth in a league: regret, percentiles, and how well scores rank."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from scipy.stats import kendalltau

from harness.paper import Refused
from papers.cells.league import league as league_module
from papers.cells.league import truth
from papers.cells.league.league import League, agreement, precision, tau, top
from papers.cells.league.truth import Table
from papers.cells.space.classes import classes
from papers.cells.space.edge import T0
from tests.lab.tables import made_up

# -- what a cell is worth -------------------------------------------------------------------------


def test_regret_is_zero_for_the_best_class_alone(league: League):
    for code in league.allowed.codes:
        assert league.regret(code) >= 0
        same = classes(T0).of(code) == classes(T0).of(league.optimum())
        assert (league.regret(code) == 0) == same
        assert 0 <= league.percentile(code) <= 1
    assert league.normalised(league.optimum()) == 0


def test_random_means_are_over_codes_not_classes(league: League):
    accuracies = [league.true(code) for code in league.allowed.codes]
    assert league.mean_random == pytest.approx(np.mean(accuracies))
    assert league.true(league.median()) == pytest.approx(
        np.quantile(accuracies, 0.5, method="lower")
    )
    regrets = [league.normalised(code) for code in league.allowed.codes]
    assert np.mean(regrets) == pytest.approx(1)


def test_percentile_of_the_best(league: League):
    counts = league.counts / league.counts.sum()
    best = counts[league.means.argmax()]
    assert league.percentile(league.optimum()) == pytest.approx(1 - best / 2)


def test_a_limit_leaves_other_cells_out_and_no_cell_has_none():
    table = made_up()
    plain, limited = League(T0, table), League(T0, table, 1)
    assert limited.best < plain.best  # in this table the largest cell is the best
    assert limited.true(limited.optimum()) == limited.best
    assert limited.regret(limited.optimum()) == 0
    dense, holed = T0.code(("c5", "c5", "skip")), T0.code(("c5", "none", "skip"))
    assert plain.true(dense) == pytest.approx(table.test(T0, dense))
    with pytest.raises(Refused, match="at most 1 convolutions"):
        limited.true(dense)
    with pytest.raises(Refused, match="without none"):
        plain.true(holed)


def test_truth_is_the_mean_over_all_seeds_of_a_class_and_noise_is_of_the_common_ones():
    table = made_up(0.05)
    code = T0.code(("c5", "c3", "skip"))
    first = table.of(T0, code)[0]
    more = [replace(first, seed=seed, test=1.0) for seed in truth.MORE]
    league, longer = League(T0, table), League(T0, Table(table.header, [*table.rows, *more]))
    known = [row.test for row in table.of(T0, code)]
    assert longer.true(code) == pytest.approx((sum(known) + len(more)) / 10)
    assert (longer.tests == league.tests).all()
    assert longer.seed_deviation() == league.seed_deviation()


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


# -- the table that it stands on ------------------------------------------------------------------


def test_the_league_refuses_a_table_of_other_data(monkeypatch: pytest.MonkeyPatch, table: Table):
    monkeypatch.setattr(truth, "read", lambda: table)
    league_module.verified.cache_clear()
    with pytest.raises(Refused, match="made with recipe r, but"):
        league_module.verified()
    league_module.verified.cache_clear()
