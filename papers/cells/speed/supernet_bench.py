"""The supernet's loop, in both layouts of images, beside its fast form."""

from __future__ import annotations

import copy
from collections.abc import Mapping
from contextlib import nullcontext
from dataclasses import dataclass
from functools import partial
from statistics import median

import torch
from torch import Tensor

from harness.pair import KEEP, Pair, Rival
from harness.training import device, metrics
from papers.cells.speed.search_step import (
    CHANNELS_LAST,
    FAST,
    LOOP,
    RIVAL,
    arranged,
    forms,
    whole_flops,
)
from papers.cells.supernet.layouts import ImageLayout
from papers.cells.supernet.node import Design, Supernet, Weights
from papers.cells.supernet.node_fast import FastSupernet, active, run_cell
from papers.cells.supernet.node_fast_c.form import compiled

SIGNALS = Design(channels=8, cells=3, dim=1, inputs=1)
BATCH, LENGTH = 100, 40
IMAGES, WHOLE = Design(channels=16, cells=3), Design()  # for a cell of it; the paper's
SEED = 0
DRAWS = 5  # on which compiled kernels are compared
COMPILED = "compiled"
NAMES = {LOOP: "the loop", CHANNELS_LAST: RIVAL}
PATH = (4, 5, 6, 7, 1, 3, 4, 5, 2, 6, 7, 4, 3, 5)  # a sampled cell: one operation an edge


@dataclass
class Race:
    """One supernet on random rows, in all its forms: loss, gradients of all weights and of alpha.

    Rows are (N, inputs, L) or (N, inputs, H, W), of a `size` (L) or (H, W).
    """

    path: bool
    design: Design = SIGNALS
    batch: int = BATCH
    size: tuple[int, ...] = (LENGTH,)
    dtype: torch.dtype = torch.float32
    seed: int = SEED

    def __post_init__(self) -> None:
        with device.seeded(self.seed):
            loop = Supernet(self.design).to(self.dtype)
            x = torch.randn(self.batch, self.design.inputs, *self.size, dtype=self.dtype)
            first = [1e-3 * torch.randn(14, 8, dtype=self.dtype) for _ in range(2)]
        self.alphas = [alpha.requires_grad_() for alpha in first]
        self.nets = {
            form: arranged(copy.deepcopy(loop), x, form) for form in forms(self.design.dim)
        }
        _, rows = self.nets[FAST]
        self.nets[COMPILED] = FastSupernet.of(copy.deepcopy(loop)), rows

    def weights(self) -> list[Weights]:
        """Return what both types of cell run."""
        return [PATH, PATH] if self.path else [alpha.softmax(1) for alpha in self.alphas]

    def gradients(self, form: str) -> list[Tensor]:
        """Run forward and backward in one form; return the loss and all gradients."""
        net, x = self.nets[form]
        with compiled() if form == COMPILED else nullcontext():
            loss = net(x, *self.weights()).logsumexp(1).mean()
            return differentiated(loss, [*net.parameters(), *self.alphas])

    def flops(self) -> float:
        """Return three times what the loop's forward pass takes."""
        if not self.path:
            return whole_flops(self.design, self.batch, self.size, 1)
        net, x = self.nets[LOOP]
        with torch.no_grad():
            return 3 * metrics.flops(lambda: net(x, *self.weights()))

    def agree(self) -> None:
        """Check that all have the same loss and gradients, where rounding flips no ReLU.

        In float64, and on few rows and positions where there is a width; not so few rows that the
        loop would stand for the fast form.
        """
        exact = self.small(torch.float64)
        first, *others = (exact.gradients(form) for form in forms(self.design.dim))
        for other in others:
            close(first, other)

    def kernels_agree(self) -> None:
        """Check that compiled kernels give what torch's do, in float32: they have no other.

        In most of some draws: in the others rounding flips a ReLU or a maximum, in either form.
        """
        draws = [self.small(torch.float32, seed) for seed in range(DRAWS)]
        found = [apart(few.gradients(FAST), few.gradients(COMPILED)) for few in draws]
        assert median(found) <= 1e-4, f"compiled kernels: {found} of the largest apart"

    def plain_pair(self, name: str, aim: float, threads: int) -> Pair:
        """Return the loop in NCHW, the fast form, and the loop in channels_last as its rival."""
        oracle, fast = partial(self.gradients, LOOP), partial(self.gradients, FAST)
        rival = Rival(NAMES[CHANNELS_LAST], partial(self.gradients, CHANNELS_LAST), aim)
        few = "" if self.batch >= FastSupernet.fewest else "; fast: so few go through the rival"
        note, flops = f"oracle: the loop, NCHW{few}", self.flops()
        return Pair(name, oracle, fast, self.agree, KEEP, 1, flops, note, rival, threads)

    def compiled_pair(self, name: str, rival: str, aim: float, threads: int = 1) -> Pair:
        """Return the fast form with torch's kernels and with compiled ones, and a form beside."""
        oracle, fast = partial(self.gradients, FAST), partial(self.gradients, COMPILED)
        beside = Rival(NAMES[rival], partial(self.gradients, rival), aim)
        note, flops = "oracle: the fast form with torch's kernels", self.flops()
        name = f"{name}, compiled kernels"
        return Pair(name, oracle, fast, self.kernels_agree, KEEP, 1, flops, note, beside, threads)

    def small(self, dtype: torch.dtype, seed: int = SEED) -> Race:
        """Return the same with few rows and positions, where there is a width."""
        size = (self.batch, self.size) if self.design.dim == 1 else (4, (10, 10))
        return Race(self.path, self.design, *size, dtype, seed)


