"""A search that trains its children, and its place among those that look trainings up."""

from __future__ import annotations

import numpy as np
import pytest

from harness.paper import Phase
from papers.cells.league import trained
from papers.cells.league.config import TrainedSearch
from papers.cells.league.league import league_of
from papers.cells.league.random_search import Uniform
from papers.cells.space.edge import T0
from papers.cells.task import CHILD_STEPS
from tests.lab.testbeds import trial_of

CONFIG = TrainedSearch(space="T0", turns=2, repeats=9)
PHASES = {"search": Phase("turns", cost=2 * CHILD_STEPS)}


def test_lookups_ask_as_many_workers_as_often(lab):
    trial, made = trial_of(lab, CONFIG, PHASES), []

    class Counted(Uniform):
        asked = 0

        def propose(self):
            self.asked += 1
            return super().propose()

    def make(allowed, seed):
        made.append(Counted(allowed, seed))
        return made[-1]

    found = trained.looked_up(CONFIG, make, 3, league_of(T0, 2), trial)
    assert len(found) == CONFIG.repeats
    assert {one.asked for one in made} == {6}
    assert found.min() >= 0
    assert len(set(found.tolist())) > 1


@pytest.mark.slow
@pytest.mark.parametrize(("beside", "rank"), [(1.0, 0.0), (0.0, 1.0)])
def test_the_place_is_the_share_that_ended_with_a_better_cell(beside, rank, lab, monkeypatch):
    """Equally good ones count half: a search that finds the best cell is then not before them."""
    monkeypatch.setattr(trained, "looked_up", lambda *a: np.full(4, beside))
    trial = trial_of(lab, CONFIG, PHASES)
    *way, last = trained.run(CONFIG, Uniform, 2, trial)
    assert last["charged_steps"] == 4 * CHILD_STEPS
    assert [row["at"] for row in way][:1] == [2]
    assert last["table_regret"] == beside
    assert last["rank"] == (rank if last["regret"] != beside else 0.5)
