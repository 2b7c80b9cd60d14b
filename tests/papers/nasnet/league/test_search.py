"""The league's experiments: rows of every objective, children that are trained, what is drawn."""

from __future__ import annotations

import re

import pytest

from harness.paper import Refused
from papers.cells.draw import files
from papers.cells.league import league as leagues
from papers.cells.league.league import league_of
from papers.cells.league.truth import Table
from papers.cells.space.edge import T0
from papers.cells.task import CHILD_STEPS
from papers.nasnet.league import search
from papers.nasnet.league.config import WORKERS, TableLearning, TrainedLearning
from papers.nasnet.league.study import CLAIMS, EXPERIMENTS, TRAINED
from tests.lab.testbeds import trial_of

NAMED = {e.name: e for e in EXPERIMENTS}
SMALL = TableLearning(space="T0", evaluations=25, searches=4)


@pytest.mark.parametrize("policy", ["tabular", "lstm"])
def test_searches_have_rows_of_every_objective_and_a_cell_to_draw(policy, lab):
    config = TableLearning(space="T0", evaluations=25, searches=4, policy=policy)
    trial = trial_of(lab, config, NAMED["league/tabular"].phases)
    *_, last = search.run(config, trial)
    assert last["charged_steps"] == 25 * CHILD_STEPS
    for key in ("", "plain_", "priced_"):
        low, middle, high = (last[f"{key}regret_{end}"] for end in ("low", "median", "high"))
        assert 0 <= low <= middle <= high
        assert last[f"{key}regret_20"] >= 0
    assert last["convolutions"] <= 2
    assert "regret" in files.shown(trial.artifacts)


@pytest.mark.slow
@pytest.mark.usefixtures("few_steps")
def test_children_are_trained_for_every_objective_and_ranked_among_lookups(lab):
    config = TrainedLearning(space="T0", turns=1, repeats=4, rate=0.1, samples=WORKERS)
    trial = trial_of(lab, config, NAMED[TRAINED].phases)
    *_, last = search.trained(config, trial)
    assert last["charged_steps"] == WORKERS * CHILD_STEPS == last["priced_charged_steps"]
    for key in ("", "plain_", "priced_"):
        assert 0 <= last[f"{key}rank"] <= 1
        assert last[f"{key}table_regret"] >= 0
    limited, whole = league_of(T0, 2), league_of(T0)
    assert last["regret"] == limited.regret(T0.parse(last["cell"]))
    assert last["plain_regret"] == whole.regret(T0.parse(last["plain_cell"]))
    assert T0.parse(last["priced_cell"]) in whole.allowed
    assert "priced_normalised_regret" not in last  # with a price it is of worth


def test_a_table_that_lacks_the_cells_is_refused_before_any_work(lab, monkeypatch, committed):
    few = Table(committed.header, committed.rows[:20])
    monkeypatch.setattr(leagues, "verified", lambda: few)
    league_of.cache_clear()
    trial = trial_of(lab, SMALL, NAMED["league/tabular"].phases)
    try:
        with pytest.raises(Refused, match=r"lacks|missing|not whole"):
            next(iter(search.run(SMALL, trial)))
    finally:
        league_of.cache_clear()
    assert trial.meter.spent("steps") == 0


def test_one_rate_is_judged_and_others_stand_beside_it():
    rates = {name for name in NAMED if re.match("(swept|break_even)/rate_", name)}
    assert len(rates) == 4 + 5
    judged = {name for claim in CLAIMS for name in claim.check.experiments}
    assert judged & rates == {"break_even/rate_0.01"}
    assert NAMED["league/tabular"].config.rate == 0.01
    assert NAMED["league/lstm"].config.searches == 100
    assert NAMED["league/tabular"].config.searches == 500