@dataclass
class CellRace:
    """The first cell of DARTS's supernet at its full size (16 channels, 32x32) and batch 64."""

    batch: int = 64
    size: int = 32

    def __post_init__(self) -> None:
        with device.seeded(SEED):
            self.cell = next(Supernet(IMAGES).mixed_cells())
            self.x = torch.randn(self.batch, 3 * IMAGES.channels, self.size, self.size)
            self.alpha = (1e-3 * torch.randn(14, 8)).requires_grad_()
        self.source = ImageLayout.of(self.x.contiguous(memory_format=torch.channels_last))

    def gradients(self, fast: bool) -> list[Tensor]:
        """Run forward and backward; return the loss and all gradients."""
        weights = self.alpha.softmax(1)
        if fast:
            out = run_cell(self.cell, self.source, self.source, active(self.cell, weights, False))
            value = out.given
        else:
            value = self.cell(self.x, self.x, weights, False)
        return differentiated(value.pow(3).mean(), [*self.cell.parameters(), self.alpha])

    def oracle(self) -> list[Tensor]:
        """Run the loop."""
        return self.gradients(fast=False)

    def quick(self) -> list[Tensor]:
        """Run the fast form."""
        return self.gradients(fast=True)

    @torch.no_grad()
    def flops(self) -> float:
        """Return three times what the loop's forward pass takes."""
        weights = self.alpha.softmax(1)
        return 3 * metrics.flops(lambda: self.cell(self.x, self.x, weights, False))

    def agree(self) -> None:
        """Check that both have the same loss and gradients: on a small batch, in float64."""
        small = CellRace(4, 16)
        small.cell.double()
        small.x = small.x.double()
        small.source = ImageLayout.of(small.x)
        small.alpha = small.alpha.detach().double().requires_grad_()
        close(small.gradients(fast=False), small.gradients(fast=True))


def differentiated(loss: Tensor, leaves: list[Tensor]) -> list[Tensor]:
    """Return the loss and its gradients where there are any."""
    own = torch.autograd.grad(loss, leaves, allow_unused=True)
    return [loss.detach(), *(gradient for gradient in own if gradient is not None)]


def close(one: list[Tensor], other: list[Tensor]) -> None:
    """Check that two lists agree to 1e-9, as `apart` has it."""
    assert apart(one, other) <= 1e-9


def apart(one: list[Tensor], other: list[Tensor]) -> float:
    """Return the largest difference, as a share of each, or the median, tensor's largest."""
    assert len(one) == len(other)
    sizes = torch.stack([tensor.abs().max() for tensor in one])
    largest = sizes.clamp_min(sizes.median())
    between = [(a - b).abs().max() for a, b in zip(one, other, strict=True)]
    return float((torch.stack(between) / largest).max())


def on_images(batch: int, aims: Mapping[int, float], compiled: Mapping[int, float]) -> list[Pair]:
    """Return passes of DARTS's whole search network at its size on CIFAR-10.

    `aims`: of each number of threads, how many times as long as the fast form the loop in
    channels_last was asked to take; `compiled`: the same of the fast form with compiled kernels.
    """
    race = Race(path=False, design=WHOLE, batch=batch, size=(32, 32))
    name = f"2-D supernet, C=16, L=8, 32x32, batch {batch}: mixture, forward and backward"
    return [race.plain_pair(name, aim, threads) for threads, aim in aims.items()] + [
        race.compiled_pair(name, CHANNELS_LAST, aim, threads) for threads, aim in compiled.items()
    ]


def on_signals(aim: float) -> Pair:
    """Return a pass of the 1-D search network with compiled kernels, beside the loop."""
    name = f"1-D supernet, C=8, L=3, batch {BATCH}: mixture, forward and backward"
    return Race(path=False).compiled_pair(name, LOOP, aim)


def pairs() -> list[Pair]:
    """Return a 1-D supernet as mixture and as path, and a cell of the 2-D one.

    FLOPs are the loop's, three times its forward pass, also where the fast form computes fewer.
    """
    mixture, path, cell = Race(path=False), Race(path=True), CellRace()
    note = "forward and backward, same weights"
    return [
        Pair(
            f"1-D supernet, C=8, L=3, batch {BATCH}: {kind}",
            partial(race.gradients, LOOP),
            partial(race.gradients, FAST),
            race.agree,
            aim,
            flops=race.flops(),
            note=note,
        )
        for kind, race, aim in (("mixture", mixture, 2.5), ("one path", path, KEEP))
    ] + [
        Pair(
            "2-D supernet, a normal cell, C=16, 32x32, batch 64: mixture",
            cell.oracle,
            cell.quick,
            cell.agree,
            4.0,
            flops=cell.flops(),
            note=f"oracle: NCHW; {note}",
        ),
    ]
