"""Learners of CIFAR-10: the authors' `larger2` at any widths, and networks of their search space.

What is normalised by what is held does not depend on other rows: large parts are then judged a
few rows at a time.

Shapes: N rows, C channels, H W space, O classes; weights have a member axis of 1.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property

import torch
from torch import Tensor
from torch.func import functional_call

from papers.cells.network import sizes
from papers.cells.space.genotype import Genotype
from papers.gtn.cifar.network import MacroNetwork
from papers.gtn.layers import kaiming, norms, scaled
from papers.gtn.learner import ImageLearner, Tensors

TOGETHER = 500  # rows that are judged at once
Found = tuple[Tensor, Tensors]  # logits (1, N, O), and the batch's statistics


def in_parts(forward: Callable[[Tensor], Found], x: Tensor) -> Found:
    """Return logits of many rows, and nothing else: for networks that hold their statistics."""
    return torch.cat([forward(part)[0] for part in x.split(TOGETHER)], 1), ()


@dataclass(frozen=True)
class CifarLearner(ImageLearner):
    """`larger2`, which judges a few rows at a time."""

    def forward(self, weights: Tensors, x: Tensor, held: Tensors | None = None) -> Found:
        """Return logits (1, N, O) of images (N, C, H, W)."""
        own = super().forward
        if held is None or len(x) <= TOGETHER:
            return own(weights, x, held)
        return in_parts(lambda part: own(weights, part, held), x)


@dataclass(frozen=True)
class MacroLearner:
    """The network of a genotype as a function of its weights: v and gain of each layer, the rest.

    The state is mean and variance of every batch norm, in the order in which they are met.
    """

    genotype: Genotype
    channels: int = 32
    cells: int = 3
    classes: int = 10
    side: int = 32
    weight_norm: bool = True

    def build(self) -> MacroNetwork:
        """Return the network, with torch's initial weights."""
        return MacroNetwork(self.genotype, self.channels, self.cells, self.classes)

    @cached_property
    def _network(self) -> MacroNetwork:
        """Shapes alone: weights are given with every call."""
        with torch.device("meta"):
            return self.build()

    @cached_property
    def counts(self) -> sizes.Counts:
        """Parameters without gains, and multiply-adds of an image."""
        return sizes.counted(self.build, 3, self.side)

    @property
    def _named(self) -> dict[str, Tensor]:
        return dict(self._network.named_parameters())

    @property
    def shapes(self) -> Sequence[tuple[int, ...]]:
        """The shapes of all weights, gains among them."""
        return [shape for w in self._named.values() for shape in self._of(tuple(w.shape))]

    def _of(self, shape: tuple[int, ...]) -> list[tuple[int, ...]]:
        return [shape, shape[:1]] if self._gained(len(shape)) else [shape]

    def _gained(self, dimensions: int) -> bool:
        return self.weight_norm and dimensions > 1

    @cached_property
    def centred(self) -> Sequence[int]:
        """The channels of means and variances."""
        network = self._network
        with torch.device("meta"), torch.no_grad(), network.memory.used() as found:
            network(torch.empty(2, 3, self.side, self.side))
            return [len(each) for each in found]

    def start(self, seed: int, device: str = "cpu") -> Tensors:
        """Return initial weights: Kaiming's, gains that change nothing, batch norms at 1 and 0."""
        random = torch.Generator().manual_seed(seed)
        parts: list[Tensor] = []
        for name, weight in self._named.items():
            if weight.dim() > 1:
                direction = kaiming(weight.shape, random)
                parts += [direction, norms(direction, 1)] if self.weight_norm else [direction]
            else:
                first = 1.0 if name.endswith("weight") else 0.0
                parts.append(torch.full(weight.shape, first))
        return tuple(part[None].to(device) for part in parts)

    def built(self, seed: int, device: str = "cpu") -> MacroNetwork:
        """Return the network itself with the weights of a seed: no gains, running statistics."""
        network = self.build()
        weights = self.effective(self.start(seed))
        with torch.no_grad():
            for name, parameter in network.named_parameters():
                parameter.copy_(weights[name])
        return network.to(device)

    def effective(self, weights: Tensors) -> dict[str, Tensor]:
        """Return the weights by name, weight norm applied."""
        given = iter([weight[0] for weight in weights])
        named = {}
        for name, like in self._named.items():
            weight = next(given)
            named[name] = scaled(weight, next(given)) if self._gained(like.dim()) else weight
        return named

    def forward(self, weights: Tensors, x: Tensor, held: Tensors | None = None) -> Found:
        """Return logits (1, N, O) of images (N, 3, H, W), and the batch's statistics."""
        network, own = self._network, self.effective(weights)

        def once(part: Tensor) -> Found:
            statistics = None if held is None else [each[0] for each in held]
            with network.memory.used(statistics) as found:
                logits, _ = functional_call(network, own, (part,))
                return logits[None], tuple(each[None] for each in found)

        return once(x) if held is None or len(x) <= TOGETHER else in_parts(once, x)
