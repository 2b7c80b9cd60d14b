"""Small search networks with what goes into them: images, logits, samples."""

from __future__ import annotations

import torch
from torch import nn

from papers.cells.supernet.node import Design, Supernet

SMALL = Design(channels=4, cells=3)
SIGNALS = Design(channels=4, cells=3, dim=1, inputs=1)
VARIED = [1, 4, 5, 6, 7, None, 2, 4, 3, 5, 7, 6, 0, 1]


def alphas(dtype: torch.dtype = torch.float64, ops: int = 8) -> list[torch.Tensor]:
    """Return the logits of both cells."""
    stream = torch.Generator().manual_seed(1)
    return [torch.randn(14, ops, generator=stream, dtype=dtype).requires_grad_() for _ in range(2)]


def images(design: Design, *sizes: int, dtype: torch.dtype = torch.float64) -> torch.Tensor:
    """Return six images, or signals, as a design takes them."""
    stream = torch.Generator().manual_seed(2)
    return torch.randn(6, design.inputs, *sizes, generator=stream, dtype=dtype)


def supernet(design: Design, dtype: torch.dtype = torch.float64) -> Supernet:
    """Return a design's network, always with the same weights."""
    torch.manual_seed(3)
    return Supernet(design).to(dtype)


def straight_through(alpha: torch.Tensor) -> torch.Tensor:
    """Return the likeliest choices, with the gradient of their probabilities."""
    p = alpha.softmax(1)
    hard = nn.functional.one_hot(p.argmax(1), p.shape[1]).to(p)
    return hard - p.detach() + p
