"""Random search with weight sharing: what a step touches, what is charged, what is drawn."""

from __future__ import annotations

from collections import Counter
from random import Random

import pytest
from scipy.stats import chisquare

from harness.paper import Refused
from papers.cells.league.league import league_of
from papers.cells.network import light
from papers.cells.space.edge import T0, T1
from papers.randomnas import random_search, weight_sharing
from papers.randomnas.config import Drift, RandomSearch, Reference, Trained, WeightSharing

SMALL = WeightSharing(space="T0", steps=6, candidates=4, ranked=4, eval_every=4)


pytestmark = pytest.mark.usefixtures("prepared")


def test_paths_are_drawn_uniformly():
    stream = Random(0)
    drawn = Counter(T0.random(stream) for _ in range(12_500))
    assert len(drawn) == 125
    assert chisquare(list(drawn.values())).pvalue > 1e-3


@pytest.mark.slow
def test_a_search_is_charged_shared_steps_candidates_and_retrained_children(lab):
    trial = lab({"supernet": (6, 1), "candidates": (4, 0), "retrain": (1, 900)})
    *_, last = list(weight_sharing.run(SMALL, trial))
    assert last["charged_steps"] == 6 + 900 == trial.meter.spent("steps")
    assert last["charged_flops"] == pytest.approx(trial.meter.spent("flops"))
    flops = {name: ledger.flops for name, ledger in trial.meter.ledgers.items()}
    assert all(value > 0 for value in flops.values())
    found = T0.parse(str(last["cell"]))
    assert last["true_accuracy"] == pytest.approx(league_of(T0).true(found))
    assert "test_accuracy" not in last


def test_plain_search_keeps_what_it_found_when_it_had_spent_as_much(lab):
    config = RandomSearch(space="T1", evaluations=12, equal=5, searches=4)
    rows = list(random_search.table(config, lab({"search": (12, 300)})))
    by_place = {row["at"]: row for row in rows}
    assert rows[-1]["regret_equal"] == by_place[5]["regret"] >= rows[-1]["regret"]
    assert rows[-1]["charged_steps"] == 12 * 300
    assert rows[-1]["charged_seconds"] > 0


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
        (lambda: RandomSearch(evaluations=3, equal=5), "equal=5"),
        (lambda: Reference("optimun"), "did you mean 'optimum'"),
        (lambda: Drift(rows=0), "rows=0"),
        (lambda: Trained(turns=0), "turns=0"),
    ],
)
def test_configs_refuse_what_cannot_be(make, said: str):
    with pytest.raises(Refused, match=said):
        make()
