"""The league: every search method on one space whose truth is known.

A task of the league is a space and a limit on convolutions; its cells are those that a search may
return (`papers.cells.space.allowed`), and all that is said of a cell is said among them. True
accuracy of a cell is the mean test accuracy of its class over the table's seeds. Metrics
follow NAS-Bench-201, NASLib and Yang et al. 2020 (arXiv:1912.12522): simple and normalised regret,
percentile, Kendall's tau-b (ties count as ties), tau inside the top quarter, precision at ten, and
the noise ceiling: how well one part of the table's own seeds ranks what the others say.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray
from scipy.stats import kendalltau

from harness.paper import Refused
from papers.cells.child import mnist1d
from papers.cells.league import truth
from papers.cells.space.allowed import allowed
from papers.cells.space.classes import classes
from papers.cells.space.edge import Code, EdgeSpace

Floats = NDArray[np.float64]

TOP = 0.25  # the share of cells within which the fine ranking is judged
PRECISION = 10


class League:
    """Truth about every cell that a search may return; searchers never hold one.

    Arrays are over the classes of those cells, in the order of `numbers`: `tests` (classes, seeds)
    by the seeds that every class has, `means` over all seeds of a class, `counts` of codes.
    """

    def __init__(self, space: EdgeSpace, table: truth.Table, limit: int | None = None) -> None:
        table.require_whole(space)
        self.space, self.limit, self.classes = space, limit, classes(space)
        self.allowed = allowed(space, limit)
        first: dict[int, Code] = {}
        for code in self.allowed.codes:
            first.setdefault(self.classes.of(code), code)
        self.numbers = sorted(first)
        self.codes = [first[number] for number in self.numbers]  # one of each class
        self._place = {number: place for place, number in enumerate(self.numbers)}
        rows = [table.of(space, code) for code in self.codes]
        common = [[r.test for r in own if r.seed in truth.SEEDS] for own in rows]
        self.tests: Floats = np.array(common)
        self.means: Floats = np.array([np.mean([r.test for r in own]) for own in rows])
        places = [self._place[self.classes.of(code)] for code in self.allowed.codes]
        self.counts: Floats = np.bincount(places).astype(float)
        spread = [np.std([r.test for r in own], ddof=1) / len(own) ** 0.5 for own in rows]
        self.errors: Floats = np.array(spread)  # standard errors of the means

    # -- one cell -------------------------------------------------------------------------------

    @property
    def best(self) -> float:
        """Return the true accuracy of the best cell."""
        return float(self.means.max())

    @property
    def mean_random(self) -> float:
        """Return the mean true accuracy of a code drawn uniformly."""
        return float(np.average(self.means, weights=self.counts))

    def true(self, code: Code) -> float:
        """Return a cell's true accuracy.

        Raises:
            Refused: a search of this task may not return the cell.
        """
        if code not in self.allowed:
            most = "" if self.limit is None else f" with at most {self.limit} convolutions"
            raise Refused(f"{self.space.text(code)}: not a cell without none{most}")
        return float(self.means[self._place[self.classes.of(code)]])

    def regret(self, code: Code) -> float:
        """Return how much accuracy the best cell has over this one: at least 0."""
        return self.best - self.true(code)

    def normalised(self, code: Code) -> float:
        """Return regret over that of a random cell: 0 is the best cell, 1 a random one's mean."""
        return self.regret(code) / (self.best - self.mean_random)

    def percentile(self, code: Code) -> float:
        """Return the share of all codes that are truly worse; equal ones count half."""
        own = self.true(code)
        below = self.counts[self.means < own].sum()
        equal = self.counts[self.means == own].sum()
        return float((below + equal / 2) / self.counts.sum())

    def relative_improvement(self, code: Code) -> float:
        """Return true accuracy over that of a random cell in the mean, less 1.

        Yang et al. 2020, arXiv:1912.12522, Sec. 3.
        """
        return self.true(code) / self.mean_random - 1

    def optimum(self) -> Code:
        """Return the best cell."""
        return self.codes[int(self.means.argmax())]

    def median(self) -> Code:
        """Return the cell that half of all codes are truly below."""
        order = np.argsort(self.means, kind="stable")
        reached = np.cumsum(self.counts[order])
        place = int(np.searchsorted(reached, reached[-1] / 2))
        return self.codes[int(order[place])]

    def row(self, code: Code) -> dict[str, float]:
        """Return what the league reports of a found cell."""
        return {
            "regret": self.regret(code),
            "true_accuracy": self.true(code),
            "normalised_regret": self.normalised(code),
            "percentile": self.percentile(code),
            "relative_improvement": self.relative_improvement(code),
        }

    # -- rankings -------------------------------------------------------------------------------

    def agreement(self, codes: Sequence[Code], scores: Sequence[float]) -> dict[str, float]:
        """Return how scores of some cells rank them, against their truth."""
        return agreement(np.array([self.true(code) for code in codes]), np.array(scores))

    def ceiling(self, kept: NDArray[np.bool_] | None = None) -> dict[str, float]:
        """Return the noise ceiling over classes: one seed against the mean of the others.

        Averaged over which seed is left out; what ranks better than that has been lucky. `kept`
        says which classes count, where not all do.
        """
        found = []
        kept = np.ones(len(self.means), bool) if kept is None else kept
        for place in range(self.tests.shape[1]):
            others = np.delete(self.tests, place, axis=1).mean(1)
            found.append(agreement(others[kept], self.tests[kept, place]))
        return {name: float(np.mean([one[name] for one in found])) for name in found[0]}

    def seed_deviation(self) -> float:
        """Return the standard deviation of one training, pooled over classes."""
        return float(np.sqrt(self.tests.var(1, ddof=1).mean()))

    def top_error(self) -> float:
        """Return the standard error of the true accuracy of classes near the best, pooled."""
        near = self.means >= self.best - truth.NEAR
        return float(np.sqrt((self.errors[near] ** 2).mean()))


