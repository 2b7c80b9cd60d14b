"""A claim can fail: what it praises in a search must not hold of what does not search.

A task names its stand-ins: experiments such as "the largest cell" that cost nothing and look at no
data. Each takes the place of a claim's subject, with its own metrics; one that the stand-in lacks
cannot be met. A claim that comes out all the same says nothing about the search.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

import pandas as pd

from harness.judge.rules import judge
from harness.judge.verdict import ON_TRACK, REPRODUCED
from harness.paper import Claim, Experiment, Paper


def met(
    paper: Paper,
    measured: pd.DataFrame,
    budget: str,
    foreign: Mapping[str, Experiment],
    stand_ins: Mapping[str, Sequence[str]],
) -> dict[str, str]:
    """Return {claim: the first stand-in that meets it}.

    Args:
        paper: the declarations.
        measured: rows as `judge` takes them, those of the stand-ins among them.
        budget: the budget at which all of `measured` ran.
        foreign: experiments of other papers by the names that `measured` has for them.
        stand_ins: names of experiments by claim.
    """
    known = set(measured["experiment"]) if len(measured) else set()
    every = dict.fromkeys(name for names in stand_ins.values() for name in names if name in known)
    found: dict[str, str] = {}
    for stand_in in every:
        claims = [
            _of(claim, stand_in)
            for claim in paper.claims
            if stand_in in stand_ins.get(claim.id, ()) and claim.id not in found
        ]
        for verdict in judge(replace(paper, claims=claims), measured, budget, foreign):
            if verdict.verdict in (REPRODUCED, ON_TRACK):
                found[verdict.claim.id] = stand_in
    return found


def _of(claim: Claim, stand_in: str) -> Claim:
    """Return a claim with a stand-in as its subject; one trial is all that there is of it."""
    check = claim.check.renamed({claim.subject: stand_in})
    return replace(claim, check=check, subject=stand_in, looks=(), blocked="")
