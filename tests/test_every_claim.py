"""Every claim of every paper: its two numbers are of one quantity, and a search has to search.

One test a rule; each lists every offender.
"""

from __future__ import annotations

import re
from functools import cache
from pathlib import Path

import pandas as pd

from harness.cli import check
from harness.paper import Claim
from harness.plan import discover
from harness.plan.discover import Folder

ROOT = Path(__file__).parents[1]
PAPERS = discover.load_all(ROOT / "papers")
CLAIMS = {
    f"{found.name}: {claim.id}": (found, claim) for found in PAPERS for claim in found.paper.claims
}


@cache
def committed() -> pd.DataFrame:
    return check.committed(ROOT / "reports")


def read(found: Folder, claim: Claim) -> set[tuple[str, str]]:
    """Return (paper, experiment) of all that a claim reads."""
    named = map(found.named, claim.check.experiments)
    return {(folder.name, experiment.name) for folder, experiment in named}


def test_there_are_claims():
    assert CLAIMS


def test_a_claim_says_what_its_number_is():
    assert [name for name, (_, claim) in CLAIMS.items() if not claim.measure.strip()] == []


def test_the_papers_number_and_ours_are_of_one_unit():
    assert [
        f"{name}: '{claim.published.unit}' beside '{claim.unit}'"
        for name, (_, claim) in CLAIMS.items()
        if claim.published.value is not None and claim.published.unit != claim.unit
    ] == []


def test_the_papers_number_and_ours_are_of_one_data_set():
    used = {
        name: {found.named(each)[1].task.dataset for each in claim.check.experiments}
        for name, (found, claim) in CLAIMS.items()
    }
    assert [
        f"{name}: '{claim.published.dataset}' beside {sorted(used[name])}"
        for name, (_, claim) in CLAIMS.items()
        if claim.published.value is not None and used[name] != {claim.published.dataset}
    ] == []


def test_where_a_paper_has_no_number_nothing_is_said_of_its_spread():
    assert [
        name
        for name, (_, claim) in CLAIMS.items()
        if claim.published.value is None
        if (claim.published.sd, claim.published.n) != (None, None)
    ] == []


def test_a_logarithm_is_shown_as_the_ratio_that_it_is_of():
    """In a metric's name as much as in a unit."""
    metrics = {
        name: [m for each in claim.check.experiments for m in claim.check.metrics_of(each)]
        for name, (_, claim) in CLAIMS.items()
    }
    offenders = [
        f"{name}: {metric}"
        for name, (_, claim) in CLAIMS.items()
        for metric in metrics[name]
        if re.search("(^|_)log(2|10)?(_|$)", metric) and not claim.check.base
    ]
    units = [name for name, (_, claim) in CLAIMS.items() if claim.unit.startswith(("log", "ln"))]
    assert [*offenders, *units] == []


def test_who_does_not_expect_a_claim_says_why():
    assert [
        name
        for name, (_, claim) in CLAIMS.items()
        if claim.expected != (not claim.doubted and not claim.refuted)
    ] == []


def test_what_refuted_a_claim_is_among_the_committed_results():
    """Trials of experiments that the claim reads."""
    rows = committed()
    pairs = zip(rows["paper"], rows["experiment"], strict=True)
    made = dict(zip(rows["trial"], pairs, strict=True))
    assert [
        f"{name}: {trial}"
        for name, (found, claim) in CLAIMS.items()
        for trial in claim.refuted
        if made.get(trial) not in read(found, claim)
    ] == []


def test_no_claim_about_a_search_holds_of_what_does_not_search():
    results = committed()
    assert [line for found in PAPERS for line in check.without_search(found, results)] == []
