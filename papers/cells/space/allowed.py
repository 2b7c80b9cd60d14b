"""Which cells a search may return: none on no edge, and convolutions up to a limit.

Every method of the league chooses from this set: what has a score for each operation of each edge
returns the allowed code of the highest sum, and random search draws from the set uniformly.

Shapes: E edges, O operations, A allowed codes.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from random import Random

import numpy as np

from harness.paper import Refused
from papers.cells.space.edge import KERNELS, Code, EdgeSpace


def convolutions(space: EdgeSpace, code: Code) -> int:
    """Return on how many edges a code has a convolution, whether or not it reaches the output."""
    return sum(name in KERNELS for name in space.names(code))


class Allowed:
    """The codes of a space without `none` and with at most `limit` convolutions (None: all)."""

    def __init__(self, space: EdgeSpace, limit: int | None = None) -> None:
        if limit is not None and limit < 1:
            raise Refused(f"limit={limit}: a cell may have at least 1 convolution")
        self.space, self.limit = space, limit
        self.codes = tuple(code for code in space.enumerate() if self._has(code))
        self._known = frozenset(self.codes)
        self._places = np.array(self.codes)  # (A, E)

    def _has(self, code: Code) -> bool:
        few = self.limit is None or convolutions(self.space, code) <= self.limit
        return few and "none" not in self.space.names(code)

    def __len__(self) -> int:
        return len(self.codes)

    def __contains__(self, code: object) -> bool:
        return code in self._known

    def random(self, stream: Random) -> Code:
        """Draw an allowed code uniformly."""
        return self.codes[stream.randrange(len(self.codes))]

    def best(self, scores: Sequence[Sequence[float]]) -> Code:
        """Return the allowed code whose operations have the highest sum of scores (E, O).

        With log-probabilities as scores it is the most probable allowed code. The first of equal
        ones, in the order of `EdgeSpace.enumerate`.
        """
        table = np.asarray(scores, dtype=np.float64)
        sums = table[np.arange(table.shape[0]), self._places].sum(1)
        return self.codes[int(sums.argmax())]


@lru_cache(maxsize=16)
def allowed(space: EdgeSpace, limit: int | None = None) -> Allowed:
    """Return the set of a space and a limit, enumerated once per process."""
    return Allowed(space, limit)
