"""A command works in the folder with the papers, wherever it is typed, and says so."""

from __future__ import annotations

import os
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

from harness.cli import home
from tests.lab.commands import call
from tests.lab.throwaway import make_paper

ROOT = Path(__file__).resolve().parents[3]


def script(*arguments: str | Path, cwd: Path) -> subprocess.CompletedProcess[str]:
    """Run what the console script of pyproject.toml runs."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())
    module, _, function = project["project"]["scripts"]["harness"].partition(":")
    code = f"import sys; from {module} import {function}; sys.argv[0] = 'harness'; {function}()"
    return subprocess.run(
        [sys.executable, "-c", code, *map(str, arguments)],
        capture_output=True,
        text=True,
        cwd=cwd,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        check=False,
    )


@pytest.fixture
def theirs(tmp_path):
    """A folder of somebody else's, with papers of its own."""
    make_paper(tmp_path / "theirs" / "papers")
    (tmp_path / "theirs" / "notes" / "old").mkdir(parents=True)
    return tmp_path / "theirs"


def test_the_papers_of_this_folder_or_of_one_above_are_found(theirs):
    for start in (theirs, theirs / "notes" / "old", theirs / "papers"):
        assert home.find(start) == theirs


def test_a_project_may_begin_without_a_paper(tmp_path):
    (tmp_path / "papers").mkdir()
    assert home.find(tmp_path) == tmp_path


def test_elsewhere_it_is_the_checkout_that_is_installed(tmp_path):
    assert home.find(tmp_path) == ROOT


@pytest.fixture
def entered(theirs, monkeypatch, capsys):
    """A command is typed in a folder below that of the papers."""
    monkeypatch.chdir(theirs / "notes")
    monkeypatch.setattr(home, "_typed_in", [])
    home.enter()
    assert Path.cwd() == theirs
    assert capsys.readouterr().err == f"papers, runs and reports are those of {theirs}\n"
    return theirs


def test_paths_are_as_they_were_meant_where_they_were_typed(entered):
    assert home.meant("old") == str(entered / "notes" / "old")
    assert home.meant("papers") == "papers"  # not there: that of the home is meant
    assert home.meant("t0") == "t0"  # no path
    assert home.meant("/etc") == "/etc"
    assert home.placed("runs") == entered / "notes" / "runs"
    assert home.placed("/tmp/runs") == Path("/tmp/runs")
    assert home.flag("mem=4G") == "mem=4G"
    assert home.flag("@old") == f"@{entered / 'notes' / 'old'}"


def test_what_is_not_named_stands_beside_the_papers(entered, capsys):
    (paper,) = (entered / "papers").iterdir()
    assert call("run", paper, "--steps", "4", "--device", "cpu", "--no-tracking", "--plan") == 0
    assert call("status") == 0
    assert "no trials in runs/" in capsys.readouterr().out
    assert call("status", "--runs", "old") == 0
    assert f"no trials in {entered / 'notes' / 'old'}/" in capsys.readouterr().out


def test_in_the_folder_itself_nothing_is_said(theirs, monkeypatch, capsys):
    monkeypatch.chdir(theirs)
    monkeypatch.setattr(home, "_typed_in", [])
    home.enter()
    assert home.placed("runs") == Path("runs")
    assert capsys.readouterr().err == ""


@pytest.mark.slow
def test_the_script_answers_below_and_beside_the_checkout(tmp_path):
    below = script("list", "gdas", cwd=ROOT / "papers")
    assert (below.returncode, below.stderr) == (
        0, f"papers, runs and reports are those of {ROOT}\n",
    )  # fmt: skip
    assert "run it: python -m harness run papers/gdas" in below.stdout
    beside = script("--version", cwd=tmp_path)
    assert (beside.returncode, beside.stderr) == (0, "")
    assert beside.stdout == f"harness 0.1.0; papers: {ROOT / 'papers'}\n"
    assert script("run", "papers/gdass", cwd=tmp_path).stderr.splitlines()[1:] == [
        "error: papers/gdass: no such folder; did you mean 'papers/gdas'?"
    ]


@pytest.mark.parametrize(
    "arguments", [["-h"], ["run", "-h"], ["data", "pull", "-h"]], ids=" ".join
)
def test_a_short_flag_asks_for_help(arguments, capsys):
    assert call(*arguments) == 0
    assert "Usage: harness" in capsys.readouterr().out
