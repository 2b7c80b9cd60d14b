"""A search of the league: one alpha for both places of the cell (Alg. 1).

After the search every edge keeps its strongest operation but none; that cell is the result, and
the league knows what it is worth. Regret, rankings and gaps are measured off the clock.

Shapes: N batch, L positions, E edges, O operations.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from random import Random
from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor
from torch.nn.functional import cross_entropy

from harness.training import data, loop, optim
from harness.trial import stream
from papers.cells.child.mnist1d import Signals
from papers.cells.league import derive
from papers.cells.league.costs import Costs
from papers.cells.league.league import League, league
from papers.cells.network import light
from papers.cells.rows import Part
from papers.cells.space.edge import SPACES, Code
from papers.cells.space.record import keep_edge
from papers.cells.supernet.bilevel import Problem
from papers.cells.supernet.derivation import derive_code
from papers.cells.supernet.edge import Shared, build_supernet
from papers.cells.supernet.relaxation import Relaxation
from papers.darts.bilevel import Architect
from papers.darts.league import cost

if TYPE_CHECKING:
    from harness.paper import Row
    from harness.trial import Trial
    from papers.darts.league.config import Search

CELL = "cell"  # the one type of cell
Batch = tuple[Tensor, Tensor]  # signals (N, L), labels (N)


def run(config: Search, trial: Trial) -> Iterator[Row]:
    """Search with all operations on every edge, derive a cell, and say what it is worth."""
    space, judge, meter = SPACES[config.space], league(SPACES[config.space]), trial.meter
    signals = Signals.load(where=trial.device)
    trial.uses("mnist1d", signals.digest)
    searched, costs = Searched(config, trial, signals), Costs()
    trial.restore(**searched.stateful, costs=costs)
    horizon = meter.horizon("search")
    work = cost.step_flops(space, config.gradient, config.batch)
    meter.count_flops("search", work)

    def update(turn: int) -> None:
        searched.step(optim.cosine(turn, horizon, config.lr, config.lowest_lr))
        costs.sgd_steps += 1
        costs.step_flops += work

    def measure(turn: int) -> list[Row]:
        return [{**costs.row(), **judge.row(searched.code), **searched.row(signals.val)}]

    yield from loop.fit(meter, "search", update, measure, config.eval_every)
    codes, code = sample(judge, config.ranked), searched.code
    scores = [derive.score(searched.shared, other, signals.val) for other in codes]
    for place, (other, score) in enumerate(zip(codes, scores, strict=True)):
        yield {"at": place, "one_hot_accuracy": score, "true_accuracy": judge.true(other)}
    row = {**costs.row(), **judge.row(code), **searched.row(signals.val)}
    row |= {**ranking(judge, codes, scores), **worth(judge, code, costs.flops)}
    keep_edge(trial.artifacts, space, code, summary(row))
    yield {**row, "cell": space.text(code)}


class Searched:
    """Supernet and alpha with all that trains them."""

    def __init__(self, config: Search, trial: Trial, signals: Signals) -> None:
        self.space = SPACES[config.space]
        self.supernet = build_supernet(self.space, trial.stream("init")).to(trial.device)
        self.shared = Shared(self.supernet)
        edges = (self.space.ops,) * len(self.space.edges)
        relaxation = Relaxation({CELL: edges}, config.alpha_init, trial.stream("alpha"))
        self.relaxation = relaxation.to(trial.device)
        problem: Problem[Batch] = Problem(
            tuple(self.supernet.parameters()),
            tuple(self.relaxation.parameters()),
            lambda batch: cross_entropy(self.shared(batch[0], self.weights), batch[1]),
            lambda batch: cross_entropy(self.supernet(batch[0], self.weights), batch[1]),
        )
        self.optimizers = Architect(problem, config)
        parts = [signals.train, signals.val]
        if config.union:
            parts = [_joined(signals.train, signals.val)] * 2
        self.streams = [Batches(part, config.batch, trial, name)
                        for part, name in zip(parts, ("train", "val"), strict=True)]  # fmt: skip

    @property
    def stateful(self) -> dict[str, Any]:
        """Everything that has state, by name."""
        train, val = self.streams
        return {
            "supernet": self.supernet,
            "relaxation": self.relaxation,
            "train_order": train.order,
            "val_order": val.order,
            **self.optimizers.stateful,
        }

    @property
    def weights(self) -> Tensor:
        """Return the weights of all operations (E, O)."""
        return self.relaxation.weights(CELL)

    @property
    def code(self) -> Code:
        """Return the cell that alpha stands for now."""
        return derive_code(self.weights, self.space)

    def step(self, lr: float) -> None:
        """Update alpha, then w."""
        train, val = (batches.next() for batches in self.streams)
        self.optimizers.step(train, val, lr)

    def row(self, val: Part) -> dict[str, float]:
        """Return validation errors of mixture and derived cell, and where alpha is."""
        code = self.code
        names = self.space.names(code)
        shares = self.relaxation.shares()[CELL]
        with torch.no_grad():
            whole = derive.score(self.shared, self.weights, val)
        return {
            "val_error": 1 - whole,
            "discrete_error": 1 - derive.score(self.shared, code, val),
            "skips": names.count("skip"),
            "convolutions": sum(name.startswith("c") for name in names),
            **{f"alpha_{op}": share for op, share in shares.items()},
            **self.relaxation.row(),
            **{name: float(value) for name, value in self.optimizers.last.items()},
        }


class Batches:
    """Endless batches of a part, in an order of their own."""

    def __init__(self, part: Part, batch: int, trial: Trial, name: str) -> None:
        self.part = part
        self.order = data.Endless(len(part.y), batch, trial.stream("order", name), trial.device)

    def next(self) -> Batch:
        """Return the next signals (N, L) and labels (N)."""
        rows = next(self.order)
        return self.part.x[:, rows].T, self.part.y[rows]


def _joined(one: Part, other: Part) -> Part:
    return Part(torch.cat([one.x, other.x], 1), torch.cat([one.y, other.y]))


def sample(judge: League, count: int) -> list[Code]:
    """Return live cells, drawn once for all seeds; to tell a dead one is no merit."""
    drawn, codes = Random(stream(0, "ranked")), list[Code]()
    while len(codes) < count:
        code = judge.space.random(drawn)
        codes += [code] if judge.alive(code) else []
    return codes


def ranking(judge: League, codes: Sequence[Code], scores: Sequence[float]) -> dict[str, float]:
    """Return how one-hot accuracies rank cells, and how their multiply-adds do."""
    sizes = [float(light.macs(judge.space, code)) for code in codes]
    control = judge.agreement(codes, sizes)
    return {**judge.agreement(codes, scores), **{f"{n}_macs": v for n, v in control.items()}}


def worth(judge: League, code: Code, flops: float) -> dict[str, float]:
    """Return the cell against random ones: gain, and random search that finds as good a cell.

    `equivalent_children` is 1 / (1 - F), how many random cells it takes in the mean until one is
    as good, where F is the share of worse ones; `log2_speedup` compares it with what was spent.
    """
    equivalent = 1 / (1 - judge.percentile(code))
    spent = flops / cost.child_flops(judge)
    return {
        "relative_improvement": judge.true(code) / judge.mean_random - 1,
        "true_error": 1 - judge.true(code),
        "equivalent_children": equivalent,
        "search_children": spent,
        "log2_speedup": float(torch.tensor(equivalent / spent).log2()),
    }


def summary(row: Row) -> str:
    """Return what the terminal says of the cell."""
    regret, share = 100 * float(row["regret"]), 100 * float(row["percentile"])
    return (
        f"true accuracy {100 * float(row['true_accuracy']):.1f} %, regret {regret:.1f} points, "
        f"better than {share:.1f} % of all cells"
    )
