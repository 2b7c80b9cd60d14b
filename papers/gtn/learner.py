"""Learners as functions of their weights: K of them at once on signals, one on images.

Every layer has weight norm, and hidden units are centred without being scaled: the mean over
the batch is subtracted and a bias added. On real data a learner centres by what it remembers of
its training (Sec. 3.1 of the authors' supplement is not at hand; this is their released code):
`last`, the means of the last batch; `running`, of all of them, the older the less; `batch`, those
of the real batch itself.

Shapes: K learners, N rows, C channels, L length, H W space, O classes.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Protocol

import torch
from torch import Tensor
from torch.nn import functional as F  # noqa: N812

from harness.paper import Refused
from harness.training import twice
from papers.gtn.layers import SLOPE, kaiming, norms, scaled

Tensors = tuple[Tensor, ...]
Bend = Callable[[Tensor], Tensor]
KEPT = 0.9  # of a running mean


def leaky(x: Tensor) -> Tensor:
    """Return the leaky ReLU of the authors' learners."""
    return F.leaky_relu(x, SLOPE)


def follow(rule: str, state: Tensors, means: Tensors) -> Tensors:
    """Return what a learner remembers after a batch that has these means."""
    if rule == "last":
        return means
    if rule == "running":
        return tuple(KEPT * s + (1 - KEPT) * m for s, m in zip(state, means, strict=True))
    return ()


class Learner(Protocol):
    """A family of networks: shapes of weights, and what they compute."""

    @property
    def weight_norm(self) -> bool:
        """Whether each layer has a gain for every output."""

    @property
    def shapes(self) -> Sequence[tuple[int, ...]]:
        """The weights of each layer, (O, ...)."""

    @property
    def centred(self) -> Sequence[int]:
        """The units of each layer that is centred."""

    def forward(
        self, weights: Tensors, x: Tensor, held: Tensors | None = None
    ) -> tuple[Tensor, Tensors]:
        """Return logits (K, N, O) and the batch's means, which centre unless some are held."""


def draw(learner: Learner, seeds: Sequence[int], device: str = "cpu") -> Tensors:
    """Return the initial weights of a learner for each seed, stacked: v, gain, bias by layer.

    A gain is its weights' length, so that weight norm changes nothing at the start.
    """
    members = [_one(learner, torch.Generator().manual_seed(seed)) for seed in seeds]
    return tuple(torch.stack(parts).to(device) for parts in zip(*members, strict=True))


def _one(learner: Learner, random: torch.Generator) -> list[Tensor]:
    parts: list[Tensor] = []
    for shape in learner.shapes:
        direction = kaiming(shape, random)
        gains = [norms(direction, 1)] if learner.weight_norm else []
        parts += [direction, *gains, torch.zeros(shape[0])]
    return parts


def stack(members: Sequence[Tensors]) -> Tensors:
    """Stack the weights of learners of one shape, each (1, ...).

    Raises:
        Refused: their shapes differ.
    """
    first = [tuple(w.shape[1:]) for w in members[0]]
    for place, member in enumerate(members):
        shapes = [tuple(w.shape[1:]) for w in member]
        if shapes != first:
            raise Refused(f"learner {place}: has weights {shapes}, the first one {first}")
    return tuple(torch.cat(parts) for parts in zip(*members, strict=True))


def blank(learner: Learner, members: int, like: Tensor) -> Tensors:
    """Return what learners remember before their first batch: zeros (K, units) by layer."""
    return tuple(like.new_zeros(members, units) for units in learner.centred)


def layers(learner: Learner, weights: Tensors) -> list[tuple[Tensor, Tensor]]:
    """Return weight (K, O, ...) and bias (K, O) of each layer, weight norm applied."""
    if not learner.weight_norm:
        return list(zip(weights[::2], weights[1::2], strict=True))
    triples = zip(weights[::3], weights[1::3], weights[2::3], strict=True)
    return [(scaled(direction, gain), bias) for direction, gain, bias in triples]


