"""Which weights a mask spares, and how often its survivors are neighbours.

The weight and the bias of a layer are pruned in one pool: of its `len` numbers the
floor(sparsity * len) lowest scores are dropped.

Shapes: H hidden units, 40 positions.
"""

from __future__ import annotations

import math

import torch
from torch import Tensor

from papers.mnist1d.lottery.subnetwork import Masks, Weights

LAYERS = ("first", "second", "out")


def everything(weights: Weights) -> Masks:
    """Return the mask that spares all."""
    return {name: torch.ones_like(value, dtype=torch.bool) for name, value in weights.items()}


def by_magnitude(weights: Weights, masks: Masks, sparsity: float) -> Masks:
    """Drop the smallest magnitudes; what an earlier round dropped goes first: masks are nested."""
    scores = {name: value.abs().where(masks[name], -1.0) for name, value in weights.items()}
    return drop(scores, sparsity)


def at_random(weights: Weights, sparsity: float, seed: int) -> Masks:
    """Drop by fresh uniform scores, drawn on the CPU: not nested with any other round's."""
    random = torch.Generator().manual_seed(seed)
    return drop(
        {n: torch.rand(v.shape, generator=random).to(v.device) for n, v in weights.items()},
        sparsity,
    )


def drop(scores: Weights, sparsity: float) -> Masks:
    """Return the masks without each layer's floor(sparsity * len) lowest scores."""
    masks = {}
    for layer in LAYERS:
        names = (f"{layer}.weight", f"{layer}.bias")
        pool = torch.cat([scores[name].flatten() for name in names])
        kept = torch.ones_like(pool, dtype=torch.bool)
        kept[pool.argsort(stable=True)[: math.floor(sparsity * len(pool))]] = False
        for name, part in zip(names, kept.split([scores[n].numel() for n in names]), strict=True):
            masks[name] = part.view(scores[name].shape)
    return masks


def adjacency(mask: Tensor, length: int, last: Tensor | None = None) -> Tensor:
    """Return A_m of each unit (H): runs of m = `length` surviving neighbours, over 40.

    The authors divide by the 40 positions, not by the 41 - m places of a run. `last` is the mask
    that a run's last factor comes from: their notebook takes the random one's for m = 4.
    """
    ends = mask if last is None else last
    runs = mask.unfold(1, length, 1)[..., :-1].all(-1) & ends[:, length - 1 :]
    return runs.sum(1) / mask.shape[1]


def independent(mask: Tensor, length: int) -> float:
    """Return what A_m would be if survivors lay independently: p^m (41 - m) / 40."""
    positions = mask.shape[1]
    density = float(mask.float().mean())
    return float(density**length * (positions + 1 - length) / positions)
