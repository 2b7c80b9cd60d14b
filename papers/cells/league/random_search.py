"""Plain random search: the baseline that every search method has to beat.

Drawn uniformly with replacement from the cells that a search may return, trained, the best by
validation kept (Li & Talwalkar 2019, arXiv:1902.07638, Sec. 3; Yang et al. 2020, arXiv:1912.12522,
call for exactly this baseline).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from random import Random
from typing import TYPE_CHECKING, Any

from papers.cells.league.contest import Contest, Contestant, compete, marks
from papers.cells.league.evaluator import Evaluation, TableEvaluator
from papers.cells.league.league import League, verified
from papers.cells.space.allowed import Allowed
from papers.cells.space.edge import Code

if TYPE_CHECKING:
    from harness.paper import Row
    from harness.trial import Trial


class Uniform:
    """Proposes allowed codes drawn uniformly, whatever was observed."""

    def __init__(self, allowed: Allowed, seed: int) -> None:
        self.allowed, self.stream = allowed, Random(seed)

    def propose(self) -> Code:
        """Return the next cell."""
        return self.allowed.random(self.stream)

    def observe(self, evaluation: Evaluation) -> None:
        """Hear of an evaluated cell; nothing follows from it."""

    def state_dict(self) -> dict[str, Any]:
        """Return where the stream is."""
        return {"stream": self.stream.getstate()}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Go on where another was."""
        self.stream.setstate(state["stream"])


def table(
    leagues: Mapping[str, League], trial: Trial, searches: int, equal: Mapping[str, int]
) -> Iterator[Row]:
    """Run searches on recorded trainings, as many evaluations each as phase "search" has.

    Every task of `leagues` has as many searches; its key begins the names of its metrics. `equal`
    names numbers of evaluations at which a search's regret is kept under that name, which begins
    with the key of its task: those that cost as much as a search that it is compared with.
    """
    truth = verified()
    trial.uses("mnist1d", truth.header.data)
    contests = {key: _contest(league, key, trial, searches) for key, league in leagues.items()}
    kept: dict[str, float] = {}
    trial.restore(**{f"contest{key}": c for key, c in contests.items()}, equal=kept)
    last = trial.meter.horizon("search")
    shown = {*marks(last), *(count for count in equal.values() if count <= last)}
    for row in compete(contests, trial.meter, sorted(shown)):
        member = int(row["member"])
        for name, count in equal.items():
            if row["at"] == count:
                key = max((key for key in leagues if name.startswith(key)), key=len)
                kept[f"{member}/{name}"] = float(row[f"{key}regret"])
        own = {name: kept[f"{member}/{name}"] for name in equal if f"{member}/{name}" in kept}
        yield {**row, **own}


def _contest(league: League, key: str, trial: Trial, searches: int) -> Contest:
    """Return the searches of one task, each with a seed of its own."""
    seeds = [trial.stream(f"{key}search", number) for number in range(searches)]
    evaluators = [TableEvaluator(league.space, verified(), seed) for seed in seeds]
    pairs = zip(seeds, evaluators, strict=True)
    return Contest([Contestant(Uniform(league.allowed, s), e) for s, e in pairs], league)
