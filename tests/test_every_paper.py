"""The contract over all papers: what `python -m harness check` checks, one by one."""

from __future__ import annotations

from pathlib import Path

import pytest

from harness.paper import Experiment
from harness.plan import discover
from harness.plan.discover import Folder
from harness.run import contract

PAPERS = discover.load_all(Path(__file__).parents[1] / "papers")
EXPERIMENTS = [(found, e) for found in PAPERS for e in found.paper.experiments]


def test_there_are_papers():
    assert PAPERS


@pytest.mark.parametrize("found", PAPERS, ids=lambda found: found.name)
def test_declarations_hold(found: Folder):
    assert list(contract.declarations(found)) == []


@pytest.mark.parametrize("found", PAPERS, ids=lambda found: found.name)
def test_the_readme_names_every_group_of_experiments(found: Folder):
    text = (found.path / "README.md").read_text()
    for experiment in found.paper.experiments:
        assert experiment.name.split("/")[0] in text


@pytest.mark.parametrize(
    ("found", "experiment"), EXPERIMENTS, ids=lambda value: getattr(value, "name", "")
)
def test_the_same_seed_gives_the_same_rows_also_after_an_interruption(
    found: Folder, experiment: Experiment, tmp_path: Path
):
    assert list(contract.behaviour(found, experiment, tmp_path)) == []
