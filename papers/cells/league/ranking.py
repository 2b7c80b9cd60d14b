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
    """Return cells that a search may return, drawn once for all seeds."""
    drawn = Random(stream(0, "ranked"))
    return [league.allowed.random(drawn) for _ in range(count)]


def ranking(league: League, codes: Sequence[Code], scores: Sequence[float]) -> dict[str, float]:
    """Return how one-hot accuracies rank cells, and how their parameters, counted, do."""
    sizes = [float(light.parameters(league.space, code)) for code in codes]
    control = league.agreement(codes, sizes)
    counted = {f"{name}_parameters": value for name, value in control.items()}
    return {**league.agreement(codes, scores), **counted}


def quality(
    league: League, shared: Shared, part: Part, candidates: Sequence[Code], ranked: Sequence[Code]
) -> Row:
    """Return how the shared weights rank cells now, and how good their favourite candidate is.

    Measured off the clock: what a search decides on is scored again, on it.
    """
    scores = [derive.score(shared, code, part) for code in candidates]
    favourite = candidates[int(np.argmax(scores))]
    full = ranking(league, ranked, [derive.score(shared, code, part) for code in ranked])
    small = Part(part.x[:, :MINIBATCH], part.y[:MINIBATCH])
    one = league.agreement(ranked, [derive.score(shared, code, small) for code in ranked])
    return {**league.row(favourite), **full, "tau_minibatch": one["tau"], "proxy": max(scores)}
