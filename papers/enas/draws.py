"""Architectures drawn side by side, or one after another as the release does: for `bench`."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor

from harness.pair import KEEP, Pair
from papers.cells.searcher.policy import Controller

DRAWN = 100  # architectures of a call


@dataclass
class Draws:
    """A call draws 100 architectures, at once where `together`."""

    controller: Controller
    together: bool

    @torch.no_grad()
    def __call__(self) -> Tensor:
        """Return codes (100, D)."""
        stream = torch.Generator().manual_seed(0)
        counts = [DRAWN] if self.together else [1] * DRAWN
        return torch.cat([self.controller.sample(count, stream).codes for count in counts])


def drawing(what: str, controller: Callable[[], Controller]) -> Pair:
    """Return both ways to draw; they agree on the probability of what is drawn."""
    alone, together = Draws(controller(), False), Draws(controller(), True)

    @torch.no_grad()
    def agree() -> None:
        codes = together()
        rows = [alone.controller.evaluate(code[None]).log_prob for code in codes]
        whole = together.controller.evaluate(codes).log_prob
        torch.testing.assert_close(torch.cat(rows), whole, rtol=1e-5, atol=1e-4)

    name = f"{DRAWN} {what} drawn by the controller, per draw"
    return Pair(name, alone, together, agree, KEEP, units=DRAWN)
