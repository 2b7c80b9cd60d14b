"""Results of other code are replayed, and what comes out again is noted; what does not is said."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from harness.plan import processor
from harness.record import journal, provenance, tables
from harness.record.lineage import Lineage
from harness.run import runner
from tests.lab.commands import call
from tests.lab.throwaway import as_found, home, in_process, make_paper  # noqa: F401

pytestmark = [pytest.mark.slow, pytest.mark.usefixtures("in_process")]


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """A paper with one reported trial, in a checkout whose commit is known."""
    made = make_paper(tmp_path / "papers")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(provenance, "commit_of", lambda path: ("c0ffee", False))
    trial = home(made, Path("runs"), budget_name="smoke", seed=3)
    assert runner.execute(trial).status == "completed"
    tables.store(tables.frame([journal.read(trial)]), Path("reports/results.csv"))
    shutil.rmtree("runs")
    return made


def edit(folder: Path, old: str, new: str) -> None:
    method = folder / "method.py"
    text = method.read_text()
    assert old in text
    method.write_text(text.replace(old, new))


def test_code_that_is_the_trees_own_needs_no_replay(folder, capsys):
    assert call("confirm", folder, "--isa", "native") == 0
    assert "smoke: all is measured by this code, or confirmed" in capsys.readouterr().out
    assert not Path("reports/confirmed.csv").exists()


def test_a_refactoring_is_confirmed_and_stays_so(folder, capsys):
    edit(folder, "0.1 *", "(0.05 + 0.05) *")
    assert call("confirm", folder, "--isa", "native") == 0
    assert "agrees" in capsys.readouterr().out
    (line,) = Lineage.load(Path("reports")).confirmed
    assert (line.experiment, line.budget, line.commit, line.isa) == (
        "fit", "smoke", "c0ffee", processor.resolved("native"),
    )  # fmt: skip
    assert call("confirm", folder, "--isa", "native") == 0
    assert "all is measured by this code" in capsys.readouterr().out


def test_another_number_is_told_and_not_confirmed(folder, capsys):
    edit(folder, "0.1 *", "0.25 *")  # another length: within a second Python would not look again
    assert call("confirm", folder, "--isa", "native") == 1
    assert "numbers differ: loss" in capsys.readouterr().out
    assert not Path("reports/confirmed.csv").exists()


def test_a_group_of_a_set_that_is_not_here_is_told_and_not_replayed(folder, monkeypatch, capsys):
    monkeypatch.setenv("COLUMNS", "200")
    path = Path("reports/results.csv")
    tables.store(tables.sealed(tables.load(path).assign(isa="sve256")), path)
    edit(folder, "0.1 *", "(0.05 + 0.05) *")
    assert call("confirm", folder) == 1
    here = processor.resolved("native")
    why = f"the row was measured under sve256, this machine has {here}"
    assert f"could not run: {why}" in capsys.readouterr().out
    assert not Path("runs").exists()


def test_a_row_that_somebody_changed_is_named_and_not_confirmed(folder, capsys):
    path = Path("reports/results.csv")
    path.write_text(path.read_text().replace(",smoke,3,", ",smoke,4,"))
    edit(folder, "0.1 *", "(0.05 + 0.05) *")
    call("confirm", folder)
    assert f"left out: {path}: trial " in capsys.readouterr().out
    assert not Path("reports/confirmed.csv").exists()


def test_nothing_is_confirmed_from_uncommitted_changes(folder, monkeypatch, capsys):
    monkeypatch.setattr(provenance, "commit_of", lambda path: ("c0ffee", True))
    assert call("confirm", folder) == 2
    assert "uncommitted changes" in capsys.readouterr().err


def test_an_unknown_instruction_set_or_budget_is_refused(folder, capsys):
    edit(folder, "0.1 *", "0.2 *")
    assert call("confirm", folder, "--isa", "avx") == 2
    assert "did you mean 'avx2'" in capsys.readouterr().err
    assert call("confirm", folder, "--budget", "smok") == 2


# -- rows of another machine ----------------------------------------------------------------------


@pytest.fixture
def elsewhere(folder):
    """The row has other last digits than any code gives here; the code that gave them is kept."""
    shutil.copytree(folder, Path("older") / "papers" / folder.name)
    path = Path("reports/results.csv")
    rows = tables.load(path)
    tables.store(tables.sealed(rows.assign(loss=rows["loss"] + 1e-9)), path)
    return folder


def test_rows_of_another_machine_are_confirmed_beside_the_code_that_measured_them(
    elsewhere, capsys
):
    edit(elsewhere, "0.1 *", "(0.05 + 0.05) *")
    assert call("confirm", elsewhere, "--isa", "native") == 1
    assert "numbers differ: loss" in capsys.readouterr().out
    assert call("confirm", elsewhere, "--isa", "native", "--beside", "older") == 0
    assert "agrees" in capsys.readouterr().out
    (line,) = Lineage.load(Path("reports")).confirmed
    assert (line.experiment, line.isa) == ("fit", processor.resolved("native"))


def test_another_number_is_told_beside_older_code_too(elsewhere, capsys):
    edit(elsewhere, "0.1 *", "0.25 *")
    assert call("confirm", elsewhere, "--isa", "native", "--beside", "older") == 1
    assert "numbers differ: loss" in capsys.readouterr().out
    assert not Path("reports/confirmed.csv").exists()


def test_a_checkout_of_still_other_code_confirms_nothing(elsewhere, capsys, monkeypatch):
    monkeypatch.setenv("COLUMNS", "200")
    edit(elsewhere, "0.1 *", "(0.05 + 0.05) *")
    edit(Path("older") / "papers" / elsewhere.name, "0.1 *", "(0.025 + 0.075) *")
    assert call("confirm", elsewhere, "--isa", "native", "--beside", "older") == 1
    assert "the checkout measures it by code" in capsys.readouterr().out
    assert not Path("reports/confirmed.csv").exists()


def test_what_is_no_checkout_is_refused(folder, capsys):
    assert call("confirm", folder, "--beside", "nowhere") == 2
    assert "--beside nowhere: no checkout is there" in capsys.readouterr().err
