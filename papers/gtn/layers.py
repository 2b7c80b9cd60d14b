"""Weight norm, centring and the loss on soft labels: what generator and learners share.

Shapes: K learners, N rows, O outputs; `classes` targets.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import torch
from torch import Tensor

SLOPE = 0.1  # [C] of every leaky ReLU


def kaiming(shape: Sequence[int], random: torch.Generator) -> Tensor:
    """Draw weights (O, ...): normal, gain of a ReLU over the fan-in (He et al. 2015)."""
    return torch.randn(*shape, generator=random) * math.sqrt(2 / math.prod(shape[1:]))


def norms(direction: Tensor, lead: int) -> Tensor:
    """Return the length of each output's weights: the axes after the first `lead`."""
    length: Tensor = torch.linalg.vector_norm(direction, dim=tuple(range(lead, direction.dim())))
    return length


def scaled(direction: Tensor, gain: Tensor) -> Tensor:
    """Weight norm: w = g v / ||v||, each output by itself (Salimans & Kingma 2016).

    The authors' layers multiply the bias by g / ||v|| too; here it is left alone.
    """
    factor = gain / norms(direction, gain.dim())
    return direction * factor.view(*gain.shape, *(1,) * (direction.dim() - gain.dim()))


def cross_entropy(logits: Tensor, targets: Tensor) -> Tensor:
    """Return each learner's mean cross-entropy: (K, N, O), targets (N, O) or (K, N, O) -> (K)."""
    return (logits.logsumexp(-1) - (logits * targets).sum(-1)).mean(-1)
