"""From shared weights to a cell: which candidates are kept."""

from __future__ import annotations

from papers.cells.league import derive
from papers.cells.space.classes import classes
from papers.cells.space.edge import T0


def test_candidates_share_the_validation_rows_and_the_best_classes_are_kept():
    found = derive.Derivation()
    found.codes = [(2, 0, 0), (0, 0, 2), (0, 2, 0), (3, 3, 3), (0, 1, 0)]
    found.scores = [0.1, 0.9, 0.8, 0.7, 0.9]
    best = found.best(T0, 3)
    assert best == [(0, 1, 0), (0, 2, 0), (3, 3, 3)] or best[0] in {(0, 0, 2), (0, 1, 0)}
    assert len({classes(T0).of(code) for code in best}) == 3
    found.retrained = [((3, 3, 3), 0.5), ((0, 2, 0), 0.6)]
    assert found.result == (0, 2, 0)
    again = derive.Derivation()
    again.load_state_dict(found.state_dict())
    assert again == found
