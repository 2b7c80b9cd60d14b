"""The training of a published cell on signals: torch's layers beside the batch-last form."""

from __future__ import annotations

from functools import partial

import torch
from torch import Tensor
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
