"""`check` refuses what `contract` finds, what is not registered, and what needs no search."""

from __future__ import annotations

import os
from pathlib import Path

import pandas as pd
import pytest

from harness.cli import check
from harness.plan import discover, pledges
from harness.record import tables
from harness.record.lineage import Lineage
from tests.lab.commands import call
from tests.lab.searching import searched, searching
from tests.lab.throwaway import as_found, make_paper  # noqa: F401

pytestmark = pytest.mark.usefixtures("as_found")


def told(folder: Path, reports: Path, capsys) -> tuple[int, list[str]]:
    status = call("check", folder, "--reports", reports)
    return status, [line for line in capsys.readouterr().out.splitlines() if "problem" in line]


@pytest.mark.parametrize("largest", [0.4, 0.6, None])
def test_a_claim_that_a_stand_in_meets_is_refused_with_id_and_stand_in(tmp_path, capsys, largest):
    found, reports = searching(tmp_path), tmp_path / "reports"
    pledges.register(found)
    tables.store(tables.frame(searched(found, largest)), reports / "results.csv")
    refused = [
        "problem: claim 'loss' is met at smoke by largest, which does not search: it can say "
        "nothing of a search"
    ]
    met = largest == 0.4
    assert told(found.path, reports, capsys) == (int(met), refused if met else [])


def test_where_there_are_no_rows_nothing_is_said_of_stand_ins(tmp_path):
    found = searching(tmp_path)
    none = check.committed(tmp_path / "reports")
    assert list(check.without_search(found, none)) == []
    assert list(check.without_search(found, Lineage().carried(pd.DataFrame(none)))) == []


def test_check_names_an_unknown_claim_and_the_command_and_then_passes(tmp_path, capsys):
    folder = make_paper(tmp_path)
    assert told(folder, tmp_path, capsys) == (
        1,
        [
            "problem: claim 'loss' is not registered: python -m harness check --register "
            f"{os.path.relpath(folder)}"
        ],
    )
    assert call("check", "--register", folder) == 0
    capsys.readouterr()
    assert told(folder, tmp_path, capsys) == (0, [])


def test_an_experiment_of_another_paper_that_is_not_there_is_named(tmp_path, capsys):
    folder, other = make_paper(tmp_path), make_paper(tmp_path, "other", experiments=("far",))
    text = (folder / "paper.py").read_text()
    text = text.replace('AtLeast(EXPERIMENTS[0], "loss"', f'AtLeast("{other.name}/fair", "loss"')
    (folder / "paper.py").write_text(text)
    pledges.register(discover.load(folder))
    status, (line,) = told(folder, tmp_path, capsys)
    assert status == 1
    assert line == (
        f"problem: claim 'loss': {other.name} has no experiment 'fair'; "
        f"did you mean '{other.name}/far'?"
    )
