"""Evaluators charge what they ask for, and keep test data sealed."""

from __future__ import annotations

import random
from dataclasses import replace

import pytest

from harness.paper import Refused
from papers.cells.child import mnist1d
from papers.cells.league import truth
from papers.cells.league.evaluator import TableEvaluator, TrainEvaluator
from papers.cells.league.truth import Table
from papers.cells.space.classes import classes
from papers.cells.space.edge import T0, Code

SHORT = replace(mnist1d.RECIPE, steps=3)


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
