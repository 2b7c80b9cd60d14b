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


def sample(league: League, count: int) -> list[Code]:
    """Return live cells, drawn once for all seeds; to tell a dead one is no merit."""
    drawn, codes = Random(stream(0, "ranked")), list[Code]()
    while len(codes) < count:
        code = league.space.random(drawn)
        codes += [code] if league.alive(code) else []
    return codes


def ranking(league: League, codes: Sequence[Code], scores: Sequence[float]) -> dict[str, float]:
    """Return how one-hot accuracies rank cells, and how their multiply-adds do."""
    sizes = [float(light.macs(league.space, code)) for code in codes]
    control = league.agreement(codes, sizes)
    return {**league.agreement(codes, scores), **{f"{n}_macs": v for n, v in control.items()}}


def quality(
    league: League, shared: Shared, part: Part, candidates: Sequence[Code], ranked: Sequence[Code]
) -> Row:
    """Return how the shared weights rank cells now, and how good their favourite candidate is.

    Measured off the clock: what a search decides on is scored again, on it.
    """
    scores = [derive.score(shared, code, part) for code in candidates]
    favourite = candidates[int(np.argmax(scores))]
    live = [code for code in ranked if league.alive(code)]  # to tell a dead cell is no merit
    full = league.agreement(live, [derive.score(shared, code, part) for code in live])
    small = Part(part.x[:, :MINIBATCH], part.y[:MINIBATCH])
    one = league.agreement(live, [derive.score(shared, code, small) for code in live])
    return {**league.row(favourite), **full, "tau_minibatch": one["tau"], "proxy": max(scores)}
