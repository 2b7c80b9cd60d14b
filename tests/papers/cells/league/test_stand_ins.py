"""Cells that nobody searched for: which they are, and that searches have to beat them."""

from __future__ import annotations

from random import Random

import numpy as np
import pytest

from papers.cells.league import flops, stand_ins
from papers.cells.league.evaluator import TableEvaluator
from papers.cells.league.league import League, league_of, verified
from papers.cells.network import light
from papers.cells.space.allowed import Allowed, convolutions
from papers.cells.space.edge import T0, T1
from papers.cells.task import LEAGUE, STAND_INS

LIMITED, PLAIN = Allowed(T1, 2), Allowed(T1)
DENSE = T1.code(("c5",) * 6)


def test_the_task_names_the_rules_that_there_are():
    assert tuple(stand_ins.STAND_INS) == STAND_INS
    assert LEAGUE.stand_ins == tuple(f"randomnas/league/{name}" for name in STAND_INS)


def test_without_a_limit_all_but_one_stand_in_are_the_cell_of_convolutions():
    for name in ("largest", "deepest", "parameters", "constant"):
        assert stand_ins.STAND_INS[name](PLAIN) == [DENSE]
    assert len(stand_ins.mean_random(PLAIN)) == 729


def test_within_a_limit_the_largest_have_all_the_convolutions_that_are_allowed():
    largest, deepest = stand_ins.largest(LIMITED), stand_ins.deepest(LIMITED)
    assert {convolutions(T1, code) for code in largest} == {2}
    assert len(largest) == 240 == len(stand_ins.parameters(LIMITED))
    assert {light.macs(T1, code) for code in largest} == {79_840}
    assert {stand_ins.depth(T1, code) for code in deepest} == {2}
    assert set(deepest) < set(largest)
    beside = T1.code(("c5", "c5", "skip", "skip", "skip", "skip"))
    assert stand_ins.constant(LIMITED) == [beside]
    assert beside not in deepest


@pytest.mark.parametrize(
    ("names", "depth"),
    [
        (("c5", "skip", "c5", "skip", "skip", "c5"), 3),
        (("c5", "c5", "skip", "c5", "skip", "skip"), 1),
        (("none", "skip", "c5", "none", "c5", "none"), 0),
        (("c5", "none", "none", "none", "c5", "none"), 2),
        (("none",) * 6, 0),
    ],
)
def test_depth_counts_convolutions_in_series(names: tuple[str, ...], depth: int):
    assert stand_ins.depth(T1, T1.code(names)) == depth


def test_a_stand_in_is_worth_the_mean_of_its_cells_and_costs_nothing():
    league = league_of(T1, 2)
    row = stand_ins.row(league, "largest", 50)
    codes = stand_ins.largest(league.allowed)
    assert row["regret"] == pytest.approx(np.mean([league.regret(code) for code in codes]))
    assert row["charged_flops"] == row["charged_steps"] == row["search_children"] == 0
    assert row["cells"] == 240
    assert stand_ins.row(league, "mean_random", 50)["relative_improvement"] == pytest.approx(0)


def test_counting_parameters_ranks_cells_where_the_largest_are_the_best(league: League):
    row = stand_ins.row(league, "parameters", 50)  # made up so
    assert row["tau"] > 0.9
    assert row["tau"] == row["tau_parameters"]
    assert "tau" not in stand_ins.row(league, "largest", 50)
    assert T0.parse(str(row["cell"])) == T0.code(("c5",) * 3)


def test_with_a_limit_no_stand_in_beats_random_search_at_the_cost_of_second_order():
    league = league_of(T1, 2)
    spent = 600 * flops.step_flops(T1, 5, 50)  # DARTS at budget nightly
    children = round(flops.children(league, spent))
    regrets = []
    for seed in range(200):
        drawn, evaluator = Random(seed), TableEvaluator(T1, verified(), seed)
        codes = [league.allowed.random(drawn) for _ in range(children)]
        best = max(evaluator.evaluate(codes), key=lambda evaluation: evaluation.val)
        regrets.append(league.regret(best.code))
    error = float(np.std(regrets)) / len(regrets) ** 0.5
    for name in STAND_INS:
        row = stand_ins.row(league, name, 50)
        assert float(row["regret"]) > np.mean(regrets) + 3 * error
        assert float(row["equivalent_children"]) < children


def test_without_a_limit_the_constant_cell_beats_it():
    league = league_of(T1)
    assert league.regret(DENSE) < 0.005
