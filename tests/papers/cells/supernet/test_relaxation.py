"""Alpha and its softmax: how they start, what they tell, what never moves."""

from __future__ import annotations

import pytest
import torch

from papers.cells.supernet.node import OPERATIONS
from papers.cells.supernet.relaxation import Relaxation

OPS = (OPERATIONS,) * 14


def test_shares_and_entropy_of_even_weights():
    edges = {"normal": OPS, "reduce": OPS}
    relaxation = Relaxation(edges, 0.0, seed=0)
    row = relaxation.row()
    assert row["alpha_entropy"] == pytest.approx(torch.tensor(8.0).log().item())
    assert row["alpha_max"] == row["alpha_none"] == pytest.approx(1 / 8)
    assert relaxation.shares()["normal"] == pytest.approx(dict.fromkeys(OPERATIONS, 1 / 8))


def test_alphas_start_small_and_by_their_seed():
    edges = {"normal": OPS}
    one, two, other = (Relaxation(edges, 1e-3, seed).alphas["normal"] for seed in (1, 1, 2))
    assert torch.equal(one, two)
    assert not torch.equal(one, other)
    assert 5e-4 < one.std().item() < 2e-3


def test_masked_numbers_never_get_a_gradient():
    edges = {"normal": (("none", "skip_connect"), OPERATIONS)}
    relaxation = Relaxation(edges, 1e-3, seed=0)
    relaxation.weights("normal").square().sum().backward()
    grad = relaxation.alphas["normal"].grad
    assert not grad[0, 2:].any()
    assert grad.isfinite().all()
