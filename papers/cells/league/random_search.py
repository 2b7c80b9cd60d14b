"""Plain random search: the baseline that every search method has to beat.

Drawn uniformly with replacement, trained, the best by validation kept (Li & Talwalkar 2019,
arXiv:1902.07638, Sec. 3; Yang et al. 2020, arXiv:1912.12522, call for exactly this baseline).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from random import Random
from typing import TYPE_CHECKING, Any

from papers.cells.league.contest import Contest, Contestant, compete, marks
from papers.cells.league.evaluator import Evaluation, TableEvaluator
from papers.cells.league.league import league_of, verified
from papers.cells.space.edge import Code, EdgeSpace

if TYPE_CHECKING:
    from harness.paper import Row
    from harness.trial import Trial


class Uniform:
    """Proposes codes drawn uniformly, whatever was observed."""

    def __init__(self, space: EdgeSpace, seed: int) -> None:
        self.space, self.stream = space, Random(seed)

    def propose(self) -> Code:
        """Return the next cell."""
        return self.space.random(self.stream)

    def observe(self, evaluation: Evaluation) -> None:
        """Hear of an evaluated cell; nothing follows from it."""

    def state_dict(self) -> dict[str, Any]:
        """Return where the stream is."""
        return {"stream": self.stream.getstate()}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Go on where another was."""
        self.stream.setstate(state["stream"])


def table(
    space: EdgeSpace, trial: Trial, searches: int, equal: Mapping[str, int]
) -> Iterator[Row]:
    """Run many searches on recorded trainings, as many evaluations each as phase "search" has.

    `equal` names numbers of evaluations at which the mean regret is kept under that name: those
    that cost as much as a search that the result is compared with.
    """
    truth = verified()
    trial.uses("mnist1d", truth.header.data)
    seeds = [trial.stream("search", number) for number in range(searches)]
    contest = Contest(
        [Contestant(Uniform(space, seed), TableEvaluator(space, truth, seed)) for seed in seeds]
    )
    kept: dict[str, float] = {}
    trial.restore(contest=contest, equal=kept)
    last = trial.meter.horizon("search")
    shown = {*marks(last), *(count for count in equal.values() if count <= last)}
    for row in compete(contest, league_of(space), trial.meter, sorted(shown)):
        for name, count in equal.items():
            if row["at"] == count:
                kept[name] = float(row["regret"])
        yield {**row, **kept}
