"""Controllers as no training leaves them, and streams to draw from."""

from __future__ import annotations

import torch

from papers.cells.searcher.policy import WIDTH


def stream(seed=0):
    """Return a generator of a given seed."""
    return torch.Generator().manual_seed(seed)


def scaled(controller, seed, factor=100.0):
    """Give a controller weights that no training would: far out, so that every tanh is full."""
    with torch.no_grad():
        for weight in controller.parameters():
            weight.uniform_(-factor * WIDTH, factor * WIDTH, generator=stream(seed))
    return controller
