"""What is declared of the league: claims can fail, and stand for what they say."""

from __future__ import annotations

import numpy as np
import pytest

from papers.amoebanet.league.study import AGING, CLAIMS, EXPERIMENTS, LEARNED, PRICES
from papers.cells.league.objective import objectives
from papers.cells.league.stand_ins import STAND_INS
from papers.cells.space.edge import T1
from papers.cells.task import LEAGUE, LIMIT

BY_ID = {claim.id: claim for claim in CLAIMS}


def nearest(name: str) -> float:
    """Return the least regret, in points, of cells that take no search."""
    (objective,) = objectives((name,), T1, LIMIT, 0.01).values()
    allowed = objective.league.allowed
    return min(
        100 * float(np.mean([objective.row(code)["regret"] for code in rule(allowed)]))
        for rule in STAND_INS.values()
    )


@pytest.mark.parametrize(("name", "points"), [("capped", 3.5), ("plain", 0.3), ("priced", 3.0)])
def test_notes_tell_how_near_cells_come_that_take_no_search(name, points):
    assert nearest(name) == pytest.approx(points, abs=0.05)


def test_no_claim_of_the_plain_task_but_that_which_orders_two_searches():
    plain = [claim for claim in CLAIMS if "plain" in claim.check.metrics_of(AGING)[0]]
    assert [claim.id for claim in plain] == ["K6.plain"]
    assert "praises neither" in plain[0].note


def test_evolution_is_ahead_of_learning_at_the_rate_of_one_in_a_hundred():
    for name in ("K6.capped", "K6.plain", "K6.priced"):
        check = BY_ID[name].check
        assert (check.high, check.low) == (LEARNED, AGING)
        assert check.metric.endswith("regret_50")


def test_populations_are_those_of_the_issue_and_random_search_has_every_price():
    sizes = {
        (e.config.population, e.config.sample) for e in EXPERIMENTS if e.name.startswith("league/")
    }
    assert sizes == {(10, 3), (30, 10), (100, 25)}
    priced = {e.name: e.config.price for e in EXPERIMENTS if "price" in e.name}
    assert priced == {
        f"swept/{kind}price_{price:g}": price for kind in ("", "random_") for price in PRICES
    }
    by_table = [e for e in EXPERIMENTS if hasattr(e.config, "searches")]
    assert {e.at("nightly").searches for e in by_table} == {500}
    assert {e.task for e in EXPERIMENTS if e.name.startswith("league/")} == {LEAGUE}
