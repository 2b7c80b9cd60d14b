"""How decoded numbers become weights: by role and fan-in (Sec. 4; the authors' code).

Shapes: n tensors of a group, then their own shape.
"""

from __future__ import annotations

from math import sqrt

import torch
from torch import Tensor

from papers.ghn2 import graph
from papers.ghn2.graph import Parameter
from papers.ghn2.hyper.features import Four


def gain(parameter: Parameter, shape: Four, largest: int, tile_aware: bool = False) -> float:
    """Return what a decoded weight of unit variance is multiplied with: sqrt(beta / fan-in).

    beta is 2 where a ReLU follows, else 1. `tile_aware`: inputs that are t copies of `largest`
    channels add up, not their squares; the factor 1 / sqrt(t) takes that back. Positions stay.
    """
    if parameter.role == graph.POSITION:
        return 1.0
    _, into, height, width = shape
    beta = 2.0 if parameter.rectified else 1.0
    copies = into / min(into, largest) if tile_aware else 1.0
    return sqrt(beta / (into * height * width * copies))


def squashed(decoded: Tensor, role: str) -> Tensor:
    """Return scales in (0, 2), 1 where nothing was decoded; shifts and biases in (-1, 1)."""
    if role == graph.SCALE:
        return 2 * torch.sigmoid(decoded / 2)
    return torch.tanh(0.2 * decoded)
