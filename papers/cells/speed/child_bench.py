"""The training of published cells: torch's layers beside the batch-last form, and channels_last.

On signals the fast form is this project's. On images it is torch's own layers in channels_last,
which is also what a user would write first: there the rival and the fast form are one.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

import torch
from torch import Tensor, nn
from torch.nn import functional as F  # noqa: N812

from harness.pair import KEEP, Pair
from harness.training import device, metrics
from papers.cells.network.darts import Layout, Network
from papers.cells.network.fast import batch_last
from papers.cells.space.published import PUBLISHED


class NodeChild:
    """The training of a published cell on random signals: torch's layers, or batch-last."""

    def __init__(self, fast: bool, dtype: torch.dtype = torch.float32) -> None:
        with device.seeded(0):
            layout = Layout(PUBLISHED["DARTS_V2"].genotype, 8, 3, inputs=1, dim=1)
            self.network = Network(layout).to(dtype)
            self.x = torch.randn(100, 1, 40, dtype=dtype)
        self.y, self.fast = torch.arange(100) % 10, fast

    def __call__(self) -> tuple[Tensor, ...]:
        """Return the gradients of all weights that have one."""
        run = partial(batch_last.forward, self.network) if self.fast else self._plain
        loss = F.cross_entropy(run(self.x), self.y)
        found = torch.autograd.grad(loss, tuple(self.network.parameters()), allow_unused=True)
        return tuple(gradient for gradient in found if gradient is not None)

    def _plain(self, x: Tensor) -> Tensor:
        logits: Tensor = self.network(x)[0]
        return logits

    @staticmethod
    def agree() -> None:
        """Check that both have the same gradients, where rounding flips no ReLU."""
        pair = [NodeChild(fast, torch.float64)() for fast in (False, True)]
        for one, other in zip(*pair, strict=True):
            torch.testing.assert_close(one, other, rtol=0, atol=1e-9)


def child() -> Pair:
    """Return a step of a child in both forms."""
    slow, fast = NodeChild(fast=False), NodeChild(fast=True)
    with torch.no_grad():
        forward = metrics.flops(lambda: slow.network(slow.x))
    name = "1-D child, DARTS_V2, C=8, L=3, batch 100: forward and backward"
    note = "oracle: torch's layers"
    return Pair(name, slow, fast, NodeChild.agree, KEEP, flops=3 * forward, note=note)


class ImageChild:
    """The training of a network of two dimensions on random images, in one layout in memory.

    `build` makes it, the same one each time: it draws from torch's global stream.
    """

    def __init__(
        self,
        build: Callable[[], nn.Module],
        rows: tuple[int, int],
        layout: torch.memory_format,
        dtype: torch.dtype = torch.float32,
    ) -> None:
        batch, side = rows
        with device.seeded(0):
            network = build().to(dtype)
            x = torch.randn(batch, 3, side, side, dtype=dtype)
        self.network = network.to(memory_format=layout)  # type: ignore[call-overload]
        self.x, self.y = x.contiguous(memory_format=layout), torch.arange(batch) % 10

    def __call__(self) -> tuple[Tensor, ...]:
        """Return the gradients of all weights that have one."""
        loss = F.cross_entropy(self.network(self.x)[0], self.y)
        found = torch.autograd.grad(loss, tuple(self.network.parameters()), allow_unused=True)
        return tuple(gradient for gradient in found if gradient is not None)

    @torch.no_grad()
    def flops(self) -> float:
        """Return three times what the forward pass takes."""
        return 3 * metrics.flops(lambda: self.network(self.x))


def image_child(name: str, build: Callable[[], nn.Module], batch: int) -> Pair:
    """Return a step of a child on images of CIFAR-10's size, in NCHW and in channels_last."""
    layouts = (torch.contiguous_format, torch.channels_last)
    slow, fast = (ImageChild(build, (batch, 32), layout) for layout in layouts)

    def agree() -> None:
        both = (ImageChild(build, (2, 32), layout, torch.float64)() for layout in layouts)
        for one, other in zip(*both, strict=True):
            torch.testing.assert_close(one, other, rtol=1e-9, atol=1e-9)

    return Pair(
        f"2-D child, {name}, 32x32, batch {batch}: forward and backward",
        slow,
        fast,
        agree,
        KEEP,
        flops=fast.flops(),
        note="oracle: torch's layers, NCHW; fast form: the same layers in channels_last, so the "
        "rival is the fast form itself",
    )
