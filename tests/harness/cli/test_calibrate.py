"""`calibrate` writes one page, the same bytes each time."""

from __future__ import annotations

import pytest
from rich.console import Console

from harness.cli import calibrate
from harness.judge.calibration import AT_LEAST, LOOKED, NOISES, Rates
from harness.plan import discover
from tests.lab.commands import call
from tests.lab.throwaway import make_paper


@pytest.fixture
def small(monkeypatch):
    """Two rules in one noise: what the page is made of, in seconds."""
    monkeypatch.setattr(calibrate, "NOISES", NOISES[:1])
    monkeypatch.setattr(calibrate, "FAMILIES", ("normal",))
    monkeypatch.setattr(calibrate, "SIZES", (3, 4))
    monkeypatch.setattr(calibrate, "rules_for", lambda noise: [AT_LEAST, LOOKED[0]])


def written(folder, into):
    found = discover.load(folder)
    calibrate.calibrate_rules([found], 100, into, Console(width=500))
    return (into / calibrate.PAGE).read_text()


def test_the_page_is_the_same_each_time_and_names_its_cells(small, tmp_path, capsys):
    folder = make_paper(tmp_path, seeds={"nightly": 4})
    first, again = (written(folder, tmp_path / name) for name in ("one", "two"))
    assert first == again
    (line,) = [x for x in first.splitlines() if x.startswith("| AtLeast |")]
    cells = line.strip("| ").split(" | ")
    assert len(cells) == 3 and all(cell.count(" / ") == 2 for cell in cells[1:])
    assert "| Value, looked at 8 and 16 |" in first
    assert f"| {folder.name} | " in first
    assert "calibration.md: largest error" in capsys.readouterr().out


def test_the_summary_names_the_worst_cell(monkeypatch):
    made = {("normal", "A"): [Rates("A", 3, 0.01, 0.02, 1), Rates("A", 4, 0.03, 0.0, 1)]}
    monkeypatch.setattr(calibrate, "NOISES", NOISES[:1])
    text = "\n".join(calibrate._summary(made))
    assert "| 3.0 (A, n = 4) | 2.0 (A, n = 3) |" in text


def test_too_few_repetitions_are_refused(capsys):
    assert call("calibrate", "--repetitions", "99") == 2
    assert "--repetitions 99: must be at least 100" in capsys.readouterr().err
