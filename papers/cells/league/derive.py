"""From shared weights to a cell: score candidates, train the best ones from scratch, keep one.

All candidates are scored on the same validation rows (comparing them on different minibatches
compares the minibatches), the best `k` classes of them are trained from scratch by the common
recipe, and the best of those by validation is the result; everything is charged.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from typing import TYPE_CHECKING, Any

import torch

from papers.cells.league.costs import Costs
from papers.cells.league.evaluator import Evaluator
from papers.cells.network import light
from papers.cells.rows import Part
from papers.cells.space.classes import classes
from papers.cells.space.edge import Code, EdgeSpace
from papers.cells.supernet.edge import Choice, Shared

if TYPE_CHECKING:
    from harness.meter import Meter

EVAL_ROWS = 250  # validated at a time: batch statistics need 100 or more


@dataclass
class Derivation:
    """Candidates with their scores, and what the retrained ones reached."""

    codes: list[Code] = field(default_factory=list)
    scores: list[float] = field(default_factory=list)
    retrained: list[tuple[Code, float]] = field(default_factory=list)

    def best(self, space: EdgeSpace, count: int) -> list[Code]:
        """Return the best-scored candidates of `count` different classes, best first."""
        ranked = sorted(zip(self.scores, self.codes, strict=True), key=lambda pair: -pair[0])
        chosen: dict[int, Code] = {}
        for _, code in ranked:
            chosen.setdefault(classes(space).of(code), code)
        return list(chosen.values())[:count]

    @property
    def result(self) -> Code:
        """Return the retrained cell of highest validation accuracy."""
        return max(self.retrained, key=lambda pair: pair[1])[0]

    def state_dict(self) -> dict[str, Any]:
        """Return what a resumed derivation needs."""
        return asdict(self)

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Take an earlier attempt's scores over."""
        self.codes = [tuple(code) for code in state["codes"]]
        self.scores = list(state["scores"])
        self.retrained = [(tuple(code), val) for code, val in state["retrained"]]


@torch.no_grad()
def score(shared: Shared, choice: Choice, part: Part, rows: int = EVAL_ROWS) -> float:
    """Return the accuracy of a cell, or of a mixture, with shared weights on a part.

    A proxy, never a result.
    """
    right = [
        (shared(x.T, choice).argmax(1) == y).sum()
        for x, y in zip(part.x.split(rows, dim=1), part.y.split(rows), strict=True)
    ]
    return float(torch.stack(right).sum()) / len(part.y)


def candidates(
    found: Derivation,
    drawn: Sequence[Code],
    shared: Shared,
    part: Part,
    meter: Meter,
    costs: Costs,
    phase: str = "candidates",
) -> None:
    """Score one drawn candidate a turn of the phase; charge the forward passes."""
    space = shared.supernet.space
    for turn in meter.steps(phase):
        code = drawn[turn]
        before = costs.flops
        found.codes.append(code)
        found.scores.append(score(shared, code, part))
        costs.score(light.macs(space, code), len(part.y))
        meter.count_flops(phase, costs.flops - before)


def retrain(
    found: Derivation, evaluator: Evaluator, count: int, meter: Meter, phase: str = "retrain"
) -> None:
    """Train the best `count` candidates from scratch, side by side, in the phase."""
    for _ in meter.steps(phase):
        before = evaluator.costs.flops
        done = evaluator.evaluate(found.best(evaluator.space, count))
        found.retrained = [(one.code, one.val) for one in done]
        meter.count_flops(phase, evaluator.costs.flops - before)
