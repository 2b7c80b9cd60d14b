"""How many trained children reinforcement learning needs for what ENAS finds (claim K1 of ENAS).

ENAS's abstract has its search 1000 times less expensive. Here the mean regret of many searches is
followed child by child; where it falls to ENAS's, child steps and FLOPs are compared. A level that
is not reached within the search counts as reached at its end: the multiple is at least so large.
"""

from __future__ import annotations

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
        found = {f"{key}children": float(children(s.path, level)) for key, s in stacks.items()}
        yield {"at": 1000 * level, **found}
    own = {"": (config.level, config.enas_flops),
           "plain_": (config.plain_level, config.plain_enas_flops)}  # fmt: skip
    multiples = [multiple(key, stacks[key], *own[key], config.enas_steps) for key in stacks]
    yield {**last, **{name: value for one in multiples for name, value in one.items()}}


def children(path: Sequence[float], level: float) -> int:
    """Return after how many children the mean regret is at most `level`; else all of them."""
    return next((n for n, regret in enumerate(path, start=1) if regret <= level), len(path))


def multiple(key: str, stack: Stacked, level: float, flops: float, steps: int) -> dict[str, float]:
    """Return how many times ENAS's steps and FLOPs it took, and whether the level was reached."""
    count = children(stack.path, level)
    return {
        f"{key}children": float(count),
        f"{key}steps_multiple": count * CHILD_STEPS / steps,
        f"{key}flops_multiple": stack.spent[count - 1] / flops,
        f"{key}reached": float(stack.path[count - 1] <= level),
    }
