"""Whole steps of a search, alpha and w: the readable loop beside the fast supernet.

All start from the same weights and see the same rows, in one run. The 2-D network is that of the
paper's search on CIFAR-10 (Sec. 3.1) with a batch of 16 in place of 64: the loop would need
minutes for a step of 64.
"""

from __future__ import annotations

import torch

from harness.pair import Pair, Rival
from harness.training import compiler
from papers.cells.speed import search_step
from papers.cells.speed.search_step import RIVAL, SearchStep, forms, node_step, where
from papers.cells.speed.supernet_bench import on_signals
from papers.cells.supernet.node import Design
from papers.darts.config import Darts
from papers.darts.method import method

SIGNALS = Design(channels=8, cells=3, dim=1, inputs=1)
IMAGES = Design()
COMPILED = 3.8  # how much faster than the loop compiled kernels were asked to be


def pair(name: str, design: Design, batch: int, size: tuple[int, ...], gradient: str) -> Pair:
    """Return loop and fast form of one kind of step."""
    config = Darts(gradient=gradient)

    def steps(rows: int, lengths: tuple[int, ...], dtype: torch.dtype) -> list[SearchStep]:
        return [
            node_step(design, rows, lengths, method(config), form, dtype)
            for form in forms(design.dim)
        ]

    def agree() -> None:
        short = tuple(min(length, 40 // len(size) ** 2) for length in size)
        search_step.agree(steps(4, short, torch.float64))

    loop, *last, fast = steps(batch, size, torch.float32)
    rival = Rival(RIVAL, last[0]) if last else None
    words = gradient.replace("_", " ")
    text = f"{name}: a step of alpha and w, {words}"
    note = f"oracle: the loop{', NCHW' if design.dim == 2 else ''}; fast form: {where(fast)}"
    flops = search_step.whole_flops(design, batch, size, config.passes)
    return Pair(text, loop, fast, agree, 2.5, flops=flops, note=note, rival=rival)


def pairs() -> list[Pair]:
    """Return steps of searches in one dimension and at the paper's size in two."""
    signals = ("1-D search, C=8, L=3, batch 100", SIGNALS, 100, (40,))
    return [
        *([on_signals(COMPILED)] if compiler.found() else []),
        pair(*signals, "first_order"),
        pair(*signals, "second_order"),
        pair("2-D search, C=16, L=8, 32x32, batch 16", IMAGES, 16, (32, 32), "first_order"),
    ]
