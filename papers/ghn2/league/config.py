"""A hypernetwork in the cell league, with where its numbers come from.

[P] GHN-2 (arXiv:2110.13100), [C] its authors' code, [1] GHN-1 (arXiv:1810.05749), [ours].
"""

from __future__ import annotations

from dataclasses import dataclass

from harness.paper import positive, require, within
from papers.cells.task import LEAGUE_SPACES, LIMIT
from papers.ghn2.config import Training


@dataclass(frozen=True)
class Ranking(Training):
    """A hypernetwork learns on cells of the league, and ranks others by predicted accuracy.

    `ranked` cells of each task, drawn as those that other papers' searches rank; `fitted` further
    ones have their true accuracies regressed on embeddings.
    """

    space: str = "T2"
    limit: int = LIMIT  # convolutions, where cells are capped
    steps: int = 20_000  # [ours]
    meta_batch: int = 4  # [ours] [P] 8
    drops: tuple[float, ...] = (2 / 3,)
    pool: int = 1000  # [ours]
    ranked: int = 100  # [1] cells whose ranks are compared
    fitted: int = 100  # [ours] [P] 500 networks
    eval_batch: int = 250  # [league]
    eval_every: int = 1000

    def __post_init__(self) -> None:
        super().__post_init__()
        require(self.space, LEAGUE_SPACES, "space")
        positive(self, "limit", "eval_batch", "eval_every")
        within(self, "ranked", 4)
        within(self, "fitted", 5)  # a fold each
