"""What every network of DeepNets-1M reached, as the authors released it (data/results_*.json).

`released.csv` has a row a network: data set, split, number in the split, weights, and accuracies
in per cent, digit by digit as released: top-1 on CIFAR-10, top-5 on ImageNet. `released.json`
beside it says from where, under which licence, how it was copied, and the hash of the rows.
"""

from __future__ import annotations

import csv
import hashlib
import io
import json
from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from harness.paper import Refused, require
from harness.statistics import Array

FILE = Path(__file__).with_name("released.csv")
NAME = "ghn2-released"
METHODS = ("ghn1", "ghn2", "mlp", "sgd")


@dataclass(frozen=True)
class Table:
    """The networks of one data set in their order, by (split, column).

    Accuracies are fractions; `parameters` are numbers of weights. `sgd` is SGD from random
    parameters: 50 epochs on CIFAR-10, one on ImageNet, where there is no `mlp`.
    """

    data: str
    digest: str
    columns: Mapping[tuple[str, str], Array]

    @property
    def methods(self) -> tuple[str, ...]:
        """The methods that have accuracies here."""
        there = {column for _, column in self.columns}
        return tuple(method for method in METHODS if method in there)

    def of(self, split: str, column: str) -> Array:
        """Return what the networks of a split have in a column.

        Raises:
            Refused: no such split or column.
        """
        require(split, {split for split, _ in self.columns}, "split")
        require(column, {column for _, column in self.columns}, "column")
        return self.columns[split, column]


def read(data: str, file: Path = FILE) -> Table:
    """Return the released networks of a data set.

    Raises:
        Refused: other rows than those that were stored, or a data set that is not among them.
    """
    content, facts = file.read_bytes(), file.with_suffix(".json")
    digest, told = hashlib.sha256(content).hexdigest(), json.loads(facts.read_bytes())["sha256"]
    if digest != told:
        raise Refused(f"{file.name}: sha256={digest}: must be {told}, as {facts.name} says")
    rows = list(csv.DictReader(io.StringIO(content.decode())))
    require(data, {row["dataset"] for row in rows}, "data set")
    found: dict[tuple[str, str], list[float]] = defaultdict(list)
    for row in rows:
        if row["dataset"] != data:
            continue
        found[row["split"], "parameters"].append(int(row["parameters"]))
        for method in METHODS:
            if row[method]:
                found[row["split"], method].append(float(row[method]) / 100)
    return Table(data, digest, {place: np.array(values) for place, values in found.items()})
