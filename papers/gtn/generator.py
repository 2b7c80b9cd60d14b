"""The generator: from noise and a label to a signal or an image (the authors' released code).

Two linear layers, then twice: nearest upsampling by two, a reflected border, a 3-tap convolution.
All weights have weight norm. Batch norm takes the statistics of each synthetic batch by itself, in
training and ever after, so that what a batch looks like depends on that batch alone, however many
of them are made at once.

`Generator.plain` is the readable form, with torch's own layers. On a CPU `forward` computes the
same with the batch last in memory and `doubling`, a few steps at a time, so that what is in hand
fits in the cache.

Shapes: T steps, B batch, Z noise, O classes, C channels, S the sides (L, or H and W), P places.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn import functional as F  # noqa: N812

from harness.paper import Refused
from papers.gtn.doubling import doubled
from papers.gtn.layers import SLOPE, kaiming, norms, scaled

RANGE = 2.0  # [C] outputs lie between -2 and 2
TAPS = 3
TOGETHER = 256  # rows in hand at once: 128 to 256 were fastest, 2,048 a half slower


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
    """Batch norm of each of T batches by itself, bent by a leaky ReLU."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.ones(channels))
        self.bias = nn.Parameter(torch.zeros(channels))

    def forward(
        self, x: Tensor, weight: Tensor | None = None, bias: Tensor | None = None
    ) -> Tensor:
        """Normalise x (P, C, T, B) over places and batch; weight and bias (C): own, or given."""
        weight, bias = (
            given.repeat_interleave(x.shape[2])
            for given in (
                self.weight if weight is None else weight,
                self.bias if bias is None else bias,
            )
        )
        apart = x.reshape(len(x), -1, x.shape[3])  # (P, C T, B): a channel of each step
        normed = F.batch_norm(apart, None, None, weight, bias, training=True)
        return F.leaky_relu(normed, SLOPE).view_as(x)


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
        self.first_norm, self.second_norm = Norm(sizes.hidden), Norm(wide * places)
        self.third_norm = Norm(thin)

    def forward(self, z: Tensor, targets: Tensor) -> Tensor:
        """Return inputs (T, B, C, S...) of noise (T, B, Z) and targets (T, B, O)."""
        if z.device.type != "cpu":
            return self.plain(z, targets)
        groups = [part.split(max(1, TOGETHER // z.shape[1])) for part in (z, targets)]
        return torch.cat([self._fast(*group) for group in zip(*groups, strict=True)])

    def plain(self, z: Tensor, targets: Tensor) -> Tensor:
        """Return the same by torch's own layers, a step after another: the oracle."""
        return torch.stack([self._step(*step) for step in zip(z, targets, strict=True)])

    def _step(self, z: Tensor, targets: Tensor) -> Tensor:
        """Return inputs (B, C, S...) of noise (B, Z) and targets (B, O)."""
        x = torch.cat([z, targets.to(z)], -1)
        x = self._normed(self.first_norm, F.linear(x, self.first.weight))
        x = self._normed(self.second_norm, F.linear(x, self.second.weight))
        x = self._grow(x.view(len(x), -1, *self.small), self.third)
        return RANGE * self._grow(self._normed(self.third_norm, x), self.last).tanh()

    def _normed(self, norm: Norm, x: Tensor) -> Tensor:
        """Normalise one batch (B, C, S...)."""
        last = x.flatten(2) if x.dim() > 2 else x[:, :, None]  # (B, C, P)
        normed: Tensor = norm(last.permute(2, 1, 0)[:, :, None])  # (P, C, 1, B)
        return normed[:, :, 0].permute(2, 1, 0).reshape(x.shape)

    def _grow(self, x: Tensor, layer: Scaled) -> Tensor:
        """Double the sides and convolve."""
        flat = x.dim() == 3
        x = F.interpolate(x, scale_factor=2, mode="nearest")
        x = F.pad(x, (1, 1) if flat else (1, 1, 1, 1), mode="reflect")
        return (F.conv1d if flat else F.conv2d)(x, layer.weight, layer.bias)

    def _fast(self, z: Tensor, targets: Tensor) -> Tensor:
        """Return inputs (T, B, C, S...): the batch is last until the end."""
        steps, batch = z.shape[:2]
        second = self.second_norm
        x = torch.cat([z, targets.to(z)], -1).flatten(0, 1).t().contiguous()  # (Z + O, T B)
        x = self.first_norm((self.first.weight @ x).view(1, -1, steps, batch))
        # units by place and then channel, as `doubled` has them: weights are fewer than units
        weight, scale, shift = (
            w.view(len(self.third.direction[0]), -1, *w.shape[1:]).transpose(0, 1).flatten(0, 1)
            for w in (self.second.weight, second.weight, second.bias)
        )
        x = second((weight @ x.flatten(2)[0]).view(1, -1, steps, batch), scale, shift)
        rows, across = (1, *self.small)[-2:]
        x = doubled(x.view(rows, across, -1, steps * batch), self.third.weight)
        sides, outputs = x.shape[:2], x.shape[2]
        x = self.third_norm(x.view(-1, outputs, steps, batch)).view(*sides, outputs, -1)
        x = doubled(x, self.last.weight)
        assert self.last.bias is not None
        x = RANGE * (x + self.last.bias[:, None]).tanh()
        x = x.view(*x.shape[:3], steps, batch).permute(3, 4, 2, 0, 1)  # (T, B, C, H or 1, W)
        return x.flatten(3, 4) if len(self.small) == 1 else x
