"""What predicted parameters are worth on images that do not fit into memory.

Many networks see each batch that is decoded. Batch norm goes by the statistics of the batch, so
that its size and the order of the images are fixed (Sec. 5; the authors' code).

Shapes: N images, K classes, T ways to judge, M networks.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import closing

import torch
from torch import Tensor

from harness.training import imagenet
from papers.ghn2.evaluation import Judged, predict
from papers.ghn2.hyper.network import HyperNetwork
from papers.ghn2.imagenet.bed import Part, shown
from papers.ghn2.imagenet.config import ImageNet
from papers.ghn2.space.network import Network

TOPS = {"top1": 1, "top5": 5}  # right where the label is among so many of the largest logits


def judged(
    hyper: HyperNetwork, splits: Mapping[str, Sequence[Network]], part: Part, config: ImageNet
) -> dict[str, dict[str, Judged]]:
    """Return what the networks of every split reach, by each way to judge."""
    networks = [network for own in splits.values() for network in own]
    reached = accuracies(hyper, networks, part, config)
    found: dict[str, dict[str, Judged]] = {top: {} for top in TOPS}
    start = 0
    for split, own in splits.items():
        for top, all_of_them in zip(TOPS, reached, strict=True):
            some = all_of_them[start : start + len(own)]
            found[top][split] = Judged(tuple(own), tuple(some))
        start += len(own)
    return found


@torch.no_grad()
def accuracies(
    hyper: HyperNetwork, networks: Sequence[Network], part: Part, config: ImageNet
) -> list[list[float]]:
    """Return the share of images that each network classifies right, by each way (T, M)."""
    counts = [
        right(hyper, networks[start : start + config.at_once], part, config)
        for start in range(0, len(networks), config.at_once)
    ]
    shares: list[list[float]] = (torch.cat(counts, 1).double() / len(part)).tolist()
    return shares


def right(
    hyper: HyperNetwork, networks: Sequence[Network], part: Part, config: ImageNet
) -> Tensor:
    """Return how many images each network classifies right by each way (T, M), read once."""
    predicted = predict(hyper, networks)
    counts = torch.zeros(len(TOPS), len(networks), dtype=torch.int64, device=hyper.where)
    batches = imagenet.in_order(
        part.images, part.labels, config.eval_batch, config.side, config.workers
    )
    with closing(batches):
        for own, labels in batches:
            x, y = shown(own, hyper.where), labels.to(hyper.where)
            for place, (network, parameters) in enumerate(zip(networks, predicted, strict=True)):
                counts[:, place] += hits(network.logits(parameters, x), y)
    return counts


def hits(logits: Tensor, y: Tensor) -> Tensor:
    """Return how many of logits (N, K) are right by each way (T); rows with no numbers are not."""
    known = torch.where(logits.isfinite().all(-1), y, -1)
    missed = [imagenet.missed(logits, known, best) for best in TOPS.values()]
    return len(y) - torch.stack(missed)
