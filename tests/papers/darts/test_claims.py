"""What all studies claim: quantities, kinds, and enough trials for a verdict."""

from __future__ import annotations

import pytest

from harness.checks import Exact, Same
from harness.paper import Claim, Paper
from papers.darts.imagenet import study as imagenet
from papers.darts.images import study as images
from papers.darts.product import study as products
from papers.darts.recurrent import study as recurrent
from papers.darts.robustness import study as robustness
from papers.darts.signals import study as signals
from papers.darts.sizes import study as sizes

STUDIES = (signals, images, sizes, robustness, products, recurrent, imagenet)
CLAIMS = [claim for study in STUDIES for claim in study.CLAIMS]
JUDGED = [
    pytest.param(claim, budget, id=f"{claim.id}-{budget}")
    for claim in CLAIMS
    for budget in claim.budgets
]
EXPERIMENTS = {e.name: e for study in STUDIES for e in study.EXPERIMENTS}


def test_the_studies_are_a_paper():
    deviations = [text for study in STUDIES for text in study.DEVIATIONS]
    Paper("t", "a", 2019, "u", list(EXPERIMENTS.values()), CLAIMS, deviations)


@pytest.mark.parametrize("claim", CLAIMS, ids=lambda claim: claim.id)
def test_a_claim_says_what_its_number_is(claim: Claim):
    assert claim.measure
    assert claim.published.text
    counted = isinstance(claim.check, Exact)
    assert not counted or claim.kind == "self-check"
    assert "log" not in claim.unit and claim.unit not in ("nats", "decades")
    for name in claim.check.experiments:
        logarithms = {m for m in claim.check.metrics_of(name) if "log10" in m or "loss" in m}
        assert not logarithms or claim.check.base, f"{claim.id} prints a logarithm"


@pytest.mark.parametrize(("claim", "budget"), JUDGED)
def test_a_claim_has_trials_enough_for_an_interval(claim: Claim, budget: str):
    if not isinstance(claim.check, Exact):
        for name in claim.check.experiments:
            assert EXPERIMENTS[name].trials(budget) >= 3


def test_equal_is_half_of_the_smallest_effect_at_most():
    (same,) = (claim.check for claim in CLAIMS if isinstance(claim.check, Same))
    assert same.margin <= signals.SMALLEST / 2


def test_what_needs_data_that_are_not_here_says_so():
    waiting = {claim.id for claim in CLAIMS if claim.blocked}
    alone = {claim.id for claim in CLAIMS if claim.budgets == ("paper",)}
    assert waiting == alone
    assert {"C1.cell", "C1.second", "C1.first", "RN.transfer"} <= waiting
