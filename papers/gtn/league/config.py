"""A search by few-step accuracy in the league: [ours], but for what `Teaching` cites."""

from __future__ import annotations

from dataclasses import dataclass

from harness.paper import Refused, positive, require
from papers.cells.task import LEAGUE_SPACES, LIMIT
from papers.gtn.signals.config import SignalTeaching, refuse_labelled

TRAIN = 3000  # rows of the league's training part


@dataclass(frozen=True)
class LeagueTeaching(SignalTeaching):
    """Meta-training on random cells, and cells ranked by what they learn from its lessons.

    Cells are normalised by their own batch, as in the league's networks while they train. Those
    that are ranked, and all that are equal to them, are never met in meta-training.
    """

    statistics: str = "batch"
    evaluated: int = 1  # trainings of a cell that is ranked
    space: str = "T2"
    limit: int = LIMIT  # convolutions of a cell at most
    ranked: int = 200  # cells drawn once for all seeds; the best-scored of them is the result

    def __post_init__(self) -> None:
        super().__post_init__()
        require(self.space, LEAGUE_SPACES, "space")
        positive(self, "limit")
        refuse_labelled(self, TRAIN)
        if self.ranked < 2:
            raise Refused(f"ranked={self.ranked}: must be at least 2")
        if self.statistics != "batch":
            raise Refused(
                f"statistics={self.statistics}: cells are normalised by their own batch; must be "
                "batch"
            )
        if self.learners > 1:
            raise Refused(
                f"learners={self.learners}: cells of different shapes are not stacked; must be 1"
            )
        if self.treatment == "semi":
            raise Refused("treatment=semi: has no part in the league; choose from gtn, real")
