"""Small testbeds: the first rows of a data set, images that are none, cells by their number."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from random import Random
from typing import Any

import numpy as np

from harness.paper import Phase, resolve
from harness.trial import Trial
from papers.cells.rows import Part, Rows
from papers.cells.space.edge import T2, Code
from papers.cells.space.genotype import Genotype
from papers.cells.space.node import DARTS


def first_rows(whole: Rows, train: int, val: int) -> Rows:
    """Return so many rows of each part."""
    parts = ((whole.train, train), (whole.val, val))
    few = [Part(part.x[:count], part.y[:count]) for part, count in parts]
    return replace(whole, train=few[0], val=few[1])


def random_images(side: int, name: str, part: str) -> tuple[np.ndarray, np.ndarray, str]:
    """Return random images as if they were stored."""
    random = np.random.default_rng(len(part))
    count = 20 if part == "test" else 64
    pixels = random.integers(256, size=(count, 3, side, side), dtype=np.uint8)
    return pixels, np.arange(count) % 4, f"hash of {name}"


def trial_of(lab: Any, config: Any, phases: Mapping[str, Phase], seed: int = 0) -> Trial:
    """Return a trial of a config's phases."""
    return lab(resolve(phases, config), seed)


def draw(number: int) -> Genotype:
    """Return a random cell of DARTS's space."""
    return DARTS.random(Random(number))


def codes(count: int, seed: int = 0) -> list[Code]:
    """Return random codes of T2."""
    stream = Random(seed)
    return [T2.random(stream) for _ in range(count)]
