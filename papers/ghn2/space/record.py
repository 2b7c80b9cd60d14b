"""What a network of the space is, as a compact record: a genotype and how it is put together."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, replace

from harness.paper import positive, require, within
from papers.cells.space.genotype import CELLS, Genotype

STYLES = ("deepnets", "mini")  # DeepNets-1M's template, or ours of small signals and images
STEMS = ("simple", "imagenet")


@dataclass(frozen=True)
class Record:
    """A network but for its input and its classes.

    `growth` multiplies channels at reductions, `fc` is the width of a hidden layer of the head, 0
    where there is none; `pooled` tells a global mean from a flattened head.
    """

    genotype: Genotype
    cells: int
    channels: int
    growth: int = 1
    preprocess: bool = True
    norm: bool = True
    stem: str = "simple"
    stem_kernel: int = 3
    stem_pool: bool = False
    pooled: bool = True
    fc: int = 0
    style: str = "deepnets"

    def __post_init__(self) -> None:
        positive(self, "cells", "channels", "growth", "stem_kernel")
        within(self, "fc", 0)
        require(self.style, STYLES, "style")
        require(self.stem, STEMS, "stem")

    @property
    def operations(self) -> dict[str, tuple[str, ...]]:
        """The operations of each cell."""
        return {name: tuple(op for op, _ in self.genotype.cell(name).pairs) for name in CELLS}

    @property
    def attends(self) -> bool:
        """Whether it is of the kind of vision transformers: patches, positions, no strides."""
        return any("msa" in operations for operations in self.operations.values())

    @property
    def largest_dense(self) -> bool:
        """Whether it has dense convolutions of width 5 or 7."""
        large = {"conv_5x5", "conv_7x7"}
        return any(large & set(operations) for operations in self.operations.values())

    def at(self, channels: int, fc: int | None = None) -> Record:
        """Return the same at another width; a head without a hidden layer stays so."""
        hidden = self.fc if fc is None or not self.fc else fc
        return replace(self, channels=channels, fc=hidden)

    def json(self) -> str:
        """Return the record as one line of JSON."""
        return json.dumps({**asdict(self), "genotype": self.genotype.text})

    @classmethod
    def from_json(cls, text: str) -> Record:
        """Return the record that `json` wrote."""
        found = json.loads(text)
        for name in found:
            require(name, cls.__dataclass_fields__, "field of a record")
        return cls(**{**found, "genotype": Genotype.parse(found["genotype"])})
