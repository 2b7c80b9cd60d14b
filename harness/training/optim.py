"""Optimizer builders and learning-rate schedules."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager

import torch
from torch import Tensor, nn


def adam(
    parameters: Iterable[Tensor], lr: float, weight_decay: float = 0.0
) -> torch.optim.Optimizer:
    """Return fused Adam (betas .9 and .999, eps 1e-8): one kernel for all parameters."""
    return torch.optim.Adam(list(parameters), lr=lr, weight_decay=weight_decay, fused=True)


def sgd(
    parameters: Iterable[Tensor], lr: float, momentum: float = 0.0, weight_decay: float = 0.0
) -> torch.optim.Optimizer:
    """Return fused SGD with heavy-ball momentum."""
    return torch.optim.SGD(
        list(parameters), lr=lr, momentum=momentum, weight_decay=weight_decay, fused=True
    )


def unfused_sgd(
    parameters: Iterable[Tensor],
    lr: float,
    momentum: float = 0.0,
    weight_decay: float = 0.0,
    nesterov: bool = False,
) -> torch.optim.Optimizer:
    """Return SGD for shared weights and for stacked models.

    Not every shared weight has a gradient in every step, which the fused kernel cannot do. And it
    rounds the last few numbers of a tensor otherwise than the rest, so that what a member of a
    stack gets would depend on where it stands.
    """
    return torch.optim.SGD(
        list(parameters),
        lr=lr,
        momentum=momentum,
        weight_decay=weight_decay,
        nesterov=nesterov,
        foreach=True,
    )


def cosine(step: int, horizon: int, highest: float, lowest: float = 0.0) -> float:
    """Return the cosine-annealed rate at a step: `highest` at 0, `lowest` at the horizon."""
    return lowest + (highest - lowest) * (1 + math.cos(math.pi * step / horizon)) / 2


def set_rate(optimizer: torch.optim.Optimizer, lr: float) -> None:
    """Give every parameter group this learning rate."""
    for group in optimizer.param_groups:
        group["lr"] = lr


def clipped_step(
    loss: Tensor, parameters: Iterable[Tensor], optimizer: torch.optim.Optimizer, limit: float
) -> Tensor:
    """Take a step down a loss whose gradient, all parameters' together, has at most this norm.

    Returns:
        The loss, detached.
    """
    optimizer.zero_grad()
    loss.backward()
    nn.utils.clip_grad_norm_(parameters, limit)
    optimizer.step()
    return loss.detach()


@contextmanager
def placed(weights: Sequence[Tensor], values: Sequence[Tensor]) -> Iterator[None]:
    """Give the weights other values for the block, and then exactly their own again."""
    own = [w.detach().clone() for w in weights]
    with torch.no_grad():
        torch._foreach_copy_(list(weights), list(values))
    try:
        yield
    finally:
        with torch.no_grad():
            torch._foreach_copy_(list(weights), own)
