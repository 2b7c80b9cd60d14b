"""The pair that the bench times for the recurrent space: a pass through the search cell."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor

from harness.pair import KEEP, Pair
from papers.text.cell import OPERATIONS, CellMasks, MixedRecurrentCell, RecurrentCell, offset
from papers.text.cell_fast import FastMixedRecurrentCell

Form = Callable[[int, int], RecurrentCell]  # nodes and width
Runs = Callable[[Tensor], tuple[Tensor | bool, ...]]


def mixture(alpha_EO: Tensor) -> tuple[Tensor]:
    """Return the weights of all operations."""
    return (alpha_EO.softmax(1),)


@dataclass
class RecurrentRace:
    """Both forms of a search cell with the same weights, on the same window.

    `runs` makes of alpha (E, O) what a cell takes besides its input.
    """

    nodes: int
    width: int
    batch: int
    steps: int
    forms: tuple[Form, Form] = (MixedRecurrentCell, FastMixedRecurrentCell)  # oracle, fast
    runs: Runs = mixture

    def __post_init__(self) -> None:
        drawn = torch.Generator().manual_seed(0)
        self.slow, self.fast = (form(self.nodes, self.width) for form in self.forms)
        with torch.no_grad():
            for parameter in self.slow.parameters():
                parameter.uniform_(-0.2, 0.2, generator=drawn)
        self.fast.load_state_dict(self.slow.state_dict())
        size = (self.batch, self.width)
        self.x = torch.randn(self.steps, *size, generator=drawn)
        kept = [torch.rand(size, generator=drawn) for _ in range(2)]
        self.masks = CellMasks(*((part > 0.25) / 0.75 for part in kept))
        edges = offset(self.nodes + 1)
        self.alpha = torch.randn(edges, len(OPERATIONS), generator=drawn).requires_grad_()

    def outcome(self, cell: RecurrentCell) -> tuple[Tensor, ...]:
        """Return the states, and the gradients of alpha and of the weights, in their precision."""
        kind = cell.root.dtype
        x, alpha = self.x.to(kind), self.alpha.to(kind)
        masks = CellMasks(self.masks.x.to(kind), self.masks.hidden.to(kind))
        states: Tensor = cell(x, torch.zeros_like(x[0]), masks, *self.runs(alpha))
        loss = states.square().mean()
        return states, *torch.autograd.grad(loss, (self.alpha, *cell.parameters()))

    def agree(self) -> None:
        """Check in float64 that both have the same states and gradients."""
        ours, theirs = (self.outcome(cell.double()) for cell in (self.fast, self.slow))
        for one, other in zip(ours, theirs, strict=True):
            torch.testing.assert_close(one, other, rtol=1e-10, atol=1e-10, check_dtype=False)
        self.fast.float()
        self.slow.float()

    def pair(self, name: str, oracle: str) -> Pair:
        """Return what the bench times: a pass forward and backward, for each word."""
        return Pair(
            f"{name}, {self.nodes} nodes of {self.width}, per time step",
            lambda: self.outcome(self.slow),
            lambda: self.outcome(self.fast),
            self.agree,
            KEEP,
            units=self.steps,
            note=f"oracle: edge by edge, {oracle}",
        )


def pairs() -> list[Pair]:
    """Return the search cell edge by edge, and grouped by the state that is read."""
    return [mixed(4, 32), mixed(8, 64)]


def mixed(nodes: int, width: int) -> Pair:
    """Return the pair of one size, forward and backward, 32 streams of 10 words."""
    race = RecurrentRace(nodes, width, 32, 10)
    return race.pair("recurrent search cell", "activation by activation")