def agreement(true: Floats, scores: Floats) -> dict[str, float]:
    """Return tau, tau inside the true top quarter, and precision at ten."""
    kept = top(true)
    return {
        "tau": tau(true, scores),
        "tau_top": tau(true[kept], scores[kept]),
        "precision_at_10": precision(true, scores),
    }


def tau(one: Floats, other: Floats) -> float:
    """Return Kendall's tau-b; 0 where one of the two does not vary."""
    value = float(kendalltau(one, other).statistic)
    return value if value == value else 0.0


def top(true: Floats) -> NDArray[np.int64]:
    """Return the places of the best quarter."""
    count = max(2, round(TOP * len(true)))
    return np.argsort(-true, kind="stable")[:count]


def precision(true: Floats, scores: Floats, count: int = PRECISION) -> float:
    """Return which share of the `count` best-scored is among the truly `count` best.

    Ties at the border count by what a random choice among them would give.
    """
    chosen, wanted = _membership(scores, count), _membership(true, count)
    return float((chosen * wanted).sum() / min(count, len(true)))


def _membership(values: Floats, count: int) -> Floats:
    """Return the probability that each value is among the `count` largest, ties drawn."""
    if len(values) <= count:
        return np.ones(len(values))
    border = np.sort(values)[-count]
    above, equal = values > border, values == border
    share: Floats = above + equal * (count - above.sum()) / equal.sum()
    return share


@lru_cache(maxsize=8)
def league_of(space: EdgeSpace, limit: int | None = None) -> League:
    """Return the league of a space and a limit on convolutions, by the committed table.

    Raises:
        Refused: the table was made with another recipe or data, or is not whole.
    """
    return League(space, verified(), limit)


@lru_cache(maxsize=1)
def verified() -> truth.Table:
    """Return the committed table, when it was made with this recipe on these data."""
    table = truth.read()
    data = mnist1d.Signals.load().digest
    table.header.require(mnist1d.RECIPE.digest, data, truth.COMMITTED.name)
    return table
