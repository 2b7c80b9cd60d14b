"""Fit and evaluate: the only training loop.

Shapes: E members, N rows, K classes.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import TYPE_CHECKING

import torch
from torch import Tensor, nn

if TYPE_CHECKING:
    from harness.meter import Meter
    from harness.paper import Row


def fit(
    meter: Meter,
    phase: str,
    update: Callable[[int], object],
    measure: Callable[[int], Iterable[Row]],
    every: int,
) -> Iterator[Row]:
    """Call `update(turn)` for every turn of a phase and yield `measure(turn)` off the clock.

    Measures after the update of turns 0, every, 2 * every ... and of the last one. What the last
    turn measures stands in its checkpoint: a phase that is done need not be measured again.
    """
    last = meter.horizon(phase) - 1
    for turn in meter.steps(phase):
        update(turn)
        if turn % every == 0 or turn == last:
            with meter.paused():
                yield from measure(turn)


def descend(loss: Tensor, optimizer: torch.optim.Optimizer) -> Tensor:
    """Take one optimizer step down the gradient of a scalar loss; return the loss, detached."""
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
    return loss.detach()


@torch.no_grad()
def evaluate(model: nn.Module, x: Tensor, batch: int = 1000) -> Tensor:
    """Return the logits of all rows, batch by batch, in evaluation mode: (..., N, K)."""
    training = model.training
    model.eval()
    logits = [model(x[start : start + batch]) for start in range(0, len(x), batch)]
    model.train(training)
    return torch.cat(logits, dim=-2)
