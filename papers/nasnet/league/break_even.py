"""How many trained children reinforcement learning needs for what ENAS finds (claim K1 of ENAS).

ENAS's abstract has its search 1000 times less expensive. Here the mean regret of many searches is
followed child by child; where it falls to that of a search of ENAS, child steps and FLOPs are
compared. Every trial has one of ENAS's searches to reach, so that the spread over trials is that
of both sides. A level that is not reached within the search counts as reached at its end: the
multiple is at least so large.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from functools import partial
from typing import TYPE_CHECKING

from papers.cells.league import stacked
from papers.cells.league.contest import marks
from papers.cells.league.league import verified
from papers.cells.league.stacked import Stacked
from papers.cells.task import CHILD_STEPS
from papers.nasnet.league.search import side_by_side

if TYPE_CHECKING:
    from harness.paper import Row
    from harness.trial import Trial
    from papers.nasnet.league.config import BreakEven


def run(config: BreakEven, trial: Trial) -> Iterator[Row]:
    """Search, and tell for each level how many children it took; then for ENAS's own."""
    trial.uses("mnist1d", verified().header.data)
    stacks = stacked.stacks_of(config, trial, partial(side_by_side, config))
    trial.restore(**{f"stack{key}": stack for key, stack in stacks.items()})
    last: Row = {}
    for last in stacked.compete(stacks, trial.meter, marks(trial.meter.horizon("search"))):
        yield last
    for level in config.levels:
        counts = {key: children(stack.path, level) for key, stack in stacks.items()}
        found = {f"{key}children": float(n) for key, n in counts.items()}
        gflops = {f"{key}gflops": stacks[key].spent[n - 1] / 1e9 for key, n in counts.items()}
        yield {"at": 100 * level, **found, **gflops}
    reached = against(config.enas, config.enas_gflops, config.enas_steps, stacks[""], trial.seed)
    plain = against(
        config.plain_enas,
        config.plain_enas_gflops,
        config.enas_steps,
        stacks["plain_"],
        trial.seed,
    )
    reached |= {f"plain_{name}": value for name, value in plain.items()}
    yield {**last, **reached}


def children(path: Sequence[float], level: float) -> int:
    """Return after how many children the mean regret is at most `level`; else all of them."""
    return next((n for n, regret in enumerate(path, start=1) if regret <= level), len(path))


def against(
    regrets: Sequence[float], gflops: float, steps: int, stack: Stacked, seed: int
) -> dict[str, float]:
    """Return what it took to reach one of ENAS's searches, and whether it was reached.

    Steps and FLOPs of both as logarithms to base 10.
    """
    level = regrets[seed % len(regrets)]
    count = children(stack.path, level)
    return {
        "level": level,
        "children": float(count),
        "reached": float(stack.path[count - 1] <= level),
        "steps_log10": math.log10(count * CHILD_STEPS),
        "steps_log10_enas": math.log10(steps),
        "flops_log10": math.log10(stack.spent[count - 1]),
        "flops_log10_enas": math.log10(1e9 * gflops),
    }
