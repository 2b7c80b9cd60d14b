"""A hypernetwork learns on cells of the league; how does it rank those it has not seen?

Cells are ranked by the validation accuracy of predicted parameters (GHN-1; GHN-2, Sec. 5), and
by a regression of true accuracies on embeddings (GHN-2, Sec. 5), which pays for the trainings of
the cells that it is fitted to. Truth is looked up off the clock.

Shapes: n cells, D width.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from random import Random
from typing import TYPE_CHECKING

import numpy as np
import torch
from numpy.typing import NDArray
from sklearn.model_selection import GridSearchCV, KFold
from sklearn.svm import SVR

from papers.cells.child.mnist1d import Signals
from papers.cells.league.league import League, league_of
from papers.cells.league.ranking import ranking, sample
from papers.cells.rows import Part
from papers.cells.space.allowed import allowed
from papers.cells.space.edge import SPACES, Code
from papers.ghn2 import study
from papers.ghn2.evaluation import judge
from papers.ghn2.hyper.config import small
from papers.ghn2.hyper.network import HyperNetwork
from papers.ghn2.league.cells import FRAME, network
from papers.ghn2.space.network import Network
from papers.ghn2.testbed import Rows, Testbed
from papers.ghn2.training import Trainer

if TYPE_CHECKING:
    from harness.paper import Row
    from harness.trial import Trial
    from papers.ghn2.league.config import Ranking

Floats = NDArray[np.float64]
FOLDS = 5
GRID = {  # of the authors
    "C": [1, 10, 50, 100, 200, 500, 1000],
    "gamma": ["auto", 0.05, 0.1, 0.2, 0.5],
    "epsilon": [0.05, 0.1, 0.2],
}
TASKS = ("", "capped_")


def run(config: Ranking, trial: Trial) -> Iterator[Row]:
    """Train on drawn cells, rank others in both tasks, and say how the parameter count ranks."""
    space, signals = SPACES[config.space], Signals.load(where=trial.device)
    trial.uses("mnist1d", signals.digest)
    bed = Testbed(rows(signals.train), rows(signals.val), FRAME)
    leagues = [league_of(space, limit) for limit in (None, config.limit)]
    ranked = [sample(league, config.ranked) for league in leagues]
    pool = drawn(config, trial.stream("pool"), avoid=set().union(*map(set, ranked)))
    model = study.hypernetwork(small(config.preset, 1), config, trial)
    trainer = Trainer(model, [network(space, code) for code in pool], bed, config, trial.stream)
    yield from study.learn(trainer, config.eval_every, trial)
    row: dict[str, float] = {}
    for task, league, codes in zip(TASKS, leagues, ranked, strict=True):
        told = {**scored(model, league, codes, bed.test, config.eval_batch),
                **regressed(model, league, codes, config.fitted)}  # fmt: skip
        row |= {f"{task}{name}": value for name, value in told.items()}
    yield {**row, "skipped": trainer.counts["skipped"]}


def rows(part: Part) -> Rows:
    """Return signals (N, 1, L) of a part that has them batch last."""
    return Rows(part.x.T.unsqueeze(1).contiguous(), part.y)


def drawn(config: Ranking, seed: int, avoid: set[Code]) -> list[Code]:
    """Return cells to learn on, drawn uniformly; no cell that is ranked, and none twice."""
    codes = [code for code in allowed(SPACES[config.space], None).codes if code not in avoid]
    Random(seed).shuffle(codes)
    return codes[: config.pool]


def networks(league: League, codes: Sequence[Code]) -> list[Network]:
    """Return the networks of cells."""
    return [network(league.space, code) for code in codes]


def scored(
    model: HyperNetwork, league: League, codes: Sequence[Code], val: Rows, batch: int
) -> dict[str, float]:
    """Return how predicted accuracies rank cells, and how parameter counts do."""
    judged = judge(model, networks(league, codes), val, batch)
    return {**ranking(league, codes, judged.accuracies), "predicted": judged.mean}


# -- property prediction --------------------------------------------------------------------------


def regressed(
    model: HyperNetwork, league: League, codes: Sequence[Code], count: int
) -> dict[str, float]:
    """Return how a regression on embeddings ranks cells; it is fitted to others' truths."""
    others = [code for code in league.allowed.codes if code not in set(codes)]
    Random(0).shuffle(others)
    fitted = others[:count]
    x, y = embeddings(model, networks(league, fitted)), truths(league, fitted)
    fit = regression().fit(x, 100 * y)  # the grid is for per cent
    values = fit.predict(embeddings(model, networks(league, codes)))
    told = league.agreement(codes, values.tolist())
    return {f"property_{name}": value for name, value in told.items()}


def truths(league: League, codes: Sequence[Code]) -> Floats:
    """Return true accuracies (n)."""
    return np.array([league.true(code) for code in codes])


@torch.no_grad()
def embeddings(model: HyperNetwork, found: Sequence[Network]) -> Floats:
    """Return the mean embedding of each network's nodes (n, D)."""
    parts = [found[start : start + 8] for start in range(0, len(found), 8)]
    means = [model.describe(model.batch([one.graph for one in part])) for part in parts]
    return torch.cat(means).cpu().numpy().astype(np.float64)


def regression() -> GridSearchCV:
    """Return a regression by support vectors, its numbers chosen on five folds."""
    folds = KFold(FOLDS, shuffle=True, random_state=0)
    return GridSearchCV(SVR(kernel="rbf"), GRID, cv=folds, scoring="neg_mean_squared_error")
