"""Tables of truth that nobody trained: of cells that are as good as they are large."""

from __future__ import annotations

import numpy as np

from papers.cells.league import truth
from papers.cells.league.truth import Header, Row, Table, needed
from papers.cells.network import light
from papers.cells.space.edge import T0, T2

MADE = Header("recipe-one", "data-one", "2.13.0")


def made_up(noise: float = 0.0) -> Table:
    """Return a table of T0 in which a cell is as good as its parameters are many."""
    stream = np.random.default_rng(0)
    rows = []
    for name, seed in truth.needed(T0):
        code = truth.code_of(name)
        # every class gets an accuracy of its own
        worth = light.parameters(T2, code) / 2e4 + T2.encode(code) / 1e6
        test = worth + noise * stream.standard_normal()
        rows.append(truth.row(name, seed, (worth / 3, worth / 2, worth, test, 1.0, 0.5 + seed)))
    return Table(truth.Header("r", "d", "t"), rows)


def rows(space=T0) -> list[Row]:
    """Return made-up rows: the more edges, the better."""
    return [
        truth.row(name, seed, (0.3, 0.4, 0.5, 0.1 * (6 - name.count("0")) + 0.01 * seed, 1.0, 2.0))
        for name, seed in needed(space)
    ]
