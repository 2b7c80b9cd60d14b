"""The paper's tables from the released accuracy of every network: means, pairs, ranks.

Names of metrics: data set, split, method. `_se` is the standard error that the authors print, the
spread of the networks over the root of their number.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import TYPE_CHECKING

import numpy as np

from harness import statistics
from papers.ghn2.published import released
from papers.ghn2.published.released import Table

if TYPE_CHECKING:
    from harness.paper import Row
    from harness.statistics import Array
    from harness.trial import Trial
    from papers.ghn2.published.config import Results

SPLITS = {"id": "test", "wide": "wide", "deep": "deep", "dense": "dense", "bnfree": "bnfree"}
OUTSIDE = ("wide", "deep", "dense", "bnfree")
PREDEFINED = ("resnet50", "vit")  # in their order
PAIRS = (("ghn2", "ghn1"), ("ghn2", "mlp"), ("ghn1", "mlp"), ("ghn2", "sgd"))
CHANCE = {"cifar10": 0.1, "imagenet": 0.005}  # top-1 of 10 classes, top-5 of 1,000


def run(config: Results, trial: Trial) -> Iterator[Row]:
    """Average what was released, once."""
    found: dict[str, float] = {}
    for data in config.data:
        table = released.read(data)
        trial.uses(released.NAME, table.digest)
        parts = (means(table), pairs(table), ranks(table), stuck(table))
        found |= {f"{data}_{name}": value for part in parts for name, value in part.items()}
    yield found


def means(table: Table) -> dict[str, float]:
    """Return means and their errors by method and split, and the best network in distribution."""
    found: dict[str, float] = {}
    for method in table.methods:
        for split, own in SPLITS.items():
            found |= described(f"{split}_{method}", table.of(own, method))
        pooled = np.concatenate([table.of(split, method) for split in OUTSIDE])
        found |= described(f"ood_{method}", pooled)
        found[f"id_{method}_best"] = float(table.of("test", method).max())
        alone = table.of("predefined", method).tolist()
        found |= {f"{name}_{method}": value for name, value in zip(PREDEFINED, alone, strict=True)}
    return found


def described(name: str, values: Array) -> dict[str, float]:
    """Return the mean and its standard error as the authors': a variance over n, not n - 1."""
    estimate = statistics.mean(values)
    error = estimate.error * math.sqrt(estimate.df / estimate.n)
    return {name: estimate.value, f"{name}_se": error}


def pairs(table: Table) -> dict[str, float]:
    """Return on which share of networks one method beats another, and by how much in the mean."""
    found: dict[str, float] = {}
    for split, own in SPLITS.items():
        for high, low in PAIRS:
            if {high, low} <= set(table.methods):
                apart = table.of(own, high) - table.of(own, low)
                found[f"{split}_{high}_beats_{low}"] = statistics.center((apart > 0).astype(float))
                found[f"{split}_{high}_less_{low}"] = statistics.center(apart)
                found[f"{split}_{high}_less_{low}_sd"] = float(np.std(apart))
    return found


def ranks(table: Table) -> dict[str, float]:
    """Return Kendall's tau with SGD's accuracy of the networks in distribution."""
    sgd = table.of("test", "sgd")
    rankers = [name for name in (*table.methods, "parameters") if name != "sgd"]
    return {f"id_{name}_tau": statistics.tau(table.of("test", name), sgd) for name in rankers}


def stuck(table: Table) -> dict[str, float]:
    """Return how many networks without batch norm SGD leaves at chance, and GHN-2 on each half."""
    chance = table.of("bnfree", "sgd") <= CHANCE[table.data] + statistics.ROUNDING
    ghn2 = table.of("bnfree", "ghn2")
    return {
        "bnfree_stuck": statistics.center(chance.astype(float)),
        "bnfree_stuck_ghn2": statistics.center(ghn2[chance]),
        "bnfree_trained_ghn2": statistics.center(ghn2[~chance]),
        "bnfree_trained_sgd": statistics.center(table.of("bnfree", "sgd")[~chance]),
    }
