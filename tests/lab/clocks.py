"""Device clocks of machines at any speed, for trials that run in this process."""

from __future__ import annotations

import pytest

from harness.training import device

TICK = 0.05  # device seconds; the throw-away paper's 20 turns are 28 of them at budget smoke


class Ticking:
    """A clock that goes on by so much each time that it is read.

    The meter reads it twice in a turn, and twice more where a row is taken off the clock.
    """

    def __init__(self, tick: float) -> None:
        self.tick, self.reads = tick, 0

    def __call__(self) -> float:
        self.reads += 1
        return self.tick * self.reads


def at_speed(monkeypatch: pytest.MonkeyPatch, slower: float) -> None:
    """Let device time be that of a machine so many times slower than the reference."""
    monkeypatch.setattr(device, "clock", lambda kind: Ticking(TICK * slower))
