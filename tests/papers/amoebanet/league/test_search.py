"""The league's experiments: their rows, what is charged, what is refused before any work."""

from __future__ import annotations

from dataclasses import replace

import pytest

from harness.paper import Refused
from papers.amoebanet.league import search
from papers.amoebanet.league.config import WORKERS, TableEvolution, TableRandom, TrainedEvolution
from papers.amoebanet.league.study import EXPERIMENTS
from papers.cells.draw import files
from papers.cells.league.league import league_of
from papers.cells.space.edge import T0
from papers.cells.task import CHILD_STEPS
from tests.lab.testbeds import trial_of

SMALL = TableEvolution(space="T0", population=4, sample=2, evaluations=30, searches=20)
PHASES = {experiment.name: experiment.phases for experiment in EXPERIMENTS}


def test_a_row_has_every_objective_and_the_spread_over_its_searches(lab):
    trial = trial_of(lab, SMALL, PHASES["league/aging"])
    *way, last = search.run(SMALL, trial)
    for key in ("", "plain_", "priced_"):
        assert 0 <= last[f"{key}regret_low"] <= last[f"{key}regret_high"]
        assert last[f"{key}regret"] <= way[0][f"{key}regret"]
        assert last[f"{key}searches"] == 20
        assert last[f"{key}charged_steps"] == 30 * CHILD_STEPS
    assert last["at"] == 30
    assert last["convolutions"] <= 2 < last["plain_convolutions"]
    assert last["priced_convolutions"] < last["plain_convolutions"]
    assert trial.meter.spent("flops") == pytest.approx(last["charged_flops"])
    assert "better than" in files.shown(trial.artifacts)


def test_a_seed_decides_all_of_a_trial(lab):
    first, again, other = (
        list(search.run(SMALL, trial_of(lab, SMALL, PHASES["league/aging"], seed)))[-1]
        for seed in (0, 0, 1)
    )
    assert first == again
    assert first["charged_flops"] != other["charged_flops"]


def test_random_search_is_charged_as_many_children(lab):
    config = TableRandom(space="T0", evaluations=30, searches=20)
    *_, last = search.random(config, trial_of(lab, config, PHASES["swept/random"]))
    assert last["charged_steps"] == 30 * CHILD_STEPS
    assert last["regret_20"] >= last["regret"]


def test_a_higher_price_finds_cells_with_fewer_convolutions(lab):
    cheap, dear = (
        list(search.run(config, trial_of(lab, config, PHASES["league/aging"])))[-1]
        for config in (replace(SMALL, price=price) for price in (0.0, 0.3))
    )
    assert dear["priced_convolutions"] < cheap["priced_convolutions"]
    assert dear["regret"] == cheap["regret"]  # other objectives do not know of it


def test_a_table_that_lacks_the_cells_is_refused_in_one_line(lab):
    config = replace(SMALL, space="T2")
    with pytest.raises(Refused, match=r"rows of T2 missing.*build them: python -m papers.cells"):
        next(search.run(config, trial_of(lab, config, PHASES["league/aging"])))


@pytest.mark.slow
@pytest.mark.usefixtures("few_steps")
def test_an_evolution_that_trains_ends_among_those_that_look_up(lab):
    config = TrainedEvolution(
        space="T0", population=4, sample=2, turns=1, repeats=5, objectives=("capped",)
    )
    trial = trial_of(lab, config, PHASES["league/trained"])
    *_, last = search.trained(config, trial)
    assert last["charged_steps"] == WORKERS * CHILD_STEPS
    assert 0 <= last["rank"] <= 1
    league = league_of(T0, config.limit)
    assert last["regret"] == league.regret(T0.parse(last["cell"]))
    assert last["table_regret"] >= 0
