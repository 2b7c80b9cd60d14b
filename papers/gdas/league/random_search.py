"""Plain random search at the cost of GDAS's search: best by validation, from the table."""

from __future__ import annotations

from collections.abc import Iterator
from functools import lru_cache
from statistics import fmean
from typing import TYPE_CHECKING

from papers.cells.league import flops, random_search
from papers.cells.league.costs import training_flops
from papers.cells.league.league import League, league_of
from papers.cells.league.stand_ins import unsearched
from papers.cells.network import light
from papers.cells.space.edge import SPACES, EdgeSpace

if TYPE_CHECKING:
    from harness.paper import Row
    from harness.trial import Trial
    from papers.gdas.league.config import LeagueRandom

PASSES = 2  # w on one sample, alpha on another


def run(config: LeagueRandom, trial: Trial) -> Iterator[Row]:
    """Run `config.searches` searches; `regret_equal` is the regret at the search's cost.

    `regret_bar` is what a search of that cost has to beat: the lower one of `regret_equal` and of
    the best regret that takes no search.
    """
    space = SPACES[config.space]
    leagues = {"": league_of(space, config.limit), "plain_": league_of(space)}
    free = {key: unsearched(league) for key, league in leagues.items()}
    counts = {key: equal(league, config) for key, league in leagues.items()}
    named = {f"{key}regret_equal": count for key, count in counts.items()}
    children = {f"{key}children_equal": float(count) for key, count in counts.items()}
    for row in random_search.table(leagues, trial, config.searches, named):
        bars = {
            f"{key}regret_bar": min(float(row[f"{key}regret_equal"]), regret)
            for key, regret in free.items()
            if f"{key}regret_equal" in row
        }
        yield {**row, **children, **bars}


def equal(league: League, config: LeagueRandom) -> int:
    """Return how many children, at least one, take the FLOPs of a search.

    A step of a search runs two samples; each is charged here as a cell drawn uniformly is in the
    mean, for alpha hardly leaves uniform weights.
    """
    spent = PASSES * config.steps * training_flops(sampled_macs(league.space), config.batch)
    return min(max(1, round(flops.children(league, spent))), config.evaluations)


@lru_cache(maxsize=8)
def sampled_macs(space: EdgeSpace) -> int:
    """Return the multiply-adds of a cell drawn uniformly, none included, in the mean."""
    return round(fmean(light.macs(space, code) for code in space.enumerate()))
