"""The forms that `bench` races find the same cells; nothing is timed here."""

from __future__ import annotations

from dataclasses import replace

import pytest

from papers.amoebanet.config import KINDS
from papers.amoebanet.league.bench import alone, together
from papers.amoebanet.league.config import TableEvolution
from papers.cells.league.league import league_of
from papers.cells.league.objective import Objective
from papers.cells.league.recorded import recorded
from papers.cells.space.edge import T1

CONFIG = TableEvolution(population=30, sample=10, identity=0.05)


@pytest.mark.parametrize("kind", KINDS)
def test_both_forms_find_the_same_cells(kind):
    config, known = replace(CONFIG, kind=kind), recorded(Objective(league_of(T1, 2)))
    found = alone(known, config, 6)
    assert found == together(known, config, 6)
    assert len(set(found)) > 1
