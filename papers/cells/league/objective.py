"""What a search of the league is after: accuracy, or accuracy less a price for each convolution.

The league's two tasks have no price. With one, the best cell is neither the largest nor the
smallest, and nothing but the price says so: every cell without `none` may be returned.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

from papers.cells.league.config import OBJECTIVES
from papers.cells.league.league import League, league_of
from papers.cells.space.allowed import convolutions
from papers.cells.space.edge import Code, EdgeSpace

CAPPED, PLAIN, PRICED = OBJECTIVES
KEYS = {CAPPED: "", PLAIN: "plain_", PRICED: "priced_"}  # how the names of its metrics begin


@dataclass(frozen=True)
class Objective:
    """The cells of a task, and what one convolution costs in accuracy."""

    league: League
    price: float = 0.0

    def charged(self, code: Code) -> float:
        """Return the price of a cell."""
        return self.price * convolutions(self.league.space, code)

    def worth(self, code: Code) -> float:
        """Return a cell's true accuracy less its price."""
        return self.league.true(code) - self.charged(code)

    @cached_property
    def best(self) -> float:
        """The worth of the best cell."""
        return max(map(self.worth, self.league.allowed.codes))

    def row(self, code: Code) -> dict[str, float]:
        """Return what is reported of a found cell; with a price, regret is of worth."""
        own = {"convolutions": float(convolutions(self.league.space, code))}
        if not self.price:
            return {**self.league.row(code), **own}
        regret = self.best - self.worth(code)
        return {"regret": regret, "true_accuracy": self.league.true(code), **own}


def objectives(
    names: Sequence[str], space: EdgeSpace, limit: int, price: float
) -> dict[str, Objective]:
    """Return objectives by how the names of their metrics begin."""
    known = {
        CAPPED: Objective(league_of(space, limit)),
        PLAIN: Objective(league_of(space)),
        PRICED: Objective(league_of(space), price),
    }
    return {KEYS[name]: known[name] for name in names}
