"""What predicted parameters are worth, on networks that the hypernetwork has never seen.

Batch norm goes by the statistics of the test batch, so that accuracy depends on how large it is
and in which order rows come: both are fixed (Sec. 5; the authors' code).

Shapes: N rows, K classes.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from statistics import fmean

import torch
from torch import Tensor

from papers.ghn2.hyper.batch import Prepared
from papers.ghn2.hyper.network import HyperNetwork
from papers.ghn2.space.network import Network, Tensors
from papers.ghn2.testbed import Rows

TOGETHER = 4  # networks that are predicted in one pass


@dataclass(frozen=True)
class Judged:
    """Networks of a split with what their predicted parameters reach, as fractions."""

    networks: tuple[Network, ...]
    accuracies: tuple[float, ...]

    @property
    def mean(self) -> float:
        """Mean accuracy."""
        return fmean(self.accuracies)


@torch.no_grad()
def accuracy(network: Network, parameters: Tensors, rows: Rows, batch: int) -> float:
    """Return the share of rows that are classified right; a result that is no number is wrong."""
    right = torch.zeros((), dtype=torch.int64, device=rows.y.device)
    for x, y in zip(rows.x.split(batch), rows.y.split(batch), strict=True):
        logits = network.logits(parameters, x)
        right += (chosen(logits) == y).sum()
    return float(right) / len(rows)


def chosen(logits: Tensor) -> Tensor:
    """Return the class of each row (N, K) -> (N); -1 where a logit is not finite."""
    fine = logits.isfinite().all(-1)
    return torch.where(fine, logits.nan_to_num().argmax(-1), -1)


@torch.no_grad()
def predict(hyper: HyperNetwork, networks: Sequence[Network]) -> list[dict[str, Tensor]]:
    """Return all parameters of each network, a few networks in one pass."""
    found: list[dict[str, Tensor]] = []
    for start in range(0, len(networks), TOGETHER):
        part = networks[start : start + TOGETHER]
        found += hyper([Prepared(network.graph, hyper.hyper) for network in part])
    return found


def judge(hyper: HyperNetwork, networks: Sequence[Network], rows: Rows, batch: int) -> Judged:
    """Return what each network reaches with predicted parameters."""
    predicted = predict(hyper, networks)
    return Judged(
        tuple(networks),
        tuple(
            accuracy(network, own, rows, batch)
            for network, own in zip(networks, predicted, strict=True)
        ),
    )


def untrained(networks: Sequence[Network], rows: Rows, batch: int, seed: int) -> float:
    """Return the mean accuracy of the networks with random parameters."""
    where = rows.y.device
    return fmean(
        accuracy(network, on(network.initial(seed + place), where), rows, batch)
        for place, network in enumerate(networks)
    )


def on(parameters: Tensors, where: torch.device) -> dict[str, Tensor]:
    """Return parameters on a device."""
    return {name: value.to(where) for name, value in parameters.items()}
