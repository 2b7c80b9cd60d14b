"""How well scores rank cells whose truth is known. Measured off the clock: no search sees it."""

from __future__ import annotations

from collections.abc import Sequence
from random import Random
from typing import TYPE_CHECKING

import numpy as np

from harness.trial import stream
from papers.cells.league import derive
from papers.cells.league.league import League
from papers.cells.network import light
from papers.cells.rows import Part
from papers.cells.space.edge import Code
from papers.cells.supernet.edge import Shared

if TYPE_CHECKING:
    from harness.paper import Row

MINIBATCH = 50  # rows on which ENAS scores a candidate, for comparison


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


def quality(
    judge: League, shared: Shared, part: Part, candidates: Sequence[Code], ranked: Sequence[Code]
) -> Row:
    """Return how the shared weights rank cells now, and how good their favourite candidate is.

    Measured off the clock: what a search decides on is scored again, on it.
    """
    scores = [derive.score(shared, code, part) for code in candidates]
    favourite = candidates[int(np.argmax(scores))]
    live = [code for code in ranked if judge.alive(code)]  # to tell a dead cell is no merit
    full = judge.agreement(live, [derive.score(shared, code, part) for code in live])
    small = Part(part.x[:, :MINIBATCH], part.y[:MINIBATCH])
    one = judge.agreement(live, [derive.score(shared, code, small) for code in live])
    return {**judge.row(favourite), **full, "tau_minibatch": one["tau"], "proxy": max(scores)}
