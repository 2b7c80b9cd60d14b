"""Plain random search at the cost of DARTS's searches: best by validation, from the table."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from papers.cells.league import flops, random_search
from papers.cells.league.league import league_of
from papers.cells.space.edge import SPACES
from papers.darts.config import PASSES

if TYPE_CHECKING:
    from harness.paper import Row
    from harness.trial import Trial
    from papers.darts.league.config import LeagueRandom


def run(config: LeagueRandom, trial: Trial) -> Iterator[Row]:
    """Run `config.searches` searches; `regret_NAME` is the regret at the cost of search NAME.

    At the number of children, at least one, that take as many FLOPs: `children_NAME`.
    """
    space = SPACES[config.space]
    leagues = {"": league_of(space, config.limit), "plain_": league_of(space)}
    equal: dict[str, int] = {}
    for key, league in leagues.items():
        for gradient, passes in PASSES.items():
            spent = config.steps * flops.step_flops(space, passes, config.batch)
            count = round(flops.children(league, spent))
            equal[f"{key}regret_{gradient}"] = min(max(1, count), config.evaluations)
    counts = {name.replace("regret_", "children_"): float(n) for name, n in equal.items()}
    for row in random_search.table(leagues, trial, config.searches, equal):
        yield {**row, **counts}
