"""Learning-rate range test: raise the rate step by step and watch where the loss falls fastest.

Smith 2015 (arXiv:1506.01186, Sec. 3.3), 2017 (arXiv:1708.07120): train briefly with a rate that
grows exponentially; stop when the loss diverges. We suggest the rate at the steepest descent of
the smoothed loss. The test trains a copy: model and optimizer stay as they were.
"""

from __future__ import annotations

import copy
import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor, nn

from harness.training import loop, optim


@dataclass(frozen=True)
class Span:
    """From which rate to which, in how many steps; when the loss counts as diverged.

    `smoothing` is the weight of the past in the smoothed loss; the test stops when that is above
    `diverged` times its lowest value.
    """

    lowest: float = 1e-6
    highest: float = 10.0
    steps: int = 150
    smoothing: float = 0.9
    diverged: float = 4.0

    def __post_init__(self) -> None:
        if not 0 < self.lowest < self.highest < math.inf:
            raise ValueError(f"rates {self.lowest:g} to {self.highest:g}: must rise from above 0")
        if self.steps < 3:
            raise ValueError(f"steps={self.steps}: must be at least 3")
        if not 0 <= self.smoothing < 1 or not self.diverged > 1:
            raise ValueError(
                f"smoothing={self.smoothing:g}, diverged={self.diverged:g}: "
                "must be from 0 to below 1, and above 1"
            )

    def rate(self, step: int) -> float:
        """Return the rate of a step: exponential from the lowest to the highest."""
        share: float = step / (self.steps - 1)
        return float(self.lowest * (self.highest / self.lowest) ** share)


@dataclass(frozen=True)
class Curve:
    """Rates, losses as measured at them, and smoothed; `suggested` is None if none fell.

    `diverged` says that the test ended before the highest rate.
    """

    rates: tuple[float, ...]
    losses: tuple[float, ...]
    smoothed: tuple[float, ...]
    suggested: float | None
    diverged: bool


def sweep(
    model: nn.Module,
    optimizer: torch.optim.Optimizer,
    loss: Callable[[nn.Module, int], Tensor],
    span: Span | None = None,
) -> Curve:
    """Train a copy while the rate grows; `loss(copy, step)` is the scalar loss on a batch.

    All parameter groups get the same rate. torch's global streams are put back as well; streams
    that `loss` owns are its own affair.
    """
    span = span or Span()
    model, optimizer = copy.deepcopy((model, optimizer))  # together: the copy trains the copy
    devices = list(range(torch.cuda.device_count()))
    rates: list[float] = []
    losses: list[float] = []
    diverged = False
    with torch.random.fork_rng(devices=devices):
        for step in range(span.steps):
            optim.set_rate(optimizer, span.rate(step))
            value = float(loop.descend(loss(model, step), optimizer))
            if diverged := not math.isfinite(value):
                break
            rates.append(span.rate(step))
            losses.append(value)
            smoothed = smooth(losses, span.smoothing)
            if diverged := smoothed[-1] > span.diverged * min(smoothed):
                break
    smoothed = smooth(losses, span.smoothing)
    suggested = suggest(rates, smoothed)
    return Curve(tuple(rates), tuple(losses), smoothed, suggested, diverged)


def smooth(losses: list[float], weight: float) -> tuple[float, ...]:
    """Return the exponential moving average, divided by the weights that it has seen."""
    average, result = 0.0, []
    for step, loss in enumerate(losses):
        average = weight * average + (1 - weight) * loss
        result.append(average / (1 - weight ** (step + 1)))
    return tuple(result)


def suggest(rates: list[float], smoothed: tuple[float, ...]) -> float | None:
    """Return the rate where the smoothed loss falls fastest per factor of the rate, if it falls.

    Only what comes before the lowest loss counts: beyond, a jump back down is no descent.
    """
    end = int(np.argmin(smoothed)) + 1 if smoothed else 0
    if end < 2:
        return None
    slopes = np.gradient(np.array(smoothed[:end]), np.log(rates[:end]))
    steepest = int(np.argmin(slopes))
    return rates[steepest] if slopes[steepest] < 0 else None
