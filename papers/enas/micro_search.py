"""The search of a pair of cells: the micro space on given rows (Sec. 2.4)."""

from __future__ import annotations

from collections.abc import Sequence
from random import Random

import torch

from harness.training import device
from papers.cells.network.counting import multiply_adds
from papers.cells.network.darts import Network
from papers.cells.rows import Rows, Seed
from papers.cells.searcher.controller import MicroController
from papers.cells.space.genotype import Genotype
from papers.enas.learning import Searching
from papers.enas.micro import Design, MicroSupernet
from papers.enas.path_search import PathSearch, Space


class MicroSearch(PathSearch[Genotype]):
    """A search of cells, as `papers.cells.child.retrained` takes it."""

    @property
    def genotype(self) -> Genotype:
        """The cells that it stands for now."""
        return self.best


def searched(design: Design, config: Searching, rows: Rows, seed: Seed) -> MicroSearch:
    """Return a search on rows, its weights drawn."""
    with device.seeded(seed("init")):
        supernet = MicroSupernet(design).to(rows.train.x.device)
    sides = rows.train.x.shape[2:]

    def macs(cell: Genotype) -> float:
        with torch.device("meta"), torch.no_grad():
            network, x = Network(design.layout(cell)), torch.empty(2, design.inputs, *sides)
            return multiply_adds(network, lambda: network(x)) / len(x)

    own = design.space

    def uniform(stream: Random) -> Sequence[int]:
        return own.encode(own.random(stream))

    def controller(preset: str, number: int) -> MicroController:
        return MicroController(preset, number, own)

    space = Space(supernet, own.decode, uniform, controller, macs, shares)
    return MicroSearch(space, config, rows, seed)


def shares(cells: Sequence[Genotype]) -> dict[str, float]:
    """Return which share of all operations of both cells are convolutions, and which skips."""
    names = [op for cell in cells for op, _ in (*cell.normal, *cell.reduce)]
    return {
        "share_convolutions": sum("_conv_" in name for name in names) / len(names),
        "share_skips": names.count("skip_connect") / len(names),
    }
