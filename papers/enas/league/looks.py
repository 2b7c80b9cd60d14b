"""What is looked at off the clock: the truth of what is drawn, picked and ranked.

No search sees any of it. Accuracies with shared weights are proxies, and are named so.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from statistics import fmean
from typing import TYPE_CHECKING

from papers.cells.child.mnist1d import Signals
from papers.cells.league import derive
from papers.cells.league.costs import Costs
from papers.cells.league.judged import in_random_cells, judged_row
from papers.cells.league.league import League
from papers.cells.league.ranking import MINIBATCH, ranking, sample
from papers.cells.league.stand_ins import unsearched
from papers.cells.rows import Part
from papers.cells.space.edge import Code
from papers.cells.supernet.edge import Shared
from papers.enas.league.path_search import EdgePaths
from papers.enas.league.statistics import Recalibrated, Running
from papers.enas.policy import Policy

if TYPE_CHECKING:
    from harness.paper import Row

POINT = 0.01
PRINTED = 10  # candidates that the release prints after each epoch, for a person to choose
SCORED = 100  # rows of the one batch on which they are scored
CALIBRATION, CALIBRATED = 500, 250  # training rows that recalibrate, and so many at a time


@dataclass(frozen=True)
class Drawn:
    """Cells that a policy draws, and what they are worth."""

    league: League
    codes: list[Code]

    @property
    def truth(self) -> float:
        """Their mean true accuracy."""
        return fmean(self.league.true(code) for code in self.codes)

    def row(self) -> dict[str, float]:
        """Return it with the best of them, and what they are made of."""
        space, edges = self.league.space, len(self.league.space.edges)
        names = [name for code in self.codes for name in space.names(code)]
        return {
            "sampled_truth": self.truth,
            "sampled_best": max(self.league.true(code) for code in self.codes),
            "sampled_classes": float(len({self.league.classes.of(code) for code in self.codes})),
            "convolutions": edges * fmean(name.startswith("c") for name in names),
            "skips": edges * fmean(name == "skip" for name in names),
        }


def drawn(league: League, policy: Policy, count: int, seed: int) -> Drawn:
    """Return cells that a policy draws now, without moving its own stream."""
    return Drawn(league, [tuple(code) for code in policy.shown(count, seed)])


def favourite(codes: Sequence[Code], shared: Shared, part: Part) -> Code:
    """Return which of the first ten cells has the highest proxy on a part."""
    return max(codes[:PRINTED], key=lambda code: derive.score(shared, code, part))


def result(league: League, found: derive.Derivation, costs: Costs) -> Row:
    """Return what the retrained cell is worth, beside what the search was charged.

    `regret_bar`: what a search has to beat that claims to be better, the lower one of this regret
    and of the best that takes no search. `regret_kept`: what one has to keep up with, the same,
    with a point less than no search reaches.
    """
    regret, free = league.regret(found.result), unsearched(league)
    return {
        "regret_bar": min(regret, free),
        "regret_kept": min(regret, free - POINT),
        **judged_row(league, found.result, costs),
        **in_random_cells(league, found.result, costs),
        "proxy": max(found.scores),
    }


def derivations(league: League, found: derive.Derivation, shared: Shared, val: Part) -> Row:
    """Return the candidates' truth, and the regret of those that other ways to choose pick.

    `regret_candidate`: of the truly best candidate. `regret_top1`: of the best-scored one,
    without retraining. `regret_printed`: of the best of ten on one batch, the paper's way.
    """
    first = Part(val.x[:, :SCORED].contiguous(), val.y[:SCORED])
    truths = [league.true(code) for code in found.codes]
    return {
        "candidates_truth": fmean(truths),
        "candidates_classes": float(len({league.classes.of(code) for code in found.codes})),
        "regret_candidate": league.best - max(truths),
        "regret_top1": league.regret(found.best(league.space, 1)[0]),
        "regret_printed": league.regret(favourite(found.codes, shared, first)),
    }


def rankings(league: League, paths: EdgePaths, val: Part, count: int) -> Row:
    """Return how well the shared weights rank cells, scored on all validation rows.

    `tau` and `tau_top`: all cells, and the truly best quarter. `tau_top_share`: of what one
    training from scratch has inside the best quarter, the ceiling.
    """
    codes, shared = sample(league, count), Shared(paths.weights.supernet)
    full = ranking(league, codes, [derive.score(shared, code, val) for code in codes])
    return {**full, "tau_top_share": full["tau_top"] / league.ceiling()["tau_top"]}


def other_ways(league: League, paths: EdgePaths, signals: Signals, count: int) -> Row:
    """Return how well they rank by other ways to score: `tau_...`, `tau_top_...`.

    `minibatch`: on 50 rows; `running`: with running statistics of all paths; `recalibrated`: with
    statistics of the path's own on training rows. `proxy_...`: the mean accuracy.
    """
    codes, net = sample(league, count), paths.weights.supernet
    val, train = signals.val, signals.train
    few = Part(val.x[:, :MINIBATCH].contiguous(), val.y[:MINIBATCH])
    some = Part(train.x[:, :CALIBRATION], train.y[:CALIBRATION])
    ways = {
        "minibatch": (Shared(net), few),
        "running": (Running(net), val),
        "recalibrated": (Recalibrated(net, some, CALIBRATED), val),
    }
    row: dict[str, float] = {}
    for name, (form, part) in ways.items():
        scores = [derive.score(form, code, part, len(part.y)) for code in codes]
        own = league.agreement(codes, scores)
        row |= {f"{key}_{name}": own[key] for key in ("tau", "tau_top")}
        row[f"proxy_{name}"] = fmean(scores)
    return row


def scatter(league: League, paths: EdgePaths, val: Part, count: int) -> Iterator[Row]:
    """Yield a cell's accuracy with shared weights beside its true one."""
    shared = Shared(paths.weights.supernet)
    for place, code in enumerate(sample(league, count)):
        yield {
            "at": place,
            "one_hot_accuracy": derive.score(shared, code, val),
            "true_accuracy": league.true(code),
        }
