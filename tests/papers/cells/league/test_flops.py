"""What a search with all operations costs, in FLOPs and in trained children."""

from __future__ import annotations

import pytest

from papers.cells.league import flops
from papers.cells.league.costs import training_flops
from papers.cells.league.evaluator import TableEvaluator
from papers.cells.league.league import league_of, verified
from papers.cells.network import light
from papers.cells.space.edge import T0, T1


def test_a_mixture_costs_what_its_operations_cost():
    whole = (T1.ops.index("c5"),) * 6
    assert flops.mixture_macs(T1) == light.macs(T1, whole)  # c5 is its only operation with weights
    both = [light.macs(T0, (T0.ops.index(op),) * 3) for op in ("c3", "c5", "skip")]
    assert flops.mixture_macs(T0) == both[0] + both[1] - both[2]


def test_searches_are_compared_at_equal_flops():
    league = league_of(T0)
    spent = 60 * flops.step_flops(T0, 5, 50)
    children = flops.children(league, spent)
    assert children * flops.child_flops(league) == pytest.approx(spent)
    assert flops.step_flops(T0, 2, 50) == 2 * training_flops(flops.mixture_macs(T0), 50)


def test_a_random_child_costs_what_an_evaluator_charges_in_the_mean():
    league = league_of(T0, 1)
    evaluator = TableEvaluator(T0, verified(), 0)
    evaluator.evaluate(league.allowed.codes)
    mean = evaluator.costs.flops / len(league.allowed)
    assert flops.child_flops(league) == pytest.approx(mean)
