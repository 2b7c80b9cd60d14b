"""Reinforcement learning of the league's cells: trainings are recorded, or children trained."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from papers.cells.league import stacked
from papers.cells.league import trained as by_training
from papers.cells.space.allowed import Allowed
from papers.nasnet.config import Learning
from papers.nasnet.league.config import WORKERS
from papers.nasnet.league.lstms import Lstms
from papers.nasnet.league.searcher import Reinforced
from papers.nasnet.league.tables import Tables

if TYPE_CHECKING:
    from harness.paper import Row
    from harness.trial import Trial
    from papers.nasnet.league.config import TableLearning, TrainedLearning


def run(config: TableLearning, trial: Trial) -> Iterator[Row]:
    """Run `config.searches` searches of each objective on recorded trainings."""

    def make(allowed: Allowed, seeds: Sequence[int], turns: int) -> stacked.Searchers:
        return side_by_side(config, allowed, seeds, turns)

    yield from stacked.run(config, trial, make)


def side_by_side(
    config: Learning, allowed: Allowed, seeds: Sequence[int], turns: int
) -> stacked.Searchers:
    """Return the policies of many searches."""
    if config.policy == "tabular":
        return Tables(allowed, config, seeds, turns)
    return Lstms(allowed, config, seeds, turns)


def trained(config: TrainedLearning, trial: Trial) -> Iterator[Row]:
    """Run one search of each objective whose children are really trained."""

    def make(allowed: Allowed, seed: int) -> Reinforced:
        return Reinforced(allowed, config, seed)

    yield from by_training.run(config, make, WORKERS, trial, config.objectives, config.price)
