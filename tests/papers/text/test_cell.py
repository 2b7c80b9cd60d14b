"""Recurrent cells: their equations, masks and mixtures."""

from __future__ import annotations

import pytest
import torch

from harness.training import metrics
from papers.text.cell import (
    OPERATIONS,
    CellMasks,
    DiscreteCell,
    MixedRecurrentCell,
    highway,
    offset,
)
from papers.text.cell_fast import FastMixedRecurrentCell
from papers.text.published import RECURRENT, Recurrent
from tests.lab.recurrent import numbers, with_weights


@pytest.mark.parametrize("name", RECURRENT)
def test_published_cells_build_and_run(name: str):
    cell = with_weights(DiscreteCell(RECURRENT[name], 6))
    states = cell(numbers(5, 3, 6), torch.zeros(3, 6, dtype=torch.float64))
    assert states.shape == (5, 3, 6)
    assert metrics.parameters(cell) == 4 * 36 + len(RECURRENT[name].nodes) * 2 * 36


def test_rows_of_alpha_are_ordered_by_node_then_predecessor():
    rows = [(node, j) for node in range(1, 9) for j in range(node)]
    assert [offset(node) + j for node, j in rows] == list(range(36))
    assert offset(9) == 36


def test_a_closed_gate_copies_the_state():
    closed = torch.full((2, 3), -1e9)
    state, update = torch.rand(2, 3), torch.rand(2, 3)
    assert torch.equal(highway(state, torch.cat([closed, update], 1), torch.tanh), state)
    cell = DiscreteCell(RECURRENT["ENAS"], 4)
    with torch.no_grad():
        for weight in (cell.root, *cell.nodes):
            weight.fill_(-1e9)  # with positive states every gate is closed
    hidden = torch.rand(2, 4) + 0.1
    states = cell(torch.zeros(3, 2, 4), hidden)
    torch.testing.assert_close(states, hidden.expand(3, 2, 4))


def test_a_cell_is_what_its_equations_say():
    cell = with_weights(DiscreteCell(Recurrent((("relu", 0), ("identity", 0)), (2,), ""), 3))
    x, h = numbers(1, 2, 3), numbers(2, 3, seed=1)
    masks = CellMasks(numbers(2, 3, seed=2), numbers(2, 3, seed=3))
    both = torch.cat([x[0] * masks.x, h * masks.hidden], 1) @ cell.root
    root = h + both[:, :3].sigmoid() * (both[:, 3:].tanh() - h)
    both = (root * masks.hidden) @ cell.nodes[1]
    expected = root + both[:, :3].sigmoid() * (both[:, 3:] - root)
    torch.testing.assert_close(cell(x, h, masks)[0], expected)


@pytest.mark.parametrize("kind", [MixedRecurrentCell, FastMixedRecurrentCell])
def test_a_one_hot_mixture_is_the_discrete_cell(kind: type[MixedRecurrentCell]):
    genotype = RECURRENT["DARTS_V2"]
    discrete, mixed = with_weights(DiscreteCell(genotype, 5)), kind(8, 5).double()
    mixed.load_state_dict(discrete.state_dict())
    mixed.normalise = False
    weights = torch.zeros(36, 5, dtype=torch.float64)
    weights[:, 0] = 1  # none
    for node, (name, j) in enumerate(genotype.nodes, start=1):
        weights[offset(node) + j] = torch.eye(5, dtype=torch.float64)[OPERATIONS.index(name)]
    x, h = numbers(4, 3, 5), numbers(3, 5, seed=1)
    masks = CellMasks(numbers(3, 5, seed=2), numbers(3, 5, seed=3))
    torch.testing.assert_close(mixed(x, h, masks, weights), discrete(x, h, masks))


@pytest.mark.parametrize("kind", [MixedRecurrentCell, FastMixedRecurrentCell])
def test_none_brings_nothing(kind: type[MixedRecurrentCell]):
    cell = with_weights(kind(3, 4))
    cell.normalise = False
    weights = torch.zeros(6, 5, dtype=torch.float64)
    weights[:, 0] = 1
    assert not cell(numbers(2, 3, 4), numbers(3, 4), None, weights).any()


def test_what_is_masked_is_masked_at_every_step():
    cell = with_weights(DiscreteCell(RECURRENT["DARTS_V1"], 6))
    x = numbers(5, 3, 6).requires_grad_()
    keep = torch.ones(3, 6, dtype=torch.float64)
    keep[:, 2] = 0
    cell(x, torch.zeros_like(x[0]), CellMasks(keep, torch.ones_like(keep))).sum().backward()
    assert x.grad is not None
    assert not x.grad[:, :, 2].any()
    assert x.grad[:, :, [0, 1, 3, 4, 5]].all()
