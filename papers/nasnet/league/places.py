"""Where a code stands among the cells that a search may return.

Shapes: A cells that may be returned, E edges.
"""

from __future__ import annotations

import numpy as np

from papers.cells.searcher.numbers import Ints
from papers.cells.space.allowed import Allowed


class Places:
    """The place of every allowed code, found by its number in base O."""

    def __init__(self, allowed: Allowed) -> None:
        edges, ops = len(allowed.space.edges), len(allowed.space.ops)
        self._powers: Ints = ops ** np.arange(edges)[::-1]
        self._places: Ints = np.full(allowed.space.size, -1)
        self._places[np.array(allowed.codes) @ self._powers] = np.arange(len(allowed))

    def __call__(self, codes: Ints) -> Ints:
        """Return the places of codes (..., E)."""
        found: Ints = self._places[codes @ self._powers]
        return found
