"""The recurrent study as a declaration: same text, training and network as DARTS's."""

from __future__ import annotations

from dataclasses import fields

import pytest

from harness.paper import Paper
from papers.darts.recurrent import study as darts
from papers.gdas.recurrent import study
from papers.text.config import Language, SearchedCell

EXPERIMENTS = {e.name: e for e in study.EXPERIMENTS}
THEIRS = {e.name: e for e in darts.EXPERIMENTS}
LONGER = {"search_steps", "search_every"}  # what GDAS has more of


def test_the_study_is_a_paper_and_stays_within_its_share():
    Paper("t", "a", 2019, "u", study.EXPERIMENTS, (), study.DEVIATIONS)
    for budget, share in (("smoke", 26), ("nightly", 400)):
        spent = sum(e.expected[budget] * e.trials(budget) for e in study.EXPERIMENTS)
        assert spent <= share
    for budget in ("check", "smoke"):  # nothing is downloaded
        assert {e.at(budget).corpus for e in study.EXPERIMENTS} == {"grammar"}


@pytest.mark.parametrize("budget", ["check", "smoke", "nightly", "paper"])
def test_cells_are_trained_as_those_of_darts_are(budget: str):
    names = [field.name for field in fields(Language)]
    ours = {repr([getattr(e.at(budget), name) for name in names]) for e in study.EXPERIMENTS}
    theirs = THEIRS[darts.FIRST].at(budget)
    assert ours == {repr([getattr(theirs, name) for name in names])}
    assert {e.task for e in study.EXPERIMENTS} == {THEIRS[darts.FIRST].task}


@pytest.mark.parametrize("budget", ["check", "smoke", "nightly", "paper"])
def test_the_search_network_is_that_of_darts_and_steps_are_four_times_as_many(budget: str):
    ours, theirs = EXPERIMENTS[study.GDAS].at(budget), THEIRS[darts.FIRST].at(budget)
    for field in fields(SearchedCell):
        if field.name not in LONGER:
            assert getattr(ours, field.name) == getattr(theirs, field.name)
    for name in ("lr", "lowest_lr", "momentum", "weight_decay", "clip", "alpha_beta1"):
        assert getattr(ours, name) == getattr(theirs, name)
    assert ours.alpha_lr == pytest.approx(theirs.alpha_lr, rel=1e-3)
    if budget != "check":
        assert ours.search_steps == 4 * theirs.search_steps
    assert ours.search_steps % ours.epochs == 0


def test_released_differs_in_nothing_else():
    for budget in ("check", "smoke", "nightly", "paper"):
        one, other = (vars(EXPERIMENTS[n].at(budget)) for n in (study.GDAS, study.RELEASED))
        assert {name for name in one if one[name] != other[name]} == {"released"}


def test_numbers_from_memory_gate_nothing():
    for claim in study.CLAIMS:
        if "memory" in claim.published.text:
            assert not claim.expected
