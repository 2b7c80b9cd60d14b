"""What a network takes, counted."""

from __future__ import annotations

import torch

from papers.cells.network import counting


def test_kept_memory_counts_each_storage_once():
    weight = torch.ones(10, 10, requires_grad=True)
    x = torch.ones(4, 10)
    loss, kept = counting.kept(lambda: ((x @ weight) * (x @ weight)).sum(), [weight])
    own = 4 * 4 * 10  # bytes of x, and of each product: x is kept twice but counted once
    assert kept == 3 * own
    loss.backward()
    assert weight.grad is not None
