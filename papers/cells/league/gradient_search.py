"""A gradient search of the league, from the first step to the judged cell.

One alpha for both places of the cell. The result is the most probable cell, under alpha, of
those that a search may return: without none and with at most `limit` convolutions. The same search
takes part without a limit, too: there every edge keeps its strongest operation but none. Regret,
rankings and gaps are measured off the clock.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Protocol

from harness.training import loop
from papers.cells.child.mnist1d import Signals
from papers.cells.league import derive
from papers.cells.league.costs import Costs
from papers.cells.league.edge_search import EdgeSearch
from papers.cells.league.judged import in_random_cells, judged_row, plain, summary
from papers.cells.league.league import League, league_of
from papers.cells.league.ranking import ranking, sample
from papers.cells.space.record import keep_edge

if TYPE_CHECKING:
    from harness.paper import Row
    from harness.trial import Trial

Step = Callable[[int, int], float]  # a turn and the horizon -> the FLOPs that the step took


class Numbers(Protocol):
    """What the loop reads of a search's config."""

    @property
    def limit(self) -> int:
        """Convolutions of the cell that is returned, at most."""
        ...

    @property
    def ranked(self) -> int:
        """Cells whose ranking is compared with the truth."""
        ...

    @property
    def eval_every(self) -> int:
        """Steps between two rows."""
        ...


def compete(
    found: EdgeSearch, step: Step, signals: Signals, config: Numbers, trial: Trial, **state: object
) -> Iterator[Row]:
    """Search, derive a cell, and say what it is worth; `state` is what the searcher restores."""
    space, meter, costs = found.space, trial.meter, Costs()
    league, unlimited = league_of(space, config.limit), league_of(space)
    trial.uses("mnist1d", signals.digest)
    trial.restore(**found.stateful, costs=costs, **state)
    horizon = meter.horizon("search")

    def update(turn: int) -> None:
        work = step(turn, horizon)
        costs.sgd_steps += 1
        costs.step_flops += work
        meter.count_flops("search", work)

    def measure(turn: int) -> list[Row]:
        truth = {
            **league.row(found.best(league.allowed)),
            **plain(unlimited.row(found.best(unlimited.allowed))),
        }
        return [{**costs.row(), **truth, **found.row(signals.val)}]

    yield from loop.fit(meter, "search", update, measure, config.eval_every)
    codes = sample(league, config.ranked)
    scores = [derive.score(found.shared, other, signals.val) for other in codes]
    for place, (other, score) in enumerate(zip(codes, scores, strict=True)):
        yield {"at": place, "one_hot_accuracy": score, "true_accuracy": league.true(other)}
    row = {**_worth(league, found, costs), **plain(_worth(unlimited, found, costs))}
    row |= {**ranking(league, codes, scores), **found.row(signals.val)}
    keep_edge(trial.artifacts, space, found.best(league.allowed), summary(row))
    yield row


def _worth(league: League, found: EdgeSearch, costs: Costs) -> Row:
    """Return what the cell that alpha stands for in a task is worth, beside what was spent."""
    code = found.best(league.allowed)
    return {**judged_row(league, code, costs), **in_random_cells(league, code, costs)}