@dataclass(frozen=True)
class SignalLearner:
    """Two convolutions with pools and a linear layer, K learners stacked: [ours], after `base`."""

    channels: tuple[int, int] = (16, 32)
    length: int = 40
    classes: int = 10
    weight_norm: bool = True
    bend: Bend = leaky
    pool: Callable[[Tensor, int, int, int], Tensor] = twice.max_pool

    @property
    def shapes(self) -> list[tuple[int, ...]]:
        """The weights of each layer."""
        first, second = self.channels
        places = math.ceil(math.ceil(self.length / 2) / 2)
        return [(first, 1, 5), (second, first, 3), (self.classes, second * places)]

    @property
    def centred(self) -> list[int]:
        """The units of each layer that is centred."""
        return list(self.channels)

    def forward(
        self, weights: Tensors, x: Tensor, held: Tensors | None = None
    ) -> tuple[Tensor, Tensors]:
        """Return logits (K, N, O) of signals (N, L), which all learners share."""
        *convolutions, (last, offset) = layers(self, weights)
        x, means = twice.batch_last(x), []
        for place, (weight, bias) in enumerate(convolutions):
            x = twice.convolve(x, weight, padding=weight.shape[-1] // 2)
            x = self.pool(x, 3, 2, 1)
            means.append(x.mean((2, 3)))
            centre = means[-1] if held is None else held[place]
            x = self.bend(x + (bias - centre)[:, :, None, None])
        logits = torch.baddbmm(offset[:, :, None], last, x.flatten(1, 2))
        return logits.transpose(1, 2), tuple(means)


@dataclass(frozen=True)
class ImageLearner:
    """Convolutions (channels, stride), perhaps a hidden layer, and a linear layer: one learner.

    Where `pooling` is "max" a stride is a 3 x 3 pool behind the convolution, as in the authors'
    `base_fc`; else it is the convolution's own. `head`: "flat" keeps all places, "mean" averages.
    """

    convolutions: tuple[tuple[int, int], ...] = ((64, 2), (128, 2))
    hidden: int = 0
    inputs: int = 1
    side: int = 28
    pooling: str = "stride"
    head: str = "flat"
    classes: int = 10
    weight_norm: bool = True
    bend: Bend = leaky

    @property
    def shapes(self) -> list[tuple[int, ...]]:
        """The weights of each layer."""
        before, side = self.inputs, self.side
        shapes: list[tuple[int, ...]] = []
        for channels, stride in self.convolutions:
            shapes.append((channels, before, 3, 3))
            before, side = channels, math.ceil(side / stride)
        units = before * side * side if self.head == "flat" else before
        if self.hidden:
            shapes.append((self.hidden, units))
        return [*shapes, (self.classes, self.hidden or units)]

    @property
    def centred(self) -> list[int]:
        """The units of each layer that is centred."""
        return [shape[0] for shape in self.shapes[:-1]]

    @property
    def multiply_adds(self) -> int:
        """Multiply-adds of one image: every place of a convolution, and the linear layers."""
        side, total = self.side, 0
        shapes = self.shapes
        for (_, stride), shape in zip(self.convolutions, shapes, strict=False):
            reduced = math.ceil(side / stride)
            places = side if self.pooling == "max" else reduced
            total, side = total + places * places * math.prod(shape), reduced
        return total + sum(math.prod(shape) for shape in shapes[len(self.convolutions) :])

    def forward(
        self, weights: Tensors, x: Tensor, held: Tensors | None = None
    ) -> tuple[Tensor, Tensors]:
        """Return logits (1, N, O) of images (N, C, H, W)."""
        own = [(weight[0], bias[0]) for weight, bias in layers(self, weights)]
        means: list[Tensor] = []
        for (_, stride), (weight, bias) in zip(self.convolutions, own, strict=False):
            if self.pooling == "max" and stride > 1:
                x = F.max_pool2d(F.conv2d(x, weight, padding=1), 3, stride, 1)
            else:
                x = F.conv2d(x, weight, stride=stride, padding=1)
            x = self._centre(x, bias, means, held)
        x = x.flatten(1) if self.head == "flat" else x.mean((2, 3))
        if self.hidden:
            weight, bias = own[-2]
            x = self._centre(F.linear(x, weight), bias, means, held)
        return F.linear(x, *own[-1])[None], tuple(mean[None] for mean in means)

    def _centre(
        self, x: Tensor, bias: Tensor, means: list[Tensor], held: Tensors | None
    ) -> Tensor:
        """Centre units (N, C, ...) by their batch or by what is held, add a bias and bend."""
        means.append(x.mean((0, *range(2, x.dim()))))
        centre = means[-1] if held is None else held[len(means) - 1][0]
        return self.bend(x + (bias - centre).view(-1, *(1,) * (x.dim() - 2)))


BASE_FC = ImageLearner(pooling="max", hidden=256)  # [C] the authors' MNIST configuration
LARGER2 = ImageLearner(  # [C] the authors' CIFAR-10 configuration
    ((64, 1), (128, 2), (128, 1), (256, 2), (256, 1)), inputs=3, side=32, head="mean"
)
