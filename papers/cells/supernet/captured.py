"""The loss of a bilevel problem by replay: loss and gradients of a pass, captured once.

A pass of the search network is tens of thousands of small calls, and on a GPU their launches are
what takes the time. The loss and its gradients are one graph (`harness.training.graph`), for each
set of tensors that want one: where the weights are frozen it has none of theirs. Optimizers stay
outside: theirs are few launches, and so their rates are honoured. Weights and alphas are updated
and shifted in place, where a graph reads them.

Only a loss that does the same for every batch can be captured: of a mixture, not of a sample,
whose path through the network Python chooses (GDAS). Its gradients are of first order.

In `bf16` the readable loop is captured, in channels_last and under autocast: the fast form has its
gradients by hand, in one precision.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from functools import partial
from typing import Any

import torch
from torch import Tensor

from harness.paper import require
from harness.training.graph import Captured, Outputs, Recorder
from papers.cells.network.fast.kernels import first_order
from papers.cells.rows import Batch
from papers.cells.supernet.bilevel import Problem, Tensors

FLOAT32, BF16 = PRECISIONS = ("float32", "bf16")
IMAGES = 4  # dimensions of images, and of their kernels


def replayed(
    problem: Problem[Batch], recorder: Callable[[], Recorder], precision: str = FLOAT32
) -> Problem[Batch]:
    """Return a problem with the same weights and alphas whose loss is replayed.

    `recorder` makes one for each graph. `twice` stays as it is: what is differentiated again is
    not captured. In bf16 kernels of the weights move to channels_last.

    Raises:
        Refused: no such precision.
    """
    require(precision, PRECISIONS, "precision")
    return replace(problem, loss=ReplayedLoss(problem, recorder, precision))


class ReplayedLoss:
    """The loss of a batch x (N, ...) and labels (N); every batch is of the first one's size."""

    def __init__(
        self, problem: Problem[Batch], recorder: Callable[[], Recorder], precision: str
    ) -> None:
        self.leaves = (*problem.alphas, *problem.weights)
        self.recorder, self.reduced = recorder, precision == BF16
        self.loss = problem.twice if self.reduced else problem.loss
        self.graphs: dict[tuple[bool, ...], Captured] = {}
        if self.reduced:
            for weight in problem.weights:
                weight.data = _last(weight.data)

    def __call__(self, batch: Batch) -> Tensor:
        """Return the loss at what weights and alphas are now; its gradients are there already.

        Raises:
            Refused: a batch of another size, dtype or device than the first one.
        """
        x, y = batch
        rows = (_last(x), y) if self.reduced else (x, y)
        wanted = tuple(leaf.requires_grad and torch.is_grad_enabled() for leaf in self.leaves)
        leaves = tuple(t for t, own in zip(self.leaves, wanted, strict=True) if own)
        if wanted not in self.graphs:
            self.graphs[wanted] = Captured(partial(self._pass, leaves), self.recorder())
        loss: Tensor = _Replay.apply(self.graphs[wanted], rows, *leaves)  # type: ignore[no-untyped-call]
        return loss

    def _pass(self, leaves: Tensors, x: Tensor, y: Tensor) -> Outputs:
        """Return the loss and its gradients; none of what it does not depend on."""
        # a cast that outlived the capture would be read where a replay does not write
        cast = torch.autocast(x.device.type, torch.bfloat16, self.reduced, cache_enabled=False)
        with torch.set_grad_enabled(bool(leaves)), cast:
            loss = self.loss((x, y))
        if not loss.requires_grad:
            return [loss, *(None for _ in leaves)]
        return [loss.detach(), *torch.autograd.grad(loss, leaves, allow_unused=True)]


class _Replay(torch.autograd.Function):
    """A replayed loss, with gradients that were computed along with it."""

    @staticmethod
    def forward(ctx: Any, graph: Captured, batch: Batch, *leaves: Tensor) -> Tensor:
        """Return a copy of the loss; the gradients are copied, too: the next pass has its own.

        Copies are dense, as optimizers are quick at. The numbers are the same; a norm of gradients
        that autograd gives as slices of others adds them up in another order.
        """
        loss, *slopes = graph(*batch)
        assert loss is not None
        there = [slope for slope in slopes if slope is not None]
        copies: Iterator[Tensor] = iter(torch._foreach_clone(there) if there else ())
        ctx.slopes = [None if slope is None else next(copies) for slope in slopes]
        return loss.clone()

    @staticmethod
    @first_order
    def backward(ctx: Any, gradient: Tensor) -> tuple[Tensor | None, ...]:
        """Return the gradients of leaves, times that of the loss."""
        there = [slope for slope in ctx.slopes if slope is not None]
        scaled = iter(torch._foreach_mul(there, gradient) if there else ())
        return None, None, *(None if slope is None else next(scaled) for slope in ctx.slopes)


def _last(x: Tensor) -> Tensor:
    """Return images (N, C, H, W), or kernels of such, with channels last; others as they are."""
    return x.contiguous(memory_format=torch.channels_last) if x.dim() == IMAGES else x
