"""The pairs that `python -m harness bench papers/mnist1d` times, study by study."""

from __future__ import annotations

from collections.abc import Callable

from harness.pair import Pair
from harness.training.lr_range import Curve
from papers.mnist1d.benchmark import bench as benchmark
from papers.mnist1d.contrastive import bench as contrastive
from papers.mnist1d.double_descent import bench as double_descent
from papers.mnist1d.lottery import bench as lottery
from papers.mnist1d.meta_activation import bench as meta_activation
from papers.mnist1d.meta_lr import bench as meta_lr
from papers.mnist1d.pooling import bench as pooling

STUDIES = (benchmark, lottery, double_descent, meta_lr, meta_activation, pooling, contrastive)


def pairs() -> list[Pair]:
    """Return every study's readable oracles beside their fast forms."""
    return [pair for study in STUDIES for pair in study.pairs()]


def lr_range() -> dict[str, Callable[[], Curve]]:
    """Return the learning-rate range tests of the benchmark's models."""
    return benchmark.lr_range()
