"""A small map as text, so that a figure can be drawn from the table of results alone.

A point is five signs: its digit, then its two coordinates as hexadecimal numbers from 00 to ff,
left to right and bottom to top of the map's bounding square. Points are separated by spaces.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

CELLS = 255

Points = NDArray[np.float32]
Labels = NDArray[np.int64]


def encode(points: Points, labels: Labels) -> str:
    """Return points (N, 2) and digits (N) as text; both axes keep one scale."""
    low, span = points.min(0), max(float(np.ptp(points, axis=0).max()), 1e-12)
    cells = np.rint(CELLS * (points - low) / span).astype(int)
    words = [f"{d}{x:02x}{y:02x}" for d, (x, y) in zip(labels, cells, strict=True)]
    return " ".join(words)


def decode(text: str) -> tuple[Points, Labels]:
    """Return points (N, 2), in 0 to 1, and digits (N) of an encoded map."""
    words = text.split()
    cells = [(int(word[1:3], 16), int(word[3:5], 16)) for word in words]
    points = np.array(cells, dtype=np.float32).reshape(-1, 2) / CELLS
    return points.astype(np.float32), np.array([int(word[0]) for word in words], dtype=np.int64)
