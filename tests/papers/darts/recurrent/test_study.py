"""The recurrent study as a declaration."""

from __future__ import annotations

from harness.paper import Paper
from papers.darts.recurrent import study
from tests.lab.recurrent import EXPERIMENTS, small


def test_the_study_is_a_paper_and_stays_within_its_share():
    paper = Paper("t", "a", 2019, "u", study.EXPERIMENTS, study.CLAIMS, study.DEVIATIONS)
    assert {e.run.split(":")[0] for e in paper.experiments} <= {
        "papers.text.evaluation", "papers.text.random_search",
        "recurrent.search", "recurrent.sizes",
    }  # fmt: skip
    for budget, share in (("smoke", 26), ("nightly", 350)):
        known = [e for e in paper.experiments if not e.deterministic]
        assert sum(e.expected[budget] * e.trials(budget) for e in known) <= share
    for experiment in paper.experiments:
        for budget in ("check", "smoke", "nightly", "paper"):
            experiment.at(budget)
    for budget in ("check", "smoke"):  # nothing is downloaded
        assert small(study.SECOND).corpus == EXPERIMENTS[study.FIRST].at(budget).corpus
