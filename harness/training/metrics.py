"""Accuracy, parameter counts, FLOP counts and the machine's peak.

Shapes: E members, N batch, K classes.
"""

from __future__ import annotations

import time
from collections.abc import Callable

import torch
from torch import Tensor, nn
from torch.utils.flop_counter import FlopCounterMode


def accuracy(logits: Tensor, labels: Tensor) -> Tensor:
    """Return the fraction of rows whose largest logit is the label: (..., N, K) -> (...)."""
    return (logits.argmax(-1) == labels).float().mean(-1)


def parameters(module: nn.Module) -> int:
    """Return how many trainable numbers a module has."""
    return sum(p.numel() for p in module.parameters() if p.requires_grad)


def flops(turn: Callable[[], object]) -> float:
    """Return the FLOPs of one training turn, by torch's own counter (matrix products only).

    Counting slows a small model several times, so count once per shape and multiply; element-wise
    work, normalisation and the optimizer's update are not counted. The counter takes the weight
    gradient of a grouped convolution for a dense one's: with depthwise convolutions count the
    forward pass alone, and take it three times.
    """
    with FlopCounterMode(display=False) as counter:
        turn()
    return float(counter.get_total_flops())


def peak_flops(size: int = 512, repeats: int = 20) -> float:
    """Return the FLOP/s of a float32 matrix product with the present thread setting, best of n."""
    a, b = torch.randn(size, size), torch.randn(size, size)
    best = float("inf")
    for _ in range(repeats):
        begin = time.perf_counter()
        torch.mm(a, b)
        best = min(best, time.perf_counter() - begin)
    return 2 * size**3 / best
