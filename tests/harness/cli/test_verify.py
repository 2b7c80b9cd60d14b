"""`verify` judges; with `--current` it also asks whose code the results are of."""

from __future__ import annotations

from pathlib import Path

import pytest

from harness.record import tables
from harness.record.lineage import Lineage
from tests.lab.commands import call
from tests.lab.measured import result
from tests.lab.reports import measure, two_claims
from tests.lab.throwaway import make_paper


@pytest.fixture
def folder(tmp_path, monkeypatch):
    made = make_paper(tmp_path / "papers")
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
    ("expected", "threshold", "status"),
    [
        (False, 0.4, 0),  # only the claim that nobody expects is refuted
        (True, 0.4, 1),
        (False, 0.9, 1),
    ],
)
def test_verify_fails_when_a_claim_that_should_hold_is_refuted(
    tmp_path, capsys, expected, threshold, status
):
    folder = two_claims(make_paper(tmp_path), expected, threshold)
    for seed in range(3):
        measure(folder, tmp_path / "runs", seed, 0.5 + seed / 1000)
    places = ("--runs", tmp_path / "runs", "--reports", tmp_path / "reports")
    assert call("verify", folder, "--budget", "smoke", *places) == status
    said = capsys.readouterr().out
    assert "off track" in said
    assert ("on track" in said) == (threshold == 0.4)


def test_verify_needs_results(paper, tmp_path, capsys):
    places = ("--runs", tmp_path / "runs", "--reports", tmp_path / "reports")
    assert call("verify", paper, "--budget", "smoke", *places) == 2
    assert "has no results at budget 'smoke'" in capsys.readouterr().err
    assert call("verify", paper, "--budget", "smok", *places) == 2
    assert "did you mean 'smoke'?" in capsys.readouterr().err
