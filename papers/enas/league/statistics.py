"""With which statistics batch norms score a path: its own, running ones, or estimated anew.

While a path trains, batch norms use the statistics of its batch. `tracked` lets them also keep
running ones, as the authors' macro search does: those of all paths that came by, whatever is
scored. `Recalibrated` estimates a path's own on training rows before it is scored.

Shapes: N rows, L positions, K classes.
"""

from __future__ import annotations

from collections.abc import Iterator
from copy import deepcopy

import torch
from torch import Tensor, nn

from papers.cells.rows import Part
from papers.cells.supernet.edge import Choice, EdgeSupernet, Shared

MOMENTUM = 0.1  # the release's decay of .9


def norms(net: nn.Module) -> Iterator[nn.BatchNorm1d]:
    """Yield the batch norms of a network."""
    yield from (module for module in net.modules() if isinstance(module, nn.BatchNorm1d))


def tracked(net: EdgeSupernet) -> EdgeSupernet:
    """Let every batch norm keep running statistics beside those of its batch; return the net."""
    for norm in norms(net):
        like = net.out.bias
        norm.track_running_stats, norm.momentum = True, MOMENTUM
        norm.running_mean = like.new_zeros(norm.num_features)
        norm.running_var = like.new_ones(norm.num_features)
        norm.num_batches_tracked = torch.zeros((), dtype=torch.long, device=like.device)
    return net


class Running(Shared):
    """The shared weights as they score with running statistics: those of all paths together."""

    def __call__(self, x: Tensor, choice: Choice, hard: bool = False) -> Tensor:
        """Map signals (N, L) to logits (N, K)."""
        net = self.supernet.eval()
        logits: Tensor = net(x, choice, hard)
        net.train()
        return logits


class Recalibrated(Running):
    """A copy of the weights whose running statistics are a path's own, over training rows."""

    def __init__(self, supernet: EdgeSupernet, rows: Part, batch: int) -> None:
        super().__init__(deepcopy(supernet))
        self.batches = [x.T for x in rows.x.split(batch, dim=1)]
        for norm in norms(self.supernet):
            norm.momentum = None  # the mean over batches

    def __call__(self, x: Tensor, choice: Choice, hard: bool = False) -> Tensor:
        """Estimate the path's statistics, then map signals (N, L) to logits (N, K)."""
        for norm in norms(self.supernet):
            norm.reset_running_stats()
        for batch in self.batches:
            self.supernet(batch, choice, hard)
        return super().__call__(x, choice, hard)


FORMS = {"batch": Shared, "running": Running}
