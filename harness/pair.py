"""A readable oracle and its fast form: what a `bench.py` declares and `harness bench` times."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

KEEP = 1.3  # a fast form that gains less is deleted


@dataclass(frozen=True)
class Rival:
    """What a user of the authors' code would write first, such as the loop in channels_last.

    `aim` is how many times as long as the fast form it was asked to take; 1: never less.
    """

    name: str
    form: Callable[[], object]
    aim: float = 1.0


@dataclass(frozen=True)
class Pair:
    """A readable oracle and its fast form, each doing `units` of the same work per call.

    `agree` raises AssertionError when they, or the `rival`, do not do the same; `flops` is what
    one fast call computes (0 where matrix products are not the work); `aim` is the ratio that was
    asked for. All are timed with so many `threads`. What is `missing` here ("no GPU") is said in
    place of times: then nothing of the pair is called.
    """

    name: str
    oracle: Callable[[], object]
    fast: Callable[[], object]
    agree: Callable[[], None]
    aim: float
    units: int = 1
    flops: float = 0.0
    note: str = ""
    rival: Rival | None = None
    threads: int = 1
    missing: str = ""
