"""What a check asks for, as people read it: "at least 5.0 points", "91.0 to 95.0 %"."""

from __future__ import annotations

from functools import singledispatch

from harness.checks import (
    AtLeast,
    Check,
    CostRatio,
    Direction,
    Effect,
    Exact,
    Ordering,
    RankCorrelation,
    Same,
    Spread,
    Trend,
    Value,
)
from harness.paper import Claim
from harness.words import percent


def margin(claim: Claim, budget: str) -> str:
    """Return what a claim asks for at a budget, and where the number comes from."""
    text = asked(claim.check, claim.unit, budget)
    without = isinstance(claim.check, Direction | Spread | Trend | Exact)  # they have no margin
    return text if without else f"{text} ({claim.margin_from})"


@singledispatch
def asked(check: Check, unit: str, budget: str) -> str:
    """Return what a check asks for at a budget, in the claim's unit."""
    raise TypeError(f"no words for a {type(check).__name__}")


def _in(check: Check, value: float, unit: str) -> str:
    """Return a number of a check; that of a logarithm is shown as the ratio that it is of."""
    return f"{percent(check.base**value if check.base else value, unit)} {unit}".strip()


@asked.register
def _value(check: Value, unit: str, budget: str) -> str:
    low, high = check.band(budget)
    return f"{_in(check, low, unit).removesuffix(unit).strip()} to {_in(check, high, unit)}"


@asked.register
def _at_least(check: AtLeast, unit: str, budget: str) -> str:
    return f"at least {_in(check, check.bound(budget), unit)}"


@asked.register
def _exact(check: Exact, unit: str, budget: str) -> str:
    return f"exactly {_in(check, check.value, unit)}"


@asked.register
def _effect(check: Effect, unit: str, budget: str) -> str:
    return f"at least {_in(check, check.at_least, unit)}"


@asked.register
def _direction(check: Direction, unit: str, budget: str) -> str:
    return "above 1" if check.base else "above 0"


@asked.register
def _spread(check: Spread, unit: str, budget: str) -> str:
    return "farther apart"


@asked.register
def _same(check: Same, unit: str, budget: str) -> str:
    return f"apart by at most {_in(check, check.margin, unit)}"


@asked.register
def _ordering(check: Ordering, unit: str, budget: str) -> str:
    if check.margin < 0:
        return f"each rank at most {_in(check, -check.margin, unit)} above the next"
    by = f" by {_in(check, check.margin, unit)}" if check.margin else ""
    return f"each rank below the next{by}"


@asked.register
def _trend(check: Trend, unit: str, budget: str) -> str:
    return "rising"


@asked.register
def _cost_ratio(check: CostRatio, unit: str, budget: str) -> str:
    return f"at least {check.at_least:g} times"


@asked.register
def _rank_correlation(check: RankCorrelation, unit: str, budget: str) -> str:
    return f"tau at least {check.at_least:g}"
