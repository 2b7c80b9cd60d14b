"""The learning rate: cosines that start anew, each twice as long as the one before (Sec. 3.2)."""

from __future__ import annotations

from harness.training import optim


def restarted(turn: int, horizon: int, cycles: int, highest: float, lowest: float) -> float:
    """Return the rate at a turn of a training that ends with its last cycle.

    `cycles` of them: the first has one part of the horizon's 2^cycles - 1, the second two, and so
    on. The authors' 150, 310 and 630 epochs are 4, 5 and 6 cycles, the first of 10 epochs.
    """
    parts = 2**cycles - 1
    cycle = max(c for c in range(cycles) if (2**c - 1) * horizon <= turn * parts)
    since, length = turn * parts - (2**cycle - 1) * horizon, 2**cycle * horizon
    return optim.cosine(since, length, highest, lowest)
