"""What a search has been charged: the same for a trained child and for one looked up in the table.

Evaluators and supernets fill it in; searchers cannot. A training step of a network with M
multiply-adds on a batch of B costs 3 * 2 M B FLOPs (forward, and backward at twice that), a
forward pass 2 M per row. Steps and FLOPs are exact. Seconds are those that the table recorded;
what is trained here and now has its seconds on the meter.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

from papers.cells.child.mnist1d import Recipe

VALIDATIONS = 3  # a child is validated at each third of its training


@dataclass
class Costs:
    """Running totals of one search."""

    sgd_steps: int = 0
    step_flops: float = 0.0
    forward_flops: float = 0.0
    seconds: float = 0.0
    trained: int = 0
    scored: int = 0

    def child(self, macs: int, recipe: Recipe, seconds: float = 0.0) -> None:
        """Charge a child's whole training and its validations."""
        self.sgd_steps += recipe.steps
        self.step_flops += training_flops(macs, recipe.steps * recipe.batch)
        self.forward_flops += VALIDATIONS * 2 * macs * recipe.held_out
        self.seconds += seconds
        self.trained += 1

    def step(self, macs: int, batch: int) -> None:
        """Charge one step of shared weights along a path of so many multiply-adds."""
        self.sgd_steps += 1
        self.step_flops += training_flops(macs, batch)

    def score(self, macs: int, rows: int) -> None:
        """Charge a forward pass over validation rows."""
        self.forward_flops += 2 * macs * rows
        self.scored += 1

    @property
    def flops(self) -> float:
        """Return all FLOPs charged."""
        return self.step_flops + self.forward_flops

    def row(self) -> dict[str, float]:
        """Return the league's axes as metrics of a row."""
        axes = {"charged_steps": float(self.sgd_steps), "charged_flops": self.flops}
        return axes | ({"charged_seconds": self.seconds} if self.seconds else {})

    def state_dict(self) -> dict[str, Any]:
        """Return what a resumed search needs."""
        return asdict(self)

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Take an earlier attempt's charges over."""
        for name, value in state.items():
            setattr(self, name, value)


def training_flops(macs: int, rows: int) -> float:
    """Return the FLOPs of forward and backward over so many rows."""
    return 3.0 * 2 * macs * rows
