"""A search of the league: DARTS's gradients of alpha, all operations on every edge (Alg. 1)."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from papers.cells.child.mnist1d import Signals
from papers.cells.league import flops
from papers.cells.league.edge_search import EdgeSearch
from papers.cells.league.gradient_search import compete
from papers.cells.space.edge import SPACES
from papers.cells.supernet.bilevel import rate
from papers.darts.method import method

if TYPE_CHECKING:
    from harness.paper import Row
    from harness.trial import Trial
    from papers.darts.league.config import LeagueSearch


def run(config: LeagueSearch, trial: Trial) -> Iterator[Row]:
    """Search with all operations on every edge, derive a cell, and say what it is worth."""
    space, signals = SPACES[config.space], Signals.load(where=trial.device)
    found = EdgeSearch(
        space, config, signals, config.batch, trial.stream, method(config), config.union
    )
    work = flops.step_flops(space, config.passes, config.batch)

    def step(turn: int, horizon: int) -> float:
        found.step(rate(config, turn, horizon))
        return work

    yield from compete(found, step, signals, config, trial)
