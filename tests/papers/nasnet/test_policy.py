"""Policies: they draw allowed cells alone, with the probabilities that they name."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from scipy.stats import chisquare

from papers.cells.space.allowed import Allowed, allowed
from papers.cells.space.edge import T0, T1
from papers.nasnet.config import POLICIES, Learning
from papers.nasnet.policy import WIDTH, Table, drawn, policy
from tests.lab.controllers import scaled

SETS = [allowed(T0, 1), allowed(T0), allowed(T1, 2)]


def learning(name: str) -> Learning:
    return Learning(policy=name)


@pytest.mark.parametrize("name", POLICIES)
@pytest.mark.parametrize("some", SETS, ids=["T0, 1", "T0", "T1, 2"])
def test_the_probabilities_of_allowed_cells_sum_to_one(name, some: Allowed):
    """T1 of the spec: also far from where a policy begins."""
    controller = scaled(policy(learning(name), some, 3).double(), 3, 30)
    with torch.no_grad():
        own = controller.evaluate(torch.tensor(some.codes)).log_prob.exp()
    assert own.sum().item() == pytest.approx(1, abs=1e-9)
    assert own.min() >= 0


@pytest.mark.parametrize("name", POLICIES)
def test_no_other_cell_is_drawn(name):
    some = allowed(T1, 2)
    numbers = torch.from_numpy(np.random.default_rng(0).random((400, len(T1.edges))))
    codes = drawn(policy(learning(name), some, 0), numbers).codes
    assert all(tuple(code) in some for code in codes.tolist())


@pytest.mark.parametrize("name", POLICIES)
def test_cells_are_drawn_as_often_as_their_probability_says(name):
    some = allowed(T0, 1)
    controller = scaled(policy(learning(name), some, 1).double(), 1, 10)
    numbers = torch.from_numpy(np.random.default_rng(1).random((20_000, len(T0.edges))))
    with torch.no_grad():
        draw = drawn(controller, numbers)
        expected = controller.evaluate(torch.tensor(some.codes)).log_prob.exp().numpy()
        assert torch.equal(controller.evaluate(draw.codes).log_prob, draw.log_prob)
    places = {code: place for place, code in enumerate(some.codes)}
    counts = np.bincount([places[tuple(code)] for code in draw.codes.tolist()],
                         minlength=len(some))  # fmt: skip
    frequent = expected * len(numbers) >= 5
    assert frequent.sum() > 5
    kept = counts[frequent]
    scale = kept.sum() / expected[frequent].sum()
    assert chisquare(kept, expected[frequent] * scale).pvalue > 1e-3
    assert np.ptp(expected) > 0.01


def test_a_number_of_nearly_one_stands_for_the_last_operation():
    some = allowed(T0)
    last = torch.full((1, len(T0.edges)), 1 - 2.0**-53, dtype=torch.float64)
    for name in POLICIES:
        (code,) = drawn(policy(learning(name), some, 0), last).codes.tolist()
        assert tuple(code) == some.codes[-1]


def test_a_table_begins_nearly_uniform_and_a_seed_is_a_table():
    one, same, other = (Table(allowed(T1), seed) for seed in (0, 0, 1))
    assert torch.equal(one.scores, same.scores)
    assert not torch.equal(one.scores, other.scores)
    assert one.scores.shape == (6, 4)
    assert 0 < one.scores.abs().max() < 5 * WIDTH
