"""`new` writes a paper's folder that passes `check`, and refuses what could be none."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from harness.plan import discover
from tests.lab.commands import call
from tests.lab.throwaway import as_found  # noqa: F401

ROOT = Path(__file__).resolve().parents[3]


@pytest.fixture
def papers(tmp_path, monkeypatch):
    """A project that has no paper yet."""
    (tmp_path / "papers").mkdir()
    monkeypatch.chdir(tmp_path)
    monkeypatch.syspath_prepend(tmp_path / "papers")
    return tmp_path / "papers"


@pytest.mark.usefixtures("as_found")
def test_a_new_paper_passes_check_and_runs_a_grid(papers, capsys):
    assert call("new", "papers/fresh_1") == 0
    capsys.readouterr()
    assert call("check", "papers/fresh_1") == 0
    assert capsys.readouterr().out == "fresh_1: 1 experiments checked\n"
    assert call("run", "papers/fresh_1", "--set", "lr=0.02,0.05", "--plan") == 0
    said = capsys.readouterr().out
    assert "lr=0.02" in said
    assert "6 trials, 3,000 SGD steps" in said


def test_every_place_to_fill_in_is_named_with_its_line(papers, capsys):
    assert call("new", "papers/fresh_2") == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[0] == "papers/fresh_2: 5 files, an example that runs; fill in:"
    told = [line.strip().split(":", 2) for line in lines if line.startswith("  papers/")]
    marks = {
        (f"papers/fresh_2/{file.name}", str(number), line.strip())
        for file in (papers / "fresh_2").iterdir()
        for number, line in enumerate(file.read_text().splitlines(), 1)
        if "FILL IN" in line
    }
    assert {(path, number, text.strip()) for path, number, text in told} == marks
    assert {Path(path).name for path, _, _ in marks} == {
        "__init__.py", "config.py", "descent.py", "paper.py", "README.md",
    }  # fmt: skip
    assert "  4. see it run: python -m harness run papers/fresh_2" in lines


def test_the_paper_claims_nothing_and_each_field_has_a_source(papers):
    assert call("new", "papers/fresh_3") == 0
    paper = discover.load("papers/fresh_3").paper
    assert paper.claims == []
    from harness.plan import sources

    noted = sources.noted(type(paper.experiments[0].config))
    assert [name for name, text in noted.items() if not text] == []


def test_its_files_are_as_this_project_writes_them(papers, tmp_path):
    (papers / "__init__.py").touch()
    (tmp_path / "harness").symlink_to(ROOT / "harness")
    (tmp_path / "pyproject.toml").symlink_to(ROOT / "pyproject.toml")
    assert call("new", "papers/fresh_4") == 0
    text = (papers / "fresh_4" / "descent.py").read_text()
    assert "from papers.fresh_4.config import Config" in text
    for words in (["check"], ["format", "--check"]):
        command = [sys.executable, "-m", "ruff", *words, "--no-cache", "papers/fresh_4"]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.parametrize(
    ("typed", "told"),
    [
        ("papers/My-Paper", "did you mean 'papers/my_paper'?"),
        ("papers/3d", "did you mean 'papers/paper_3d'?"),
        ("papers/class", "did you mean 'papers/paper_class'?"),
        ("papers/cells", "papers/cells: is there already"),
        ("fresh", "is not in a folder papers/; did you mean 'papers/fresh'?"),
        ("nowhere/fresh", "did you mean 'papers/fresh'?"),
    ],
)
def test_what_can_be_no_paper_is_refused(typed, told, monkeypatch, capsys):
    monkeypatch.chdir(ROOT)
    assert call("new", typed) == 2
    said = capsys.readouterr()
    assert said.out == ""
    assert said.err.startswith(f"error: {typed}: ")
    assert told in said.err
    assert not (ROOT / "papers" / "fresh").exists()


def test_a_name_that_python_knows_is_refused_where_papers_are_no_package(papers, capsys):
    assert call("new", "papers/json") == 2
    assert "Python has a package 'json'" in capsys.readouterr().err
    assert list(papers.iterdir()) == []
