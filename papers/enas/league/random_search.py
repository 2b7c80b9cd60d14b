"""Plain random search at the cost of ENAS's: best by validation, from the table of truth."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from papers.cells.child.mnist1d import RECIPE
from papers.cells.league import flops, random_search
from papers.cells.league.costs import Costs
from papers.cells.league.league import League, league_of
from papers.cells.league.stand_ins import unsearched
from papers.cells.network import light
from papers.cells.space.edge import SPACES
from papers.enas.league.config import RETRAINED

if TYPE_CHECKING:
    from harness.paper import Row
    from harness.trial import Trial
    from papers.enas.league.config import LeagueRandom

FEW = 3  # children of the baseline that a search has to beat at the least


def run(config: LeagueRandom, trial: Trial) -> Iterator[Row]:
    """Run `config.searches` searches; keep their regrets at ENAS's cost, and after three children.

    `regret_bar` and `three_bar` are what ENAS has to beat: the lower one of that regret and of
    the best regret that takes no search.
    """
    space = SPACES[config.space]
    leagues = {"": league_of(space, config.limit), "plain_": league_of(space)}
    free = {key: unsearched(league) for key, league in leagues.items()}
    counts = {key: equal(league, config) for key, league in leagues.items()}
    equals = {f"{key}regret_equal": count for key, count in counts.items()}
    few = {f"{key}regret_three": min(FEW, config.evaluations) for key in leagues}
    children = {f"{key}children_equal": float(count) for key, count in counts.items()}
    for row in random_search.table(leagues, trial, config.searches, equals | few):
        bars = {
            f"{key}{bar}": min(float(row[f"{key}{regret}"]), lowest)
            for key, lowest in free.items()
            for bar, regret in (("regret_bar", "regret_equal"), ("three_bar", "regret_three"))
            if f"{key}{regret}" in row
        }
        yield {**row, **children, **bars}


def equal(league: League, config: LeagueRandom) -> int:
    """Return how many children cost what a search can cost at the most, at least one."""
    count = round(flops.children(league, most(league, config)))
    return min(max(1, count), config.evaluations)


def most(league: League, config: LeagueRandom) -> float:
    """Return the FLOPs of a search whose every path is the largest cell that is allowed."""
    costs = Costs()
    macs = max(light.macs(league.space, code) for code in league.codes)
    costs.step(macs * config.steps, config.batch)
    costs.score(macs * config.rounds * config.updates * config.samples, config.score_batch)
    costs.score(macs * config.candidates, RECIPE.held_out)
    for _ in range(RETRAINED):
        costs.child(macs, RECIPE)
    return costs.flops
