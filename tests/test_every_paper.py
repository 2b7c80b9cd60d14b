"""The contract over all papers, which `python -m harness check` checks: some now, all at night.

Experiments that share a function and a class of config share their code: the cheapest of them
represents the others in every pull request, by name in `-v` and `--collect-only`.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path

import pytest

from harness import budget
from harness.paper import Experiment
from harness.plan import discover, pledges
from harness.plan.discover import Folder
from harness.run import contract
from tests.lab.children import few_steps  # noqa: F401

PAPERS = discover.load_all(Path(__file__).parents[1] / "papers")
EXPERIMENTS = [(found, e) for found in PAPERS for e in found.paper.experiments]
Case = tuple[Folder, Experiment]


def code(case: Case) -> tuple[str, str, type]:
    """What an experiment shares with others: the paper, the function, the config's class."""
    found, experiment = case
    return found.name, experiment.run, type(experiment.config)


def seconds(case: Case) -> tuple[float, float]:
    """What an experiment is expected to take; where that is equal, what it takes at night."""
    expected = case[1].expected
    return expected.get("check", 1.0), expected.get("nightly", float("inf"))


def representatives(cases: Sequence[Case]) -> list[Case]:
    """The cheapest experiment of each code, in the order of the papers; the first of equals."""
    chosen: dict[tuple[str, str, type], Case] = {}
    for case in cases:
        known = chosen.get(code(case))
        if known is None or seconds(case) < seconds(known):
            chosen[code(case)] = case
    return list(chosen.values())


def params(cases: Sequence[Case]) -> list:
    return [pytest.param(*case, id=f"{case[0].name}:{case[1].name}") for case in cases]


def test_there_are_papers():
    assert PAPERS


@pytest.mark.parametrize("found", PAPERS, ids=lambda found: found.name)
def test_declarations_hold(found: Folder):
    assert list(contract.declarations(found)) == []


@pytest.mark.parametrize("found", PAPERS, ids=lambda found: found.name)
def test_every_check_is_the_one_that_was_registered(found: Folder):
    assert list(pledges.problems(found)) == []


@pytest.mark.parametrize("found", PAPERS, ids=lambda found: found.name)
def test_the_registry_is_as_it_was_written(found: Folder):
    """Each id stands once, with a commit of this project on top of which it was registered."""
    for pledge in pledges.load(found).values():
        assert re.fullmatch("[0-9a-f]{12}", pledge.digest), pledge
        assert re.fullmatch("[0-9a-f]{7,40}", pledge.since), pledge


@pytest.mark.parametrize("found", PAPERS, ids=lambda found: found.name)
def test_the_readme_names_every_group_of_experiments(found: Folder):
    text = (found.path / "README.md").read_text()
    for experiment in found.paper.experiments:
        assert experiment.name.split("/")[0] in text


@pytest.mark.parametrize("name", ["smoke", "nightly"])
@pytest.mark.parametrize("found", PAPERS, ids=lambda found: found.name)
def test_the_trials_of_a_standard_budget_fit_into_it(found: Folder, name: str):
    """Nothing cuts a trial short, so what is declared must fit: expected seconds on two cores."""
    run = [e for e in found.paper.experiments if name not in e.skipped]
    core_seconds = sum(e.expected.get(name, 1.0) * e.trials(name) for e in run)
    assert core_seconds <= budget.CORES * (budget.standard(name).paper_seconds or 0)


def test_every_function_and_config_is_represented_once_and_by_the_cheapest():
    chosen = representatives(EXPERIMENTS)
    assert {code(case) for case in chosen} == {code(case) for case in EXPERIMENTS}
    assert len({code(case) for case in chosen}) == len(chosen) < len(EXPERIMENTS)
    for case in chosen:
        others = [other for other in EXPERIMENTS if code(other) == code(case)]
        assert seconds(case) == min(map(seconds, others))


@pytest.mark.slow
@pytest.mark.usefixtures("few_steps")
@pytest.mark.parametrize(("found", "experiment"), params(representatives(EXPERIMENTS)))
def test_a_representative_meets_the_contract(
    found: Folder, experiment: Experiment, tmp_path: Path
):
    """Children of the league take a tenth of their steps here, and all of them at night."""
    assert list(contract.behaviour(found, experiment, tmp_path)) == []


@pytest.mark.nightly
@pytest.mark.parametrize(("found", "experiment"), params(EXPERIMENTS))
def test_every_experiment_meets_the_contract(
    found: Folder, experiment: Experiment, tmp_path: Path
):
    assert list(contract.behaviour(found, experiment, tmp_path)) == []
