"""A training step of eight cells in networks of each size: one by one, and stacked."""

from __future__ import annotations

from functools import partial

import torch
from torch import Tensor
from torch.nn import functional as F  # noqa: N812

from harness.pair import KEEP, Pair
from harness.training import device, loop, optim
from papers.cells.child.mnist1d import RECIPE, cross_entropy
from papers.cells.network.light import CLASSES, POSITIONS
from papers.cells.space.edge import SPACES
from papers.nasnet.fidelity.config import SIZES, Fidelity
from papers.nasnet.fidelity.network import Deep, DeepStack, build
from papers.nasnet.fidelity.ranking import drawn

CONFIG = Fidelity(space="T1", channels=(4, 8, 12), repeats=(1, 1, 2))  # as at budget nightly


class Steps:
    """SGD steps of the same networks on the same rows, again and again."""

    def __init__(self, size: int, dtype: torch.dtype = torch.float32) -> None:
        space, channels, repeats = (
            SPACES[CONFIG.space],
            CONFIG.channels[size],
            CONFIG.repeats[size],
        )
        cells = drawn(space, CONFIG, 0)
        self.networks: list[Deep] = [
            build(space, code, seed, channels, repeats).to(dtype)
            for seed, code in enumerate(cells)
        ]
        self.stack = DeepStack(self.networks)
        with device.seeded(0):
            self.x = torch.randn(POSITIONS, RECIPE.batch, dtype=dtype)
        self.y = torch.arange(RECIPE.batch) % CLASSES
        self.optimizers = [self._optimizer(network) for network in self.networks]
        self.optimizer = self._optimizer(self.stack)

    @staticmethod
    def _optimizer(network: torch.nn.Module) -> torch.optim.Optimizer:
        return optim.unfused_sgd(
            network.parameters(), RECIPE.lr, RECIPE.momentum, RECIPE.weight_decay, nesterov=True
        )

    def one_by_one(self) -> Tensor:
        """Take a step of each network; return their losses (E)."""
        losses = []
        for network, optimizer in zip(self.networks, self.optimizers, strict=True):
            loss = F.cross_entropy(network(self.x.T), self.y)
            loop.descend(loss, optimizer)
            losses.append(loss.detach())
        return torch.stack(losses)

    def together(self) -> Tensor:
        """Take a step of all networks at once; return their losses (E)."""
        losses = cross_entropy(self.stack(self.x), self.y.expand(len(self.networks), -1))
        loop.descend(losses.sum(), self.optimizer)
        return losses.detach()


def agree(size: int) -> None:
    """Check that losses are the same before and after steps."""
    steps = Steps(size, torch.float64)
    for _ in range(3):
        torch.testing.assert_close(steps.one_by_one(), steps.together(), rtol=0, atol=1e-9)


def pairs() -> list[Pair]:
    """Return a step in the networks of each size."""
    found = []
    for size, name in enumerate(SIZES):
        steps = Steps(size)
        shape = f"C={CONFIG.channels[size]}, N={CONFIG.repeats[size]}"
        found.append(
            Pair(f"{CONFIG.cells} cells in the {name} network ({shape}), batch {RECIPE.batch}",
                 steps.one_by_one, steps.together, partial(agree, size), KEEP,
                 units=CONFIG.cells)
        )  # fmt: skip
    return found
