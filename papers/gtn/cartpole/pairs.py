"""What pairs come from: a generator that is fed noise, or nothing but themselves.

Shapes: N pairs, Z noise.
"""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING

import torch
from torch import Tensor, nn

from papers.gtn.cartpole.policy import INPUTS, OUTPUTS, Pairs
from papers.gtn.generator import RANGE, Norm
from papers.gtn.layers import kaiming

if TYPE_CHECKING:
    from papers.gtn.cartpole.config import PoleTeaching


class Source(nn.Module):
    """What gives pairs; its parameters are what meta-training changes, beside the rate."""

    def give(self, random: torch.Generator) -> Pairs:
        """Return the pairs of one step."""
        raise NotImplementedError


class Generated(Source):
    """Fully connected layers on fresh noise, batch norm between them, no weight norm.

    Observations lie between -2 and 2, as images do; targets are where they are.
    """

    def __init__(self, config: PoleTeaching, random: torch.Generator) -> None:
        super().__init__()
        self.size = (config.pairs, config.noise)
        widths = (config.noise, *config.generator_hidden, INPUTS + OUTPUTS)
        self.weights = nn.ParameterList(
            kaiming((after, before), random) for before, after in pairwise(widths)
        )
        self.bias = nn.Parameter(torch.zeros(widths[-1]))
        self.norms = nn.ModuleList(Norm(width) for width in config.generator_hidden)

    def give(self, random: torch.Generator) -> Pairs:
        """Return pairs made of fresh noise."""
        *hidden, last = self.weights
        x = torch.randn(*self.size, generator=random).to(last).t()  # (Z, N)
        for weight, norm in zip(hidden, self.norms, strict=True):
            x = norm((weight @ x)[None, :, None])[0, :, 0]
        return squashed((last @ x).t() + self.bias)


class Direct(Source):
    """Distillation under the same outer loop: every number of every pair is a parameter."""

    def __init__(self, config: PoleTeaching, random: torch.Generator) -> None:
        super().__init__()
        self.numbers = nn.Parameter(torch.randn(config.pairs, INPUTS + OUTPUTS, generator=random))

    def give(self, random: torch.Generator) -> Pairs:
        """Return the pairs, always the same."""
        return squashed(self.numbers)


def squashed(made: Tensor) -> Pairs:
    """Return numbers (N, 6) as pairs, observations squashed into the range."""
    return Pairs(RANGE * made[:, :INPUTS].tanh(), made[:, INPUTS:])


SOURCES = {"gtn": Generated, "direct": Direct}
