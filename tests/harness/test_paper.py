"""The words in which a config refuses a value: its field, its value, the rule."""

from __future__ import annotations

from dataclasses import dataclass
from math import inf, nan

import pytest

from harness.paper import ALL, BUDGETS, DEEP, Refused, one_of, positive, rising, within


@dataclass(frozen=True)
class Config:
    steps: int = 3
    lr: float = 0.1
    sizes: tuple[float, ...] = (10, 20)
    side: int = 16


def test_budgets_of_claims_are_the_last_ones():
    assert (*BUDGETS[:1], *ALL) == BUDGETS
    assert ALL[1:] == DEEP == ("nightly", "paper")


def test_what_is_in_range_passes():
    positive(Config(), "steps", "side")
    within(Config(), "lr", 0, 1)
    within(Config(lr=0.0), "lr", 0, 1, ends="low")
    within(Config(lr=1.0), "lr", 0, 1, ends="high")
    within(Config(lr=inf), "lr", 0, ends="none")
    rising(Config(), "sizes", 10, 20)
    rising(Config(sizes=(0.5,)), "sizes")
    one_of(Config(), "side", (8, 16, 32))


@pytest.mark.parametrize("value", [0, -1, nan])
def test_counts_are_at_least_one(value: float):
    with pytest.raises(Refused, match=f"^steps={value}: must be at least 1$"):
        positive(Config(steps=value), "side", "steps")  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("value", "bounds", "ends", "said"),
    [
        (2.0, (0, 1), "both", "must lie between 0 and 1$"),
        (nan, (0, 1), "both", "must lie between 0 and 1$"),
        (1.0, (0, 1), "low", "must lie between 0 and 1, 1 left out$"),
        (0.0, (0, 1), "high", "must lie between 0 and 1, 0 left out$"),
        (0.0, (0, 1), "none", "must lie between 0 and 1, both left out$"),
        (-1.0, (0,), "both", "must be at least 0$"),
        (0.0, (0,), "none", "must be more than 0$"),
        (3.0, (-inf, 2), "both", "must be at most 2$"),
        (2.0, (-inf, 2), "none", "must be less than 2$"),
    ],
)
def test_a_refusal_names_field_value_and_rule(value, bounds, ends, said: str):
    with pytest.raises(Refused, match=rf"^lr={value}: {said}"):
        within(Config(lr=value), "lr", *bounds, ends=ends)


@pytest.mark.parametrize("sizes", [(), (20, 10), (10, 10), (5, 10), (10, 30), (nan, 10)])
def test_numbers_that_do_not_rise_between_their_ends_are_refused(sizes):
    with pytest.raises(Refused, match="must rise, at least one number from 10 to 20 at most"):
        rising(Config(sizes=sizes), "sizes", 10, 20)
    with pytest.raises(Refused, match=r"must rise, at least one number$"):
        rising(Config(sizes=()), "sizes")


def test_a_number_that_is_no_choice_is_told_the_nearest():
    with pytest.raises(Refused, match=r"^side=30: must be one of 8, 16, 32; the nearest is 32$"):
        one_of(Config(side=30), "side", (8, 16, 32))
