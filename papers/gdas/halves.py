"""Whether a search has made up its mind: the cells of two halves of its last epochs, compared.

Alpha is averaged over the first and over the second half of the last fifth of a search; a cell is
derived from each mean. Where alpha hardly moves away from noise (issue 56 of the authors' code),
both are nearly independent draws.

Shapes: E edges, O operations.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, TypeVar

import torch
from torch import Tensor

from papers.cells.supernet.relaxation import Relaxation

WINDOW = 0.2  # [ours] the share of a search, its end, that is halved
Derived = TypeVar("Derived")


def half(turn: int, horizon: int) -> int | None:
    """Return which half of the window a turn is in, 0 or 1; None before the window."""
    start = round((1 - WINDOW) * horizon)
    if turn < start:
        return None
    return int(2 * (turn - start) >= horizon - start)


class Halves:
    """Sums of softmaxed alpha (E, O) over both halves, by type of cell."""

    def __init__(self) -> None:
        self.sums: list[dict[str, Tensor]] = [{}, {}]

    @torch.no_grad()
    def note(self, relaxation: Relaxation, turn: int, horizon: int) -> None:
        """Add the weights that a turn ends with, where it is in the window."""
        which = half(turn, horizon)
        if which is not None:
            own = self.sums[which]
            for name in relaxation.cells:
                weights = relaxation.weights(name).detach()
                own[name] = own[name] + weights if name in own else weights.clone()

    def derived(self, derive: Callable[[Mapping[str, Tensor]], Derived]) -> list[Derived]:
        """Return what is derived from each half; nothing until both have begun.

        A sum serves as a mean: a row's order does not depend on its scale, and the rows of a half
        are sums of equally many.
        """
        return [derive(own) for own in self.sums] if all(self.sums) else []

    def state_dict(self) -> dict[str, Any]:
        """Return both sums."""
        return {"sums": [dict(own) for own in self.sums]}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Take an earlier attempt's sums over."""
        self.sums = [dict(own) for own in state["sums"]]
