"""Label noise of the double-descent notebook, bit for bit.

The notebook draws the noise from NumPy's global legacy stream, right where the generation of the
data set left it. So the stream is replayed up to there, then continued.

Shapes: N training labels.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from papers.signals.dataset import Arguments, Integers, Legacy

CLASSES = 10


def after_generation(a: Arguments) -> Legacy:
    """Return the legacy stream as generating the data set `a` in mode 'exact' leaves it."""
    random = np.random.RandomState(a.seed)
    for _ in range(len(a.labels)):
        random.random_sample(2)  # padding, scale
        random.randint(0, a.max_translation)
        random.standard_normal(2 * a.length)
        random.random_sample()  # shear
    random.permutation(len(a.labels))
    if a.shuffle_seq:
        random.permutation(a.final_seq_length)
    return random


def noisy(y: Integers, share: float, random: Legacy) -> Integers:
    """Return a copy of labels y (N,) in which `share` of them, on average, are drawn anew.

    A new label may be the old one: a share of .15 changes 13.5 % of ten equal classes.
    """
    labels: Sequence[int] = [
        int(random.randint(0, CLASSES)) if random.random_sample() < share else int(old)
        for old in y
    ]
    return np.array(labels, dtype=np.int64)
