"""The generator: from noise and a label to a signal or an image (the authors' released code).

Two linear layers, then twice: nearest upsampling by two, a reflected border, a 3-tap convolution.
All weights have weight norm. Batch norm takes the statistics of each synthetic batch by itself, in
training and ever after, so that what a batch looks like depends on that batch alone, however many
of them are made at once.

Shapes: T steps, B batch, Z noise, O classes, C channels, S the sides (L, or H and W).
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn import functional as F  # noqa: N812

from harness.paper import Refused
from papers.gtn.layers import SLOPE, kaiming, norms, scaled

RANGE = 2.0  # [C] outputs lie between -2 and 2
TAPS = 3


class Scaled(nn.Module):
    """Weights with weight norm, perhaps a bias."""

    def __init__(
        self, shape: Sequence[int], random: torch.Generator, weight_norm: bool, bias: bool = False
    ) -> None:
        super().__init__()
        direction = kaiming(shape, random)
        self.direction = nn.Parameter(direction)
        self.gain = nn.Parameter(norms(direction, 1)) if weight_norm else None
        self.bias = nn.Parameter(torch.zeros(shape[0])) if bias else None

    @property
    def weight(self) -> Tensor:
        """The weights (O, ...)."""
        return self.direction if self.gain is None else scaled(self.direction, self.gain)


class Norm(nn.Module):
    """Batch norm of each of T batches by itself: (B, T, C, ...) in memory."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.ones(channels))
        self.bias = nn.Parameter(torch.zeros(channels))

    def forward(self, x: Tensor, steps: int) -> Tensor:
        """Normalise rows (B T, C, ...), and bend them; a step's rows are every T-th one."""
        apart = x.view(-1, steps * x.shape[1], *x.shape[2:])  # a channel of each step
        weight, bias = self.weight.repeat(steps), self.bias.repeat(steps)
        normed = F.batch_norm(apart, None, None, weight, bias, training=True)
        return F.leaky_relu(normed.view_as(x), SLOPE)


@dataclass(frozen=True)
class Sizes:
    """Noise, units of the first layer, channels; and the inputs that come out, `sides` long."""

    noise: int = 128
    hidden: int = 1024
    channels: tuple[int, int] = (128, 64)
    inputs: int = 1
    sides: tuple[int, ...] = (28, 28)
    classes: int = 10
    weight_norm: bool = True


class Generator(nn.Module):
    """z and a target to inputs of some sides, each a multiple of four."""

    def __init__(self, sizes: Sizes, random: torch.Generator) -> None:
        super().__init__()
        if any(side % 4 or side < 8 for side in sizes.sides):
            raise Refused(f"sides={sizes.sides}: must be multiples of 4, at least 8")
        self.small = tuple(side // 4 for side in sizes.sides)
        (wide, thin), places = sizes.channels, math.prod(self.small)
        taps = (TAPS,) * len(self.small)

        def layer(*shape: int, bias: bool = False) -> Scaled:
            return Scaled(shape, random, sizes.weight_norm, bias)

        self.first = layer(sizes.hidden, sizes.noise + sizes.classes)
        self.second = layer(wide * places, sizes.hidden)
        self.third = layer(thin, wide, *taps)
        self.last = layer(sizes.inputs, thin, *taps, bias=True)
        self.norms = nn.ModuleList([Norm(n) for n in (sizes.hidden, wide * places, thin)])

    def forward(self, z: Tensor, targets: Tensor) -> Tensor:
        """Return inputs (T, B, C, S...) of noise (T, B, Z) and targets (T, B, O)."""
        steps, batch = z.shape[:2]
        x = torch.cat([z, targets.to(z)], -1).transpose(0, 1).flatten(0, 1)  # (B T, Z + O)
        x = self.norms[0](F.linear(x, self.first.weight), steps)
        x = self.norms[1](F.linear(x, self.second.weight), steps)
        x = x.view(len(x), -1, *self.small)
        x = self.norms[2](self._grow(x, self.third), steps)
        x = RANGE * self._grow(x, self.last).tanh()
        return x.view(batch, steps, *x.shape[1:]).transpose(0, 1)

    def _grow(self, x: Tensor, layer: Scaled) -> Tensor:
        """Double the sides and convolve."""
        flat = x.dim() == 3
        x = F.interpolate(x, scale_factor=2, mode="nearest")
        x = F.pad(x, (1, 1) if flat else (1, 1, 1, 1), mode="reflect")
        return (F.conv1d if flat else F.conv2d)(x, layer.weight, layer.bias)
