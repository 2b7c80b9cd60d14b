"""All claims of a paper at once: each at its margin, with the trials that are declared."""

from __future__ import annotations

import pytest

from harness.checks import (
    AtLeast,
    BestOf,
    CostRatio,
    Direction,
    Effect,
    Exact,
    Ordering,
    Same,
    Spread,
    Trend,
    Value,
)
from harness.judge import rules
from harness.judge.calibration import BOUND, NOISES
from harness.judge.families import family
from tests.lab.verdicts import experiment, paper

NORMAL = NOISES[0]
BEST = BestOf(4, "val", "max")
CHECKS = [
    Value("a", "acc", 0.4, 0.6),
    Value("a", "acc", 0.4, 0.6, best=BEST),
    AtLeast("a", "acc", 0.5),
    Effect("a", "b", "acc", 0.1),
    Effect("a", "a", "acc", 0.1, other="loss"),
    Direction("a", "b", "acc", best={"a": BEST}),
    Spread("a", "b", "acc"),
    Same("a", "b", "acc", 0.1),
    Ordering((("a",), ("b",)), "acc"),
    Trend(("a", "b", "c"), "acc"),
    CostRatio("a", "b", "seconds", 2.0),
    Exact("d", "acc", 3.0),
]


def last(*checks, foreign=None, repetitions=1, trials=16, **fields):
    declared = paper(*checks, trials=trials, **fields)
    *none, found = family(declared, "toy", foreign or {}, NORMAL, repetitions)
    assert none == [None] * (repetitions - 1)
    return found


@pytest.mark.parametrize("check", CHECKS, ids=lambda check: type(check).__name__)
def test_every_kind_of_claim_is_judged_at_its_margin(check, monkeypatch):
    """No status, and an estimate near the margin: the drawn rows are what the claim reads."""
    seen = []
    monkeypatch.setattr(
        "harness.judge.families.judge", lambda *a: seen.extend(rules.judge(*a)) or seen
    )
    found = last(check, fixed=("d",))
    (verdict,) = seen
    assert verdict.verdict not in rules.STATUSES and verdict.estimate is not None
    assert found.claims == (0 if isinstance(check, Exact) else 1)


def test_checks_of_our_own_code_are_apart():
    assert last(AtLeast("a", "acc", 0.5), kind="self-check").claims == 0


def test_claims_without_enough_trials_are_not_tested():
    assert last(AtLeast("a", "acc", 0.5), trials=2).claims == 0


def test_a_claim_across_papers_needs_the_other_ones_declaration():
    check = Direction("a", "other/b", "acc")
    declared = paper(Direction("a", "a", "acc"), trials=8)
    claims = [type(claim)(**{**vars(claim), "check": check}) for claim in declared.claims]
    declared = type(declared)(**{**vars(declared), "claims": claims})
    *_, found = family(declared, "toy", {"other/b": experiment("b", 8)}, NORMAL, 1)
    assert found.claims == 1


@pytest.mark.slow
def test_holm_keeps_a_paper_of_many_claims_within_the_bound(monkeypatch):
    many = [AtLeast("a", "acc", 0.5)] * 12
    assert last(*many, repetitions=120).rate <= BOUND + 3 * (BOUND * (1 - BOUND) / 120) ** 0.5
    monkeypatch.setattr("harness.judge.families.judge", rules.judge_each)
    assert last(*many, repetitions=120).rate > 2 * BOUND
