"""What is said of claims: the paper's number beside ours, and how many headlines hold."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence

from harness.judge.samples import BLOCKED, NOT_RUN
from harness.judge.verdict import (
    OFF_TRACK,
    ON_TRACK,
    OPEN,
    PARTIALLY,
    REFUTED,
    REPRODUCED,
    Verdict,
)
from harness.paper import BUDGETS, Claim
from harness.show.columns import marked
from harness.show.margins import margin
from harness.words import percent

NO_NUMBER = "no such number"  # the paper has none of the quantity that is judged
SHORT = ("claim", "the paper", "here", "verdict")
FULL = (*SHORT, "what is measured", "margin (from)", "p", "source")
CHECKED = ("check", "asked", "here", "verdict", "source")
DECIDED = (REPRODUCED, PARTIALLY, REFUTED, ON_TRACK, OFF_TRACK, OPEN)

Line = dict[str, str]


def of_papers(verdicts: Iterable[Verdict]) -> list[Verdict]:
    """Return the verdicts on what papers or their critics say."""
    return [verdict for verdict in verdicts if not verdict.claim.ours]


def of_ours(verdicts: Iterable[Verdict]) -> list[Verdict]:
    """Return the verdicts on our own checks; they count in no summary."""
    return [verdict for verdict in verdicts if verdict.claim.ours]


def printed(claim: Claim) -> str:
    """Return the authors' number of the quantity that is judged, as ours is written."""
    published = claim.published
    if published.value is None:
        return NO_NUMBER
    text = percent(published.value, claim.unit)
    if published.sd is not None:
        text += f" ± {percent(published.sd, claim.unit)}"
    text = f"{text} {claim.unit}".strip()
    text += f", n = {published.n}" if published.n else ""
    return text + (f", best of {published.best_of}" if published.best_of > 1 else "")


def source(claim: Claim) -> str:
    """Return where a claim is printed and in which words, with what we say of it."""
    published = claim.published
    far = "" if published.source_kind == "printed" else f" ({published.source_kind})"
    said = published.text.removeprefix(NO_NUMBER).lstrip(" ;:,")  # that stands in its own cell
    words = f": {said}{far}" if said else ""
    doubted = f"; doubted: {claim.doubted}" if claim.doubted else ""
    refuted = f"; refuted by {', '.join(claim.refuted)}" if claim.refuted else ""
    note = f"; {claim.note}" if claim.note else ""
    return f"{claim.source}{words}{doubted}{refuted}{note}"


def line(verdict: Verdict, dated: Collection[str] = ()) -> Line:
    """Return all cells of a claim's row; what rests on `dated` experiments is marked."""
    claim = verdict.claim
    title = f"{claim.id}: {claim.statement}"
    asked = margin(claim, verdict.budget)
    return {
        "claim": title,
        "check": title,
        "the paper": printed(claim),
        "here": marked(verdict.measured, bool(set(dated) & set(claim.check.experiments))),
        "verdict": f"{verdict.verdict}{noted(verdict)}",
        "what is measured": claim.measure,
        "margin (from)": asked,
        "asked": asked,
        "p": "–" if verdict.p is None else f"{verdict.p:.2g}",
        "source": source(claim),
    }


def noted(verdict: Verdict) -> str:
    """Return what is added to the word: a status has its reason, a verdict a remark."""
    if not verdict.note:
        return ""
    return f" ({verdict.note})" if verdict.verdict in DECIDED else f": {verdict.note}"


def headlines(claims: Sequence[Claim], verdicts: Mapping[str, Sequence[Verdict]]) -> str:
    """Return a paper's line, from what the deepest budget says of every headline."""
    return counted([settled(claim, verdicts) for claim in claims if claim.kind == "headline"])


def deepest(claim: Claim, verdicts: Mapping[str, Sequence[Verdict]]) -> list[Verdict]:
    """Return what budgets say of a claim: those that decided it first, then the deepest."""
    found = [
        verdict
        for budget in reversed(BUDGETS)
        for verdict in verdicts.get(budget, ())
        if verdict.claim.id == claim.id
    ]
    return sorted(found, key=lambda verdict: verdict.verdict not in DECIDED)


def settled(claim: Claim, verdicts: Mapping[str, Sequence[Verdict]]) -> str:
    """Return the one word that stands for a claim: that of the deepest budget that decided it."""
    waits = BLOCKED if claim.blocked else NOT_RUN
    return next((verdict.verdict for verdict in deepest(claim, verdicts)), waits)


def headlines_at(verdicts: Sequence[Verdict]) -> str:
    """Return the line of one budget."""
    return counted([v.verdict for v in verdicts if v.claim.kind == "headline"])


def counted(words: Sequence[str]) -> str:
    """Return how many headlines are reproduced and what the others are: "2 of 5 ..., 1 not"."""
    if not words:
        return "no headline is judged"
    counts = Counter(words)
    text = f"{counts.pop(REPRODUCED, 0)} of {len(words)} headlines reproduced"
    order = {word: place for place, word in enumerate(DECIDED)}
    rest = sorted(counts, key=lambda word: (order.get(word, len(order)), word))
    return ", ".join([text, *(f"{counts[word]} {word}" for word in rest)])


def waiting(claims: Sequence[Claim], verdicts: dict[str, Sequence[Verdict]]) -> list[list[str]]:
    """Return (claim, the paper, what it waits for, source) of the claims that no budget judged."""
    judged = {verdict.claim.id for each in verdicts.values() for verdict in each}
    return [
        [
            f"{claim.id}: {claim.statement}",
            printed(claim),
            waits_for(claim),
            source(claim),
        ]
        for claim in claims
        if claim.id not in judged and not claim.ours
    ]


def waits_for(claim: Claim) -> str:
    """Return why no budget has judged a claim."""
    if claim.blocked:
        return f"{BLOCKED}: {claim.blocked}"
    return f"{NOT_RUN}: it is judged at budget {' or '.join(claim.budgets)}"
