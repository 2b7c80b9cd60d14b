"""Evolution of the league's cells: on recorded trainings, and with children that are trained."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from papers.amoebanet.league.config import WORKERS
from papers.amoebanet.league.evolution import Evolution, Evolutions, Uniforms
from papers.cells.league import stacked
from papers.cells.league import trained as by_training
from papers.cells.space.allowed import Allowed

if TYPE_CHECKING:
    from harness.paper import Row
    from harness.trial import Trial
    from papers.amoebanet.league.config import TableEvolution, TableRandom, TrainedEvolution


def run(config: TableEvolution, trial: Trial) -> Iterator[Row]:
    """Run `config.searches` evolutions of each objective on recorded trainings."""
    yield from stacked.run(
        config, trial, lambda allowed, *more: Evolutions(allowed, config, *more)
    )


def random(config: TableRandom, trial: Trial) -> Iterator[Row]:
    """Run as many random searches."""
    yield from stacked.run(config, trial, Uniforms)


def trained(config: TrainedEvolution, trial: Trial) -> Iterator[Row]:
    """Run one evolution of each objective whose children are really trained."""

    def make(allowed: Allowed, seed: int) -> Evolution:
        return Evolution(allowed, config, seed)

    yield from by_training.run(config, make, WORKERS, trial, config.objectives, config.price)
