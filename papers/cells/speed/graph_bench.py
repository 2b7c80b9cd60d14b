"""Whole steps of a search on a GPU: the loop in both layouts beside graphs that are replayed.

What `run --kernels graph` and `graph-bf16` run, and the loop's own graph between them: how much is
due to fewer launches, and how much to another form. All start from the same weights and see the
same rows. A form is built when it is first called, and where there is no GPU none is.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from functools import cached_property, partial

import torch

from harness.pair import KEEP, Pair, Rival
from harness.training import device
from harness.training.graph import CudaGraph, Recorder
from papers.cells.speed.search_step import (
    CHANNELS_LAST,
    FAST,
    LOOP,
    RIVAL,
    SearchStep,
    agree,
    node_step,
)
from papers.cells.supernet.captured import BF16, FLOAT32, replayed
from papers.cells.supernet.method import Method
from papers.cells.supernet.node import Design

MISSING = "no CUDA device"
CLOSE = 0.05  # how far a loss in bf16 may be from the loop's, as a share of it
GRAPHS = {  # what is replayed -> its form of the network, its precision
    "the fast form (--kernels graph)": (FAST, FLOAT32),
    "the loop in channels_last": (CHANNELS_LAST, FLOAT32),
    "the loop in channels_last and bf16 (--kernels graph-bf16)": (CHANNELS_LAST, BF16),
}


@dataclass(frozen=True)
class Place:
    """A device, and what captures there."""

    device: str = "cuda"
    recorder: Callable[[], Recorder] = CudaGraph


@dataclass
class GraphRace:
    """One search on random rows (N, inputs, H, W), in all its forms on one device."""

    design: Design
    batch: int
    size: tuple[int, ...]
    method: Method
    place: Place = field(default_factory=Place)
    dtype: torch.dtype = torch.float32

    @cached_property
    def steps(self) -> dict[str, SearchStep]:
        """The forms that have been called."""
        device.prepare(self.place.device)
        return {}

    def step(self, form: str) -> SearchStep:
        """Return a step of a form of the network, launched call by call, or of one of GRAPHS."""
        steps = self.steps
        if form not in steps:
            own, precision = GRAPHS.get(form, (form, FLOAT32))
            given = (self.design, self.batch, self.size, self.method, own, self.dtype)
            steps[form] = node_step(*given, self.place.device)
            if form in GRAPHS:
                optimizers = steps[form].optimizers
                problem = replayed(optimizers.problem, self.place.recorder, precision)
                optimizers.problem = problem
        return steps[form]

    def __call__(self, form: str) -> None:
        """Take a step, to its end on the device."""
        self.step(form)()
        device.synchroniser(self.place.device)()

    def agree(self, form: str) -> None:
        """Check that a graph goes where the loop goes: in float64; the loss alone in bf16."""
        if GRAPHS[form][1] == FLOAT32:
            small = replace(self, batch=4, size=(10, 10), dtype=torch.float64)
            agree([small.step(each) for each in (LOOP, CHANNELS_LAST, form)])
            return
        small = replace(self, batch=4, size=(10, 10))
        losses = [
            step.optimizers.problem.loss(step.batches[0])
            for step in (small.step(LOOP), small.step(form))
        ]
        exact, found = (float(loss.detach()) for loss in losses)
        assert abs(found - exact) <= CLOSE * abs(exact), f"loss {found}, the loop's is {exact}"


def pairs(design: Design, batch: int, size: tuple[int, int], method: Method) -> list[Pair]:
    """Return a row for each of GRAPHS: the loop in NCHW is its oracle, in channels_last its rival.

    The share of the peak is not given: that is the processor's.
    """
    race = GraphRace(design, batch, size, method)
    there = torch.cuda.is_available()
    where = f"; on {device.describe('cuda')}" if there else ""
    text = f"2-D search on a GPU, C={design.channels}, L={design.cells}, {size[0]}x{size[1]}"
    return [
        Pair(
            f"{text}, batch {batch}: a step of alpha and w, replayed: {form}",
            partial(race, LOOP),
            partial(race, form),
            partial(race.agree, form),
            KEEP,
            note=f"oracle: the loop, NCHW{where}",
            rival=Rival(RIVAL, partial(race, CHANNELS_LAST)),
            missing="" if there else MISSING,
        )
        for form in GRAPHS
    ]
