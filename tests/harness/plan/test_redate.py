"""Old rows get today's digest of the code that measured them, and nothing else moves."""

from __future__ import annotations

import csv
import shutil
import subprocess
from pathlib import Path

import pytest

from harness.paper import Refused
from harness.plan import redate
from harness.record import tables
from tests.lab.measured import result
from tests.lab.throwaway import make_paper, spec_for

ROOT = Path(__file__).resolve().parents[3]


def git(*arguments: str) -> str:
    who = ("-c", "user.name=nobody", "-c", "user.email=nobody@example.org")
    done = subprocess.run(["git", *who, *arguments], capture_output=True, text=True, check=True)
    return done.stdout.strip()


def commit(message: str) -> str:
    git("add", "harness", "papers")
    git("commit", "-q", "-m", message)
    return git("rev-parse", "HEAD")[:12]


@pytest.fixture
def lab(tmp_path, monkeypatch):
    """A repository with this harness, one paper, and two commits that measure differently."""
    ignored = shutil.ignore_patterns("__pycache__", "templates*")
    shutil.copytree(ROOT / "harness", tmp_path / "harness", ignore=ignored)
    folder = make_paper(tmp_path / "papers")
    monkeypatch.chdir(tmp_path)
    git("init", "-q")
    first, digest = commit("one"), spec_for(folder)
    method = folder / "method.py"
    method.write_text(method.read_text().replace("0.1 *", "0.2 *"))
    return folder, {first: digest, commit("two"): spec_for(folder)}


def rows_of(path: Path) -> list[dict[str, str]]:
    with path.open(newline="") as handle:
        return list(csv.DictReader(handle))


def table(folder: Path, *commits: str, experiment: str = "fit") -> Path:
    """Write rows of these commits, of code that is digested otherwise today."""
    made = tables.frame(result(folder, seed, code="old") for seed in range(len(commits)))
    made["commit"], made["experiment"], made["clock"] = list(commits), experiment, "old"
    tables.store(tables.sealed(made), Path("results.csv"))
    return Path("results.csv")


def test_each_row_is_dated_by_its_own_commit_and_keeps_the_rest(lab):
    folder, specs = lab
    path = table(folder, *specs)
    before = rows_of(path)
    said = list(redate.redate(path))
    assert sorted(said) == sorted(f"{commit}: 1 rows" for commit in specs)
    after = rows_of(path)
    assert [(row["code"], row["clock"]) for row in after] == [
        (spec.code, spec.clock) for spec in specs.values()
    ]
    assert len({row["code"] for row in after}) == 2
    ours = ("code", "clock", "digest")
    assert [{name: cell for name, cell in row.items() if name not in ours} for row in before] == [
        {name: cell for name, cell in row.items() if name not in ours} for row in after
    ]
    halves = [[row["digest"].split("-") for row in rows] for rows in (before, after)]
    assert [one[1] for one in halves[0]] == [one[1] for one in halves[1]]  # of what was measured
    written = path.read_bytes()
    list(redate.redate(path))
    assert path.read_bytes() == written
    tables.store(tables.load(path), path)
    assert path.read_bytes() == written  # `report` would not write it otherwise


def test_a_row_of_an_unknown_commit_or_experiment_keeps_what_it_says(lab):
    folder, specs = lab
    known = next(iter(specs))
    said = list(redate.redate(table(folder, "0123456789ab")))
    assert said == ["commit '0123456789ab' is not in this repository: 1 rows keep what they say"]
    path = table(folder, known, experiment="gone")
    said = list(redate.redate(path))
    assert f"{known}: declares no {folder.name}: gone; 1 rows keep what they say" in said
    assert [(row["code"], row["clock"]) for row in rows_of(path)] == [("old", "old")]


def test_a_table_that_somebody_edited_is_refused(lab):
    folder, specs = lab
    path = table(folder, *specs)
    path.write_text(path.read_text().replace(",fit,", ",fits,", 1))
    written = path.read_bytes()
    with pytest.raises(Refused, match="is not as it was measured"):
        list(redate.redate(path))
    assert path.read_bytes() == written
