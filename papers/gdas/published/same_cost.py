"""A random cell that costs as much as a published one, trained from scratch.

Multiply-adds add up over a genotype's pairs: each pair has a price that depends on its operation,
its type of cell, and on whether it halves the size. So thousands of cells are priced at once.
"""

from __future__ import annotations

from collections.abc import Iterator
from random import Random
from typing import TYPE_CHECKING

import torch

from papers.cells.child.published_cell import trained
from papers.cells.child.signals import layout
from papers.cells.network.counting import multiply_adds
from papers.cells.network.darts import Network
from papers.cells.space.genotype import CELLS, INPUTS, Genotype, NodeCell
from papers.cells.space.node import DARTS
from papers.cells.space.published import PUBLISHED

if TYPE_CHECKING:
    from harness.paper import Row
    from harness.trial import Trial
    from papers.cells.child.config import SignalChildren
    from papers.gdas.published.config import SameCost

LENGTH = 40  # of a signal
FREE = NodeCell((("max_pool_3x3", 0), ("max_pool_3x3", 1)) * DARTS.nodes, (2, 3, 4, 5))
LAST = 2 * (DARTS.nodes - 1)  # the place of a pair that reads any state


def run(config: SameCost, trial: Trial) -> Iterator[Row]:
    """Train the candidate that is nearest in cost; the last row has its share of that cost."""
    prices, published = Prices(config), PUBLISHED[config.reference].genotype
    stream, target = Random(trial.stream("cells")), prices.of(published)
    drawn = [DARTS.random(stream) for _ in range(config.candidates)]
    cell = min(drawn, key=lambda one: abs(prices.of(one) - target))
    share = prices.of(cell) / target
    name = f"a random cell with {share:.3f} times the multiply-adds of {config.reference}"
    for row in trained(cell, name, config, trial):
        yield {**row, "cost_share": share} if "cell" in row else row


class Prices:
    """What each operation costs at each place of the network that a config trains."""

    def __init__(self, config: SignalChildren) -> None:
        self.config = config
        self.base = self.counted(Genotype.of(FREE, FREE))  # pooling costs nothing
        self.pairs = {
            (name, op, inner): self._extra(name, op, inner)
            for name in CELLS
            for op in DARTS.ops
            for inner in (False, True)
        }

    def of(self, genotype: Genotype) -> int:
        """Return the multiply-adds of a genotype's network on one signal."""
        return self.base + sum(
            self.pairs[name, op, source >= INPUTS]
            for name in CELLS
            for op, source in genotype.cell(name).pairs
        )

    def _extra(self, name: str, op: str, inner: bool) -> int:
        """Return the price of an operation that reads an inner node or an input."""
        pairs = list(FREE.pairs)
        pairs[LAST] = (op, INPUTS if inner else 0)
        cells = dict.fromkeys(CELLS, FREE) | {name: NodeCell(tuple(pairs), FREE.concat)}
        return self.counted(Genotype.of(**cells)) - self.base

    @torch.no_grad()
    def counted(self, genotype: Genotype) -> int:
        """Return the same, counted on a whole network."""
        with torch.device("meta"):
            network = Network(layout(genotype, self.config)).eval()
            x = torch.empty(1, 1, LENGTH)
        return multiply_adds(network, lambda: network(x))
