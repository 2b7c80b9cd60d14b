"""What is found on images, trained from scratch by the authors' protocol (Sec. 3.2).

Networks are ENAS's own, `papers.cells.network.enas`; the loop of a training is
`papers.cells.child.cifar`'s, under another schedule. What is reported is the last turn.

Shapes: N images, K classes.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import cast

import torch
from torch import Tensor, nn

from harness.training import device, metrics
from papers.cells.child import cifar, images
from papers.cells.child.cifar_images import CifarImages
from papers.cells.child.config import ImageChildren
from papers.cells.child.images import ImageChild, ImageTestbed
from papers.cells.network.darts import Network
from papers.cells.network.enas import MacroNetwork, MicroLayout, MicroNetwork
from papers.cells.rows import Part, Seed
from papers.cells.space.genotype import Genotype
from papers.cells.space.published import Macro
from papers.enas.images.config import FinalTraining
from papers.enas.schedule import restarted

Build = Callable[[], nn.Module]  # an untrained network, with (logits, second logits or None)


class WholeNetwork(nn.Module):
    """A macro network as the loop takes it: without a second classifier, without drop path."""

    auxiliary = None

    def __init__(self, network: MacroNetwork) -> None:
        super().__init__()
        self.network, self.drop_path = network, 0.0
        self.stream: torch.Generator | None = None

    def forward(self, x: Tensor) -> tuple[Tensor, None]:
        """Map (N, 3, H, W) to logits (N, K) and nothing."""
        return self.network(x), None


def micro(genotype: Genotype, config: FinalTraining) -> Build:
    """Return what builds the network of a cell."""

    def build() -> nn.Module:
        auxiliary = config.child_auxiliary > 0
        layers = config.child_layers
        layout = MicroLayout(genotype, config.child_channels, layers, auxiliary=auxiliary)
        network = MicroNetwork(layout)
        network.dropout = config.child_dropout
        return network

    return build


def macro(network: Macro, config: FinalTraining, dense: bool = False) -> Build:
    """Return what builds a whole network; `dense` as the release does."""

    def build() -> nn.Module:
        own = MacroNetwork(network, config.child_channels, dense=dense)
        own.dropout = config.child_dropout
        return WholeNetwork(own)

    return build


@torch.no_grad()
def initialise(network: nn.Module) -> nn.Module:
    """Draw the weights of all convolutions and linear layers as He et al. do [C]."""
    for module in network.modules():
        if isinstance(module, nn.Conv2d | nn.Linear):
            nn.init.kaiming_normal_(module.weight)
    return network


@dataclass(frozen=True)
class Schedule:
    """Learning rate and drop path at each turn of a training of `horizon` turns."""

    config: FinalTraining
    horizon: int

    def lr(self, turn: int) -> float:
        """Return the rate: cosines that start anew."""
        own = self.config
        return restarted(turn, self.horizon, own.child_cycles, own.child_lr, own.child_lowest_lr)

    def drop_path(self, turn: int) -> float:
        """Return the last cell's drop-path probability, which rises with every turn [C]."""
        return self.config.child_drop_path * turn / self.horizon


class FinalRun(cifar.Training):
    """One network with its optimizer, batches and streams, under ENAS's schedule."""

    def __init__(self, network: nn.Module, config: FinalTraining, part: Part, seed: Seed) -> None:
        super().__init__(cast(Network, network), config.recipe, part, seed)
        self.config, self.horizon = config, config.child_steps

    @property
    def schedule(self) -> Schedule:  # type: ignore[override]
        """Learning rate and drop path of this training."""
        return Schedule(self.config, self.horizon)


class FinalChild(ImageChild):
    """A network of ENAS's own as a child; a whole network has no genotype, so none is kept."""

    def __init__(
        self, build: Build, config: FinalTraining, found: CifarImages, seed: Seed
    ) -> None:
        self.build, self.images = build, found
        with device.seeded(seed("init")):
            network = initialise(build())
        arranged = cifar.arranged(cast(Network, network.to(found.train.x.device)), config.recipe)
        self.training = FinalRun(arranged, config, found.train, seed)

    @property
    def flops(self) -> float:
        """FLOPs of an average update: three times a forward pass, on shapes alone."""
        part, rows = self.images.train, self.training.rows
        with torch.device("meta"):
            network, x = self.build(), torch.empty(2, *part.x.shape[1:])
        with torch.no_grad():
            forward = metrics.flops(lambda: network(x)) / len(x)
        return 3 * forward * len(part.y) / len(rows)


@dataclass(frozen=True)
class FinalTestbed(ImageTestbed):
    """CIFAR's images, on which cells are trained by ENAS's protocol."""

    config: FinalTraining

    @classmethod
    def load(cls, config: ImageChildren, where: str) -> FinalTestbed:
        """Read the data set and split its training images."""
        assert isinstance(config, FinalTraining)
        return cls(config, images.read(config, where, *config.halves))

    def child(self, genotype: Genotype, parts: tuple[str, ...], seed: Seed) -> FinalChild:
        """Return an untrained network of a cell; it trains on all images but those of `val`."""
        return self.trained(micro(genotype, self.config), parts, seed)

    def trained(self, build: Build, parts: tuple[str, ...], seed: Seed) -> FinalChild:
        """Return an untrained network, whatever it is of."""
        recipe, where = self.config.recipe, str(self.halves.train.x.device)
        held_out = max(recipe.left_out(part) for part in parts)
        found = images.read(self.config, where, held_out, recipe.split_seed)
        return FinalChild(build, self.config, found, seed)
