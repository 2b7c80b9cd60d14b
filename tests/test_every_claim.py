"""Every claim of every paper: its two numbers are of one quantity, and a search has to search."""

from __future__ import annotations

from functools import cache
from pathlib import Path

import pandas as pd
import pytest

from harness.cli import check
from harness.paper import Claim
from harness.plan import discover
from harness.plan.discover import Folder
from harness.record import tables
from harness.show.report import RESULTS

ROOT = Path(__file__).parents[1]
PAPERS = discover.load_all(ROOT / "papers")
CLAIMS = [
    pytest.param(found, claim, id=f"{found.name}:{claim.id}")
    for found in PAPERS
    for claim in found.paper.claims
]
every_claim = pytest.mark.parametrize(("found", "claim"), CLAIMS)


@cache
def committed() -> pd.DataFrame:
    return tables.load(ROOT / "reports" / RESULTS)


def datasets(found: Folder, claim: Claim) -> set[str]:
    """Return the data on which a claim is judged, of other papers' experiments too."""
    return {found.named(name)[1].task.dataset for name in claim.check.experiments}


@every_claim
def test_a_claim_says_what_its_number_is(found: Folder, claim: Claim):
    assert claim.measure.strip()


@every_claim
def test_the_papers_number_and_ours_are_of_one_unit_and_of_one_data_set(
    found: Folder, claim: Claim
):
    published = claim.published
    if published.value is None:
        assert (published.sd, published.n) == (None, None)
    else:
        assert published.unit == claim.unit
        assert {published.dataset} == datasets(found, claim)


@every_claim
def test_a_number_is_not_a_hidden_logarithm(found: Folder, claim: Claim):
    """What is measured as one has its unit, and is shown as the ratio that it is of."""
    metrics = {
        metric for name in claim.check.experiments for metric in claim.check.metrics_of(name)
    }
    if any(metric.startswith("log2_") for metric in metrics):
        assert claim.unit == "log2"


@every_claim
def test_what_refuted_a_claim_is_among_the_committed_results(found: Folder, claim: Claim):
    """The trials are of experiments that the claim reads; who is not expected says why."""
    assert claim.expected == (not claim.doubted and not claim.refuted)
    rows = committed()
    known = rows[rows["trial"].isin(claim.refuted)]
    assert set(claim.refuted) == set(known["trial"])
    read = {(found.named(n)[0].name, found.named(n)[1].name) for n in claim.check.experiments}
    assert set(zip(known["paper"], known["experiment"], strict=True)) <= read


@pytest.mark.parametrize("found", PAPERS, ids=lambda found: found.name)
def test_no_claim_about_a_search_holds_of_what_does_not_search(found: Folder):
    results = check.committed(ROOT / "reports")
    assert list(check.without_search(found, results)) == []
