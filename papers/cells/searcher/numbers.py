"""Random numbers that a readable search and many stacked ones draw alike.

Whatever a search decides at a turn, it decides by a row of uniform numbers that belongs to this
turn: what it leaves unused moves nothing later. So many searches can draw all their rows at once,
and one search, turn by turn, draws the same.

Shapes: R searches, T turns, W numbers a turn.
"""

from __future__ import annotations

from collections.abc import Sequence
from random import Random
from typing import Any

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]


class Numbers(Random):
    """A stream that hands out the numbers of a turn, then those of the next.

    `begin` opens a turn; each choice takes the next number of its row.
    """

    def __init__(self, seed: int, width: int) -> None:
        super().__init__(0)  # its own numbers are never asked for
        self._rows, self._width = np.random.default_rng(seed), width
        self._left: list[float] = []

    def begin(self) -> None:
        """Draw the next row."""
        self._left = self._rows.random(self._width).tolist()[::-1]

    def random(self) -> float:
        """Return the next number of the row."""
        return self._left.pop()

    def randrange(self, start: int, stop: int | None = None, step: int = 1) -> int:
        """Return one of the numbers 0 to `start` - 1: the next one of the row, times `start`."""
        assert stop is None, "a choice begins at 0"
        return int(self.random() * start)

    def getstate(self) -> tuple[Any, ...]:
        """Return where the stream is."""
        return (self._rows.bit_generator.state, list(self._left))

    def setstate(self, state: tuple[Any, ...]) -> None:
        """Go on where another was."""
        self._rows.bit_generator.state, left = state
        self._left = list(left)


def rows(seeds: Sequence[int], turns: int, width: int) -> Floats:
    """Return the rows that `Numbers` hands out for each seed: (R, T, W)."""
    return np.stack([np.random.default_rng(seed).random((turns, width)) for seed in seeds])


def below(numbers: Floats, count: int | Ints) -> Ints:
    """Return what `Numbers.randrange` makes of numbers."""
    found: Ints = (numbers * count).astype(np.int64)
    return found
