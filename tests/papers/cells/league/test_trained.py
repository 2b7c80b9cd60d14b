"""A search that trains its children, and its place among those that look trainings up."""

from __future__ import annotations

import numpy as np
import pytest

from harness.paper import Phase
from papers.cells.league import trained
from papers.cells.league.config import TrainedSearch
from papers.cells.league.league import league_of
from papers.cells.league.objective import Objective, objectives
from papers.cells.league.random_search import Uniform
from papers.cells.league.trained import PricedEvaluator
from papers.cells.space.allowed import convolutions
from papers.cells.space.edge import T0
from papers.cells.task import CHILD_STEPS
from tests.lab.testbeds import trial_of

CONFIG = TrainedSearch(space="T0", turns=2, repeats=9)
PHASES = {"search": Phase("turns", cost=2 * CHILD_STEPS)}


def test_lookups_ask_as_many_workers_as_often():
    made = []

    class Counted(Uniform):
        asked = 0

        def propose(self):
            self.asked += 1
            return super().propose()

    def make(allowed, seed):
        made.append(Counted(allowed, seed))
        return made[-1]

    found = trained.looked_up(CONFIG, make, 3, Objective(league_of(T0, 2)), 7)
    assert len(found) == CONFIG.repeats
    assert {one.asked for one in made} == {6}
    assert found.min() >= 0
    assert len(set(found.tolist())) > 1


@pytest.mark.slow
@pytest.mark.usefixtures("few_steps")
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


@pytest.mark.slow
@pytest.mark.usefixtures("few_steps")
def test_a_price_is_taken_off_what_a_training_tells(signals):
    free, priced = objectives(("plain", "priced"), T0, 2, 0.05).values()
    codes = [code for code in T0.enumerate() if code in free.league.allowed][:4]
    told, less = (
        PricedEvaluator(objective, signals, 3).evaluate(codes) for objective in (free, priced)
    )
    for one, other in zip(told, less, strict=True):
        price = 0.05 * convolutions(T0, one.code)
        assert other.curve == pytest.approx([value - price for value in one.curve])
        assert one.seed == other.seed


@pytest.mark.slow
@pytest.mark.usefixtures("few_steps")
def test_every_objective_has_a_search_and_a_place_of_its_own(lab):
    config = TrainedSearch(space="T0", turns=1, repeats=5)
    trial = trial_of(lab, config, PHASES)
    *_, last = trained.run(config, Uniform, 2, trial, ("capped", "plain", "priced"), 0.05)
    for key, objective in objectives(("capped", "plain", "priced"), T0, 2, 0.05).items():
        assert 0 <= last[f"{key}rank"] <= 1
        code = T0.parse(last[f"{key}cell"])
        assert last[f"{key}regret"] == pytest.approx(objective.row(code)["regret"])
    assert last["priced_charged_steps"] == 2 * CHILD_STEPS
