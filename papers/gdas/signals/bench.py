"""Whole steps of a search by samples: the readable loop beside the fast form, on three networks.

Each note says how many times as long a step of DARTS's first order takes, in the loop and in the
fast form, on the same network and rows in the same run. One of eight operations (one of four in
the league's T1) runs, so eight (four) times is what the operations alone would give.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from statistics import median

import torch

from harness.pair import Pair, Rival
from harness.training import device
from papers.cells.space.edge import SPACES
from papers.cells.speed import search_step
from papers.cells.speed.search_step import (
    FAST,
    LOOP,
    RIVAL,
    SearchStep,
    edge_step,
    forms,
    node_step,
    where,
)
from papers.cells.supernet.bilevel import Optimizers
from papers.cells.supernet.method import Method
from papers.cells.supernet.node import Design
from papers.gdas.config import Gdas
from papers.gdas.method import method
from papers.gdas.sampler import Sampler

SIGNALS = Design(channels=8, cells=3, dim=1, inputs=1)
IMAGES = Design()
ROUNDS = 5  # of first order and samples in turn, for a note

Make = Callable[[Method, str, torch.dtype], SearchStep]


def sampled() -> Method:
    """Return GDAS's way to update alpha and w; two of them draw the same samples."""
    config = Gdas()
    return method(config, Sampler(config, 0))


def first_order() -> Method:
    """Return DARTS's first order."""
    return Method(partial(Optimizers, config=Gdas()))


def seconds(step: SearchStep) -> float:
    """Return the device time of a step."""
    clock = device.clock("cpu")
    begin = clock()
    step()
    return clock() - begin


def times(make: Make, form: str) -> float:
    """Return how many times as long a step of first order takes as one of GDAS."""
    dear, cheap = (make(one(), form, torch.float32) for one in (first_order, sampled))
    seconds(dear), seconds(cheap)
    return median(seconds(dear) / seconds(cheap) for _ in range(ROUNDS))


def pair(name: str, make: Make, small: Make, dim: int = 1) -> Pair:
    """Return loop and fast form of a step by samples, and where it can be the loop's rival."""

    def agree() -> None:
        search_step.agree([small(sampled(), form, torch.float64) for form in forms(dim)])

    loop, *last, fast = (make(sampled(), form, torch.float32) for form in forms(dim))
    loops, fasts = (times(make, form) for form in (LOOP, FAST))
    note = f"first order takes {loops:.1f} (loop) and {fasts:.1f} times (fast form) as long; "
    return Pair(
        f"{name}: w and alpha on samples",
        loop,
        fast,
        agree,
        1.3,
        note=note + where(fast),
        rival=Rival(RIVAL, last[0]) if last else None,
    )


def on_nodes(design: Design, batch: int, size: tuple[int, ...]) -> Make:
    """Return what makes steps on DARTS's space."""
    return lambda method, form, dtype: node_step(design, batch, size, method, form, dtype)


def on_edges(batch: int) -> Make:
    """Return what makes steps on the league's space."""
    return lambda method, form, dtype: edge_step(SPACES["T1"], batch, method, form, dtype)


def pairs() -> list[Pair]:
    """Return steps on the league's T1, and on DARTS's space in one and in two dimensions."""
    signals, images = on_nodes(SIGNALS, 100, (40,)), on_nodes(IMAGES, 16, (32, 32))
    return [
        pair("league T1, batch 50", on_edges(50), on_edges(50)),
        pair("1-D, C=8, L=3, batch 100", signals, on_nodes(SIGNALS, 4, (40,))),
        pair("2-D, C=16, L=8, 32x32, batch 16", images, on_nodes(IMAGES, 4, (10, 10)), 2),
    ]
