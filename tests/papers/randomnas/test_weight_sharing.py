"""Random search with weight sharing: what a step touches, what is charged, what is drawn."""

from __future__ import annotations

import pytest

from harness.paper import Refused
from papers.cells.child.mnist1d import RECIPE
from papers.cells.league import flops
from papers.cells.league.costs import Costs
from papers.cells.league.league import league_of
from papers.cells.network import light
from papers.cells.space.edge import T0, T1
from papers.randomnas import random_search, weight_sharing
from papers.randomnas.config import Drift, RandomSearch, Reference, StandIn, Trained, WeightSharing

SMALL = WeightSharing(space="T0", steps=6, candidates=4, ranked=4, eval_every=4)


pytestmark = pytest.mark.usefixtures("prepared")


@pytest.mark.slow
@pytest.mark.usefixtures("few_steps")
def test_a_search_is_charged_shared_steps_candidates_and_retrained_children(lab):
    own = {"candidates": (4, 0), "retrain": (1, 900)}
    both = {**own, **{f"plain_{name}": phase for name, phase in own.items()}}
    trial = lab({"supernet": (6, 1), **both})
    *_, last = list(weight_sharing.run(SMALL, trial))
    flops = {name: ledger.flops for name, ledger in trial.meter.ledgers.items()}
    assert all(value > 0 for value in flops.values())
    for key, limit in (("", SMALL.limit), ("plain_", None)):
        assert last[f"{key}charged_steps"] == 6 + 900
        spent = sum(flops[name] for name in ("supernet", f"{key}candidates", f"{key}retrain"))
        assert last[f"{key}charged_flops"] == pytest.approx(spent)
        found = T0.parse(str(last[f"{key}cell"]))
        assert last[f"{key}true_accuracy"] == pytest.approx(league_of(T0, limit).true(found))
    assert "test_accuracy" not in last


def test_plain_search_keeps_what_it_found_when_it_had_spent_as_much(lab):
    config = RandomSearch(space="T1", evaluations=12, steps=600, candidates=10, searches=4)
    rows = list(random_search.table(config, lab({"search": (12, 300)})))
    by_place = {(row["member"], row["at"]): row for row in rows}
    for last in rows[-4:]:
        for key in ("", "plain_"):
            equal = by_place[last["member"], last[f"{key}children_equal"]]
            assert 1 < last[f"{key}children_equal"] < 12
            assert last[f"{key}regret_equal"] == equal[f"{key}regret"]
            assert last[f"{key}charged_steps"] == 12 * 300
            assert last[f"{key}charged_seconds"] > 0
        league = league_of(T1, config.limit)
        assert last["regret"] == league.regret(T1.parse(str(last["cell"])))
    cells = {row["cell"] for row in rows[-4:]}
    assert len(cells) > 1  # searches draw apart


def test_what_random_search_is_compared_at_costs_what_weight_sharing_is_charged():
    config = RandomSearch(space="T1", steps=2400)
    league, unlimited = league_of(T1, 2), league_of(T1)
    costs = Costs()
    for code in unlimited.allowed.codes:
        costs.step(light.macs(T1, code), config.batch)
    per_step = costs.flops / len(unlimited.allowed)
    costs = Costs()
    for code in league.allowed.codes:
        costs.score(light.macs(T1, code), RECIPE.held_out)
    per_score = costs.flops / len(league.allowed)
    expected = 2400 * per_step + 100 * per_score + 3 * flops.child_flops(league)
    assert weight_sharing.expected_flops(config, league) == pytest.approx(expected)


def test_forward_costs_follow_the_path():
    dense, thin = T1.code(("c5",) * 6), T1.code(("none",) * 3 + ("c5", "none", "none"))
    assert light.macs(T1, dense) > 5 * light.macs(T1, thin)


@pytest.mark.parametrize(
    ("make", "said"),
    [
        (lambda: WeightSharing(space="T3"), "unknown space 'T3'"),
        (lambda: WeightSharing(candidates=2), "candidates=2"),
        (lambda: WeightSharing(lr=0.0001), r"lr=0\.0001"),
        (lambda: WeightSharing(steps=0), "steps=0"),
        (lambda: RandomSearch(limit=0), "limit=0"),
        (lambda: Reference("optimun"), "did you mean 'optimum'"),
        (lambda: StandIn("larges"), "did you mean 'largest'"),
        (lambda: Drift(rows=0), "rows=0"),
        (lambda: Trained(turns=0), "turns=0"),
    ],
)
def test_configs_refuse_what_cannot_be(make, said: str):
    with pytest.raises(Refused, match=said):
        make()
