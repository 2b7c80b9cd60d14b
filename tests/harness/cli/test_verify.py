"""`verify` judges; with `--current` it also asks whose code the results are of."""

from __future__ import annotations

from pathlib import Path

import pytest

from harness.record import tables
from harness.record.lineage import Lineage
from tests.lab.commands import call
from tests.lab.measured import result
from tests.lab.reports import keep, measure, two_claims
from tests.lab.searching import searched, searching
from tests.lab.throwaway import make_paper


@pytest.fixture
def folder(tmp_path, monkeypatch):
    made = make_paper(tmp_path / "papers", seeds={"smoke": 1})
    monkeypatch.chdir(tmp_path)
    return made


@pytest.fixture
def paper(tmp_path):
    """A paper with two claims: a loss at least 0.4, and (not expected) at least 9."""
    return two_claims(make_paper(tmp_path, experiments=("fit", "more_of_it")))


def stored(*rows) -> None:
    tables.store(tables.frame(rows), Path("reports/results.csv"))


def test_results_of_other_code_pass_unless_current_ones_are_asked_for(folder, capsys):
    stored(result(folder, code="other"))
    assert call("verify", folder, "--budget", "smoke") == 0
    assert "†" in capsys.readouterr().out
    assert call("verify", folder, "--budget", "smoke", "--current") == 1
    assert f"other code: {folder.name}: fit" in capsys.readouterr().out


def test_results_of_this_code_are_current(folder, capsys):
    stored(result(folder))
    assert call("verify", folder, "--budget", "smoke", "--current") == 0
    assert "other code" not in capsys.readouterr().out


def test_older_results_give_way_when_somebody_asks(folder, capsys):
    old = [result(folder, seed, code="old", trial=f"old{seed}") for seed in range(3)]
    stored(*old, result(folder, 0, 0.25, trial="new", finished=2000.0))
    assert call("report", folder, "--supersede", f"{folder.name}:fit") == 0
    assert "1 older generations give way" in capsys.readouterr().out
    (line,) = Lineage.load(Path("reports")).superseded
    assert (line.experiment, line.budget, line.code) == ("fit", "smoke", "old")
    assert "0.25" in Path(f"reports/{folder.name}.md").read_text()


def test_an_unknown_experiment_to_supersede_is_refused_with_the_nearest(folder, capsys):
    stored(result(folder))
    assert call("report", folder, "--supersede", f"{folder.name}:fits") == 2
    assert f"did you mean '{folder.name}:fit'" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("expected", "threshold", "fails"),
    [
        (False, 0.4, []),  # only the claim that nobody expects is refuted
        (True, 0.4, ["doubt"]),
        (False, 0.9, ["loss"]),
        (True, 0.9, ["loss", "doubt"]),
    ],
)
def test_verify_fails_when_a_claim_that_should_hold_is_refuted(
    tmp_path, capsys, expected, threshold, fails
):
    folder = two_claims(make_paper(tmp_path, seeds={"smoke": 3}), expected, threshold)
    for seed in range(3):
        measure(folder, tmp_path / "runs", seed, 0.5 + seed / 1000)
    status, lines = verified(folder, tmp_path, capsys)
    assert status == (1 if fails else 0)
    assert [line.split(": ")[2] for line in lines] == fails
    for line in lines:
        assert line.startswith(f"fails: {folder.name}: ")
        assert ": off track: 50.1 [" in line
        assert ", asked: " in line


def verified(folder: Path, home: Path, capsys, *options: str) -> tuple[int, list[str]]:
    """Return the status of `verify` and the lines below its tables."""
    places = ("--runs", home / "runs", "--reports", home / "reports")
    status = call("verify", folder, "--budget", "smoke", *places, *options)
    said = capsys.readouterr().out.splitlines()
    return status, [line for line in said if line.startswith(("fails", "blocked", "other"))]


def changed(folder: Path, *changes: tuple[str, str]) -> Path:
    text = (folder / "paper.py").read_text()
    for old, new in changes:
        assert old in text
        text = text.replace(old, new)
    (folder / "paper.py").write_text(text)
    return folder


def test_verify_fails_when_a_result_did_not_complete(tmp_path, capsys):
    folder = make_paper(tmp_path, seeds={"smoke": 3})
    for seed in range(3):
        status = "completed" if seed else "failed"
        measure(folder, tmp_path / "runs", seed, 0.5 + seed / 1000, status=status)
    status, (line,) = verified(folder, tmp_path, capsys)
    assert status == 1
    assert line.startswith(f"fails: {folder.name}: loss: in")  # valid, or complete
    assert "fit" in line


def test_verify_fails_when_an_experiment_was_not_run(tmp_path, capsys):
    folder = changed(
        make_paper(tmp_path, experiments=("fit", "more"), seeds={"smoke": 3}),
        ('AtLeast(EXPERIMENTS[0], "loss", 0.0)', 'Direction("fit", "more", "loss")'),
        ("import AtLeast", "import Direction"),
    )
    for seed in range(3):
        measure(folder, tmp_path / "runs", seed, 0.5 + seed / 1000)
    status, (line,) = verified(folder, tmp_path, capsys)
    assert status == 1
    assert line == f"fails: {folder.name}: loss: not run: more: no result"


def test_verify_fails_when_a_stand_in_meets_a_claim(tmp_path, capsys):
    found = searching(tmp_path)
    for made in searched(found, 0.4):
        keep(made, tmp_path / "runs")
    status, (line,) = verified(found.path, tmp_path, capsys)
    assert status == 1
    assert line == (f"fails: {found.name}: loss: invalid: met by largest, which does not search")


def test_what_is_blocked_is_named_and_does_not_fail(tmp_path, capsys):
    folder = changed(
        make_paper(tmp_path, experiments=("fit", "more"), seeds={"smoke": 3}),
        ("AtLeast(EXPERIMENTS[0]", 'AtLeast("more"'),
        ('kind="headline"', 'kind="headline", blocked="needs a GPU"'),
    )
    for seed in range(3):
        measure(folder, tmp_path / "runs", seed, 0.5 + seed / 1000)
    status, lines = verified(folder, tmp_path, capsys)
    assert status == 0
    assert lines == [f"blocked: {folder.name}: loss: needs a GPU"]


def test_verify_needs_results(paper, tmp_path, capsys):
    places = ("--runs", tmp_path / "runs", "--reports", tmp_path / "reports")
    assert call("verify", paper, "--budget", "smoke", *places) == 2
    assert "has no results at budget 'smoke'" in capsys.readouterr().err
    assert call("verify", paper, "--budget", "smok", *places) == 2
    assert "did you mean 'smoke'?" in capsys.readouterr().err
