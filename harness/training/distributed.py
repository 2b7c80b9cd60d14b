"""One model on several ranks: each computes its share of every batch; the numbers stay the same.

A model that is shared maps a whole batch to the outputs of the whole batch, as before, and every
rank gets them. So what is made of outputs (losses, errors) is the same on all ranks, and so is all
state: of the model, of optimisers, samplers and random streams. Inside each rank computes its own
rows alone:

- batch norms use mean and variance of all rows (`harness.training.synchronised`);
- what a model draws for each row is drawn for all of them, and each rank keeps its part;
- gradients are summed over ranks, by `DistributedDataParallel`.

One rank and many give the same numbers up to rounding. Shapes: N rows of the whole batch, n of
this rank.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, distributed, nn
from torch.autograd.function import once_differentiable
from torch.nn import functional as F  # noqa: N812
from torch.nn.parallel import DistributedDataParallel
from torch.overrides import TorchFunctionMode

from harness.training import ranks
from harness.training.synchronised import batch_norm

FILLS = (Tensor.bernoulli_, Tensor.normal_, Tensor.uniform_)
APART = (F.dropout, F.dropout1d, F.dropout2d, F.dropout3d, F.alpha_dropout)


@dataclass(frozen=True)
class Shard:
    """The n rows of a batch of `whole` that are this rank's, where nobody read the others."""

    x: Tensor
    whole: int


def batch(own: Tensor, whole: int) -> Tensor | Shard:
    """Return what a shared model takes for a batch of which each rank has read its own rows."""
    return own if ranks.count() == 1 else Shard(own, whole)


def share(model: nn.Module) -> None:
    """Let each rank compute its own rows of every batch, in place; alone, nothing changes.

    The model stays the object that it was, with its state. Its `forward` takes one batch (N, ...)
    and returns tensors with N rows each, as before.
    """
    if ranks.count() == 1:
        return
    local = _Local(model)
    parallel = DistributedDataParallel(
        local,
        process_group=ranks.group(),
        forward_sync_buffers=False,  # the statistics of batch norms are the same on all ranks
        static_graph=True,  # in every step the same weights have gradients; some may have none
    )

    def forward(given: Tensor | Shard) -> Any:
        whole = given.whole if isinstance(given, Shard) else len(given)
        rows = ranks.shard(whole)
        own = given.x if isinstance(given, Shard) else given[rows]
        with _AllRows(rows, whole):
            outputs = parallel(own)
        return _gathered(outputs, rows, whole)

    model.forward = forward


class _Local(nn.Module):
    """A model by its own forward pass, whatever replaces that from outside."""

    def __init__(self, model: nn.Module) -> None:
        super().__init__()
        self.model = model
        self._forward: Callable[[Tensor], Any] = model.forward

    def forward(self, x: Tensor) -> Any:
        """Map rows (n, ...) to what the model makes of them."""
        return self._forward(x)


def _gathered(outputs: Any, rows: slice, whole: int) -> Any:
    """Put the rows of all ranks together, in each tensor (n, ...) of the outputs."""
    if isinstance(outputs, Tensor):
        return _Gather.apply(outputs, rows, whole)  # type: ignore[no-untyped-call]
    if isinstance(outputs, tuple):
        return tuple(_gathered(output, rows, whole) for output in outputs)
    return outputs


class _Gather(torch.autograd.Function):
    """Rows of this rank (n, ...) to the rows of all ranks (N, ...), on every rank."""

    @staticmethod
    def forward(ctx: Any, own: Tensor, rows: slice, whole: int) -> Tensor:
        """Add up what is zero but for the rows of each rank."""
        ctx.rows = rows
        outputs = own.new_zeros(whole, *own.shape[1:])
        outputs[rows] = own
        distributed.all_reduce(outputs, group=ranks.group())
        return outputs

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, gradient: Tensor) -> tuple[Tensor, None, None]:
        """Take the own rows of the loss's gradient, which is the same on every rank.

        Times the number of ranks, because the gradients of weights are averaged over them
        afterwards, and what is wanted is the sum.
        """
        return gradient[ctx.rows] * ranks.count(), None, None


class _AllRows(TorchFunctionMode):
    """While it is on, what looks along the rows of a batch sees, or draws, those of all ranks."""

    def __init__(self, rows: slice, whole: int) -> None:
        super().__init__()
        self.rows, self.whole = rows, whole

    def __torch_function__(
        self,
        func: Callable[..., Any],
        types: Sequence[type],
        args: Sequence[Any] = (),
        kwargs: Mapping[str, Any] | None = None,
    ) -> Any:
        """Do what the model calls, but for batch norms and draws."""
        kwargs = kwargs or {}
        if func is F.batch_norm:
            return batch_norm(self.whole, *args, **kwargs)
        if func in FILLS:
            return self._filled(func, args[0], *args[1:], **kwargs)
        if func in APART and kwargs.get("training", True):
            raise NotImplementedError(
                f"{func.__name__}: ranks would draw apart; draw in place, as `drop_path` does"
            )
        return func(*args, **kwargs)

    def _filled(self, fill: Callable[..., Any], own: Tensor, *args: Any, **kwargs: Any) -> Tensor:
        """Draw for all rows; keep those of this rank."""
        whole = own.new_empty(self.whole, *own.shape[1:])
        fill(whole, *args, **kwargs)
        return own.copy_(whole[self.rows])
