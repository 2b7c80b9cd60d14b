"""GDAS's search of the league (Alg. 1): one alpha for both places of the cell.

Shapes: E edges, O operations.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING

from torch import Tensor

from papers.cells.child.mnist1d import Signals
from papers.cells.league.costs import training_flops
from papers.cells.league.edge_search import CELL, EdgeSearch
from papers.cells.league.gradient_search import compete
from papers.cells.network import light
from papers.cells.rows import Part
from papers.cells.space.edge import SPACES, Code
from papers.cells.supernet.bilevel import rate
from papers.cells.supernet.derivation import derive_code
from papers.gdas.halves import Halves
from papers.gdas.method import method
from papers.gdas.sampler import Sampler

if TYPE_CHECKING:
    from harness.paper import Row
    from harness.trial import Trial
    from papers.gdas.league.config import LeagueSearch


class Sampled(EdgeSearch):
    """The league's search network under samples; its rows say how sure alpha is."""

    def __init__(self, config: LeagueSearch, signals: Signals, trial: Trial) -> None:
        self.sampler, self.halves = Sampler(config, trial.stream("gumbel")), Halves()
        own = method(config, self.sampler)
        space = SPACES[config.space]
        super().__init__(space, config, signals, config.batch, trial.stream, own)

    def row(self, val: Part) -> dict[str, float]:
        """Return errors, alpha, tau, and how much the cells of the last epochs' halves agree."""
        values = {**super().row(val), "temperature": self.sampler.tau}
        halves = self.halves.derived(self._of)
        return values | ({"halves_agree": agreement(*halves)} if halves else {})

    def _of(self, weights: Mapping[str, Tensor]) -> Code:
        return derive_code(weights[CELL], self.space)


def agreement(one: Code, other: Code) -> float:
    """Return the share of edges on which two cells have the same operation."""
    return sum(a == b for a, b in zip(one, other, strict=True)) / len(one)


def run(config: LeagueSearch, trial: Trial) -> Iterator[Row]:
    """Search with one sampled operation an edge, derive a cell, and say what it is worth."""
    signals = Signals.load(where=trial.device)
    found = Sampled(config, signals, trial)
    sampler, halves = found.sampler, found.halves

    def step(turn: int, horizon: int) -> float:
        sampler.cool(turn, horizon)
        found.step(rate(config, turn, horizon))
        halves.note(found.relaxation, turn, horizon)
        run_macs = sum(light.macs(found.space, code) for code in sampler.last)
        return training_flops(run_macs, config.batch)

    yield from compete(found, step, signals, config, trial, sampler=sampler, halves=halves)
