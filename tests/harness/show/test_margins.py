"""Every kind of check has words for what it asks, in the claim's unit."""

from __future__ import annotations

import pytest

from harness import checks
from harness.checks import (
    AtLeast,
    Check,
    CostRatio,
    Direction,
    Effect,
    Exact,
    Gap,
    OfMetric,
    Ordering,
    RankCorrelation,
    Same,
    Spread,
    Trend,
    Value,
)
from harness.paper import Claim, Published
from harness.show import margins

ASKED = [
    (Value("a", "m", 0.9, 0.95, {"smoke": (0.5, 0.6)}), "%", "90.0 to 95.0 %"),
    (AtLeast("a", "m", 0.9, {"smoke": 0.5}), "%", "at least 90.0 %"),
    (AtLeast("a", "m", 3.0, base=2.0), "times", "at least 8 times"),
    (Exact("a", "m", 383), "answers", "exactly 383 answers"),
    (Effect("a", "b", "m", 0.015), "points", "at least 1.5 points"),
    (Direction("a", "b", "m"), "points", "above 0"),
    (Direction("a", "b", "m", base=2.0), "times", "above 1"),
    (Value("a", "m", -3, 0, base=10.0), "", "0.001 to 1"),
    (Effect("a", "b", "m", 1.0, base=2.0), "times", "at least 2 times"),
    (Spread("a", "b", "m"), "points", "farther apart"),
    (Same("a", "b", "m", 0.02), "points", "apart by at most 2.0 points"),
    (Ordering((("a",), ("b",)), "m"), "%", "each rank below the next"),
    (Ordering((("a",), ("b",)), "m", 0.02), "%", "each rank below the next by 2.0 %"),
    (Ordering((("a",), ("b",)), "m", -0.02), "%", "each rank at most 2.0 % above the next"),
    (Trend(("a", "b", "c"), "m"), "%", "rising"),
    (CostRatio("a", "b", "seconds", 2.5), "times", "at least 2.5 times"),
    (RankCorrelation("a", "m", "o", 0.3), "", "tau at least 0.3"),
]


@pytest.mark.parametrize(("check", "unit", "text"), ASKED)
def test_what_is_asked_is_said_in_the_unit_of_the_claim(check, unit, text):
    assert margins.asked(check, unit, "paper") == text


def test_a_reduced_budget_has_its_own_band():
    assert margins.asked(ASKED[0][0], "%", "smoke") == "50.0 to 60.0 %"
    assert margins.asked(ASKED[1][0], "%", "smoke") == "at least 50.0 %"


def test_every_kind_of_check_has_words():
    kinds = {value for value in vars(checks).values() if isinstance(value, type)}
    kinds = {kind for kind in kinds if issubclass(kind, Check)} - {Check, OfMetric, Gap}
    assert {type(check) for check, _, _ in ASKED} == kinds


@pytest.mark.parametrize(
    ("check", "text"),
    [
        (Effect("a", "b", "m", 0.015), "at least 1.5 points (pilot)"),
        (Direction("a", "b", "m"), "above 0"),
        (Exact("a", "m", 3), "exactly 300.0 points"),
    ],
)
def test_a_margin_says_where_it_comes_from(check, text):
    claim = Claim("C", "", "", Published(""), check, unit="points", measure="it",
                  margin_from="pilot")  # fmt: skip
    assert margins.margin(claim, "paper") == text
