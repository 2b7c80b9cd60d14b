"""Caps allow something, standard budgets cap nothing, and a guard is far off."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness import budget
from harness.budget import STANDARD, Budget, Limit
from harness.paper import Experiment, Phase, Refused, Task, resolve

# -- limits ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("steps", [0, -1])
def test_limit_refuses_less_than_one_step(steps: int) -> None:
    with pytest.raises(Refused, match=f"steps={steps}: a cap is at least 1 step"):
        Limit(steps=steps)


@pytest.mark.parametrize("seconds", [0, -0.5, math.nan])
def test_limit_refuses_no_time(seconds: float) -> None:
    with pytest.raises(Refused, match="more than 0 seconds"):
        Limit(seconds=seconds)


def test_limit_may_be_open() -> None:
    assert Limit() == Limit(None, None)


# -- named budgets --------------------------------------------------------------------------------


@dataclass(frozen=True)
class Config:
    steps: int = 10


def experiment(name: str, **changes: Any) -> Experiment:
    task = Task("t", "none", "p", "loss")
    return Experiment(name, task, Config(), run="method:run", **changes)


def declared() -> list[Experiment]:
    return [
        experiment("fast", expected={"smoke": 2, "nightly": 30}, seeds={"smoke": 3}),
        experiment("slow", expected={"smoke": 20, "nightly": 300}, seeds={"nightly": 2}),
        experiment("unmeasured"),
    ]


@pytest.mark.parametrize("name", STANDARD)
def test_standard_budgets_cap_nothing(name: str) -> None:
    assert budget.standard(name).limit == Limit()


@pytest.mark.parametrize(
    ("name", "guards"),
    [
        ("check", [120, 120, 120]),
        ("smoke", [60, 240, 60]),  # 2 s, 20 s and nothing expected
        ("nightly", [360, 3600, 60]),
        ("paper", [None] * 3),
        ("nightly, 500 steps", [None] * 3),
        ("nightly, 0.25 GPU-days", [None] * 3),
    ],
)
def test_the_guard_is_far_beyond_what_is_expected(name: str, guards: list[float | None]) -> None:
    assert [budget.named(name).guard(one) for one in declared()] == guards


def test_replaced_cap_is_the_same_for_every_trial() -> None:
    replaced = budget.standard("smoke").replaced(steps=500, gpu_days=0.25)
    assert (replaced.name, replaced.base) == ("smoke, 500 steps, 0.25 GPU-days", "smoke")
    assert replaced.limit == Limit(500, 21_600)
    assert budget.standard("smoke").replaced() is STANDARD["smoke"]


@given(
    name=st.sampled_from(sorted(STANDARD)),
    steps=st.none() | st.integers(1, 10**12),
    days=st.none() | st.integers(1, 999_999).map(lambda millionths: millionths / 1e6),
)
def test_name_of_a_budget_leads_back_to_it(
    name: str, steps: int | None, days: float | None
) -> None:
    chosen = budget.standard(name).replaced(steps, days)
    assert budget.named(chosen.name) == chosen


def test_unknown_budget_is_refused_with_the_nearest() -> None:
    with pytest.raises(Refused, match=r"unknown budget 'nightl'; did you mean 'nightly'\?"):
        budget.standard("nightl")
    with pytest.raises(Refused, match="unknown budget"):
        budget.named("nightl, 5 steps")


@pytest.mark.parametrize(("steps", "days"), [(0, None), (None, 0.0), (None, -1.0)])
def test_replaced_cap_must_allow_something(steps: int | None, days: float | None) -> None:
    with pytest.raises(Refused):
        Budget("smoke").replaced(steps, days)


def test_phases_resolve_to_turns_and_cost() -> None:
    phases = {"train": Phase("steps", cost=4), "derive": Phase(2, cost="steps")}
    assert resolve(phases, Config(steps=9)) == {"train": (9, 4), "derive": (2, 9)}


@dataclass(frozen=True)
class Sweep:
    steps: int = 5
    widths: tuple[int, ...] = (2, 30)


def test_a_phase_comes_once_for_each_value_of_a_field() -> None:
    phases = {"warm": Phase(1), "train": Phase("steps", cost=3, each="widths")}
    resolved = {"warm": (1, 1), "train/2": (5, 3), "train/30": (5, 3)}
    assert resolve(phases, Sweep()) == resolved
    assert resolve(phases, Sweep(widths=())) == {"warm": (1, 1)}
