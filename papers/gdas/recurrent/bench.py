"""The pair that the bench times for sampled recurrent cells: a pass through the search cell."""

from __future__ import annotations

import torch
from torch import Tensor

from harness.pair import Pair
from papers.gdas.recurrent.cell import SampledCell
from papers.gdas.recurrent.cell_fast import FastSampledCell
from papers.gdas.sampler import gumbel, straight_through
from papers.text.bench import RecurrentRace

TAU = 5.0  # the middle of a search


def sample(alpha_EO: Tensor) -> tuple[Tensor, bool]:
    """Return one sample, the same for all who ask, and that only what has weight runs."""
    noise = gumbel(alpha_EO.shape, torch.Generator().manual_seed(0)).to(alpha_EO.dtype)
    return straight_through(alpha_EO.log_softmax(1), noise, TAU), True


def pairs() -> list[Pair]:
    """Return the sampled cell edge by edge, and grouped by the node that is reached."""
    return [sampled(4, 32), sampled(8, 64)]


def sampled(nodes: int, width: int) -> Pair:
    """Return the pair of one size, forward and backward, 32 streams of 10 words."""
    race = RecurrentRace(nodes, width, 32, 10, (SampledCell, FastSampledCell), sample)
    return race.pair("sampled recurrent cell", "the drawn activation alone")
