"""What a claim may say, beyond what it can tell of itself: rules that need the whole paper.

A claim reads experiments that exist and run where it is judged, those of other papers too. The
margin of `Same` is at most half of the smallest effect that is claimed in its study: else two
methods would be called equal that differ by all that the study is about.
"""

from __future__ import annotations

import math
from collections.abc import Iterator

from harness.checks import Effect, Gap, Same
from harness.paper import Claim, Refused
from harness.plan.discover import Folder


def problems(folder: Folder) -> Iterator[str]:
    """Yield what is wrong with a paper's claims, one line each, with the claim's id."""
    for claim in folder.paper.claims:
        yield from _judged_where_run(folder, claim)
        yield from _too_wide(folder, claim)


def _judged_where_run(folder: Folder, claim: Claim) -> Iterator[str]:
    for name in claim.check.experiments:
        try:
            _, experiment = folder.named(name)
        except Refused as refusal:
            yield f"claim '{claim.id}': {refusal}"
            continue
        for missing in sorted(set(claim.budgets) & set(experiment.skipped)):
            yield f"claim '{claim.id}' is judged at {missing}, where '{name}' is skipped"
    try:
        folder.stand_ins(claim)
    except Refused as refusal:
        yield f"claim '{claim.id}': stand-ins: {refusal}"


def _too_wide(folder: Folder, claim: Claim) -> Iterator[str]:
    """Yield that the margin of `Same` is wider than half of the smallest effect beside it."""
    if not isinstance(claim.check, Same):
        return
    smallest = min(_sizes(folder, claim, claim.check), default=None)
    if smallest is not None and claim.check.margin > smallest[0] / 2:
        size, other = smallest
        yield (
            f"claim '{claim.id}': margin={claim.check.margin:g} is more than half of the smallest "
            f"effect claimed in its study, {size:g} of claim '{other}'"
        )


def _sizes(folder: Folder, claim: Claim, check: Same) -> list[tuple[float, str]]:
    """Return the sizes of the effects in a claim's study, in its unit, with the claims' ids.

    Those in the metric that it compares, where there are any. A paper without studies is one.
    """
    study = folder.origins.get(claim.id)
    beside = [
        (size, other)
        for other in folder.paper.claims
        if folder.origins.get(other.id) == study and other.unit == claim.unit
        if (size := _size(other)) is not None
    ]
    alike = [
        (size, other)
        for size, other in beside
        if any(check.metric in other.check.metrics_of(e) for e in other.check.experiments)
    ]
    return [(size, other.id) for size, other in alike or beside]


def _size(claim: Claim) -> float | None:
    """Return the effect that a claim states: the paper's own number, or twice what it must exceed.

    That is what margins are cut from: an effect has to exceed half of the one that is claimed.
    """
    if not isinstance(claim.check, Gap) or claim.ours:
        return None
    if claim.published.value:
        value, base = abs(claim.published.value), claim.check.base
        return abs(math.log(value, base)) if base else value  # what is printed is the ratio
    asked = claim.check.at_least if isinstance(claim.check, Effect) else 0.0
    return 2 * asked if asked > 0 else None
