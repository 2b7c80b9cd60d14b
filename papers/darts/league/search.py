"""A search of the league: one alpha for both places of the cell (Alg. 1).

After the search every edge keeps its strongest operation but none; that cell is the result, and
the league knows what it is worth. Regret, rankings and gaps are measured off the clock.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from harness.training import loop
from papers.cells.child.mnist1d import Signals
from papers.cells.league import derive, flops
from papers.cells.league.costs import Costs
from papers.cells.league.edge_search import EdgeSearch
from papers.cells.league.judged import in_random_cells, judged_row, summary
from papers.cells.league.league import league_of
from papers.cells.league.ranking import ranking, sample
from papers.cells.space.edge import SPACES
from papers.cells.space.record import keep_edge
from papers.cells.supernet.bilevel import rate
from papers.darts.method import method

if TYPE_CHECKING:
    from harness.paper import Row
    from harness.trial import Trial
    from papers.darts.league.config import LeagueSearch


def run(config: LeagueSearch, trial: Trial) -> Iterator[Row]:
    """Search with all operations on every edge, derive a cell, and say what it is worth."""
    space, league, meter = SPACES[config.space], league_of(SPACES[config.space]), trial.meter
    signals = Signals.load(where=trial.device)
    trial.uses("mnist1d", signals.digest)
    found = EdgeSearch(
        space, config, signals, config.batch, trial.stream, method(config), config.union
    )
    costs = Costs()
    trial.restore(**found.stateful, costs=costs)
    horizon = meter.horizon("search")
    work = flops.step_flops(space, config.passes, config.batch)
    meter.count_flops("search", work)

    def update(turn: int) -> None:
        found.step(rate(config, turn, horizon))
        costs.sgd_steps += 1
        costs.step_flops += work

    def measure(turn: int) -> list[Row]:
        return [{**costs.row(), **league.row(found.code), **found.row(signals.val)}]

    yield from loop.fit(meter, "search", update, measure, config.eval_every)
    codes, code = sample(league, config.ranked), found.code
    scores = [derive.score(found.shared, other, signals.val) for other in codes]
    for place, (other, score) in enumerate(zip(codes, scores, strict=True)):
        yield {"at": place, "one_hot_accuracy": score, "true_accuracy": league.true(other)}
    row = {**judged_row(league, code, costs), **in_random_cells(league, code, costs)}
    row |= {**ranking(league, codes, scores), **found.row(signals.val)}
    keep_edge(trial.artifacts, space, code, summary(row))
    yield row
