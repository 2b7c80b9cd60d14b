"""The table of scale: the first commit that was measured stays, the newest takes its place."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from harness.record import journal, tables
from harness.speed import crowd, ledger, scale

COST = ledger.COST, "Some CPU", [["meter", "1 µs", "8", "1 %"]], True


@pytest.fixture
def measured(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Commits, of which the last is measured: everything takes as long as it has trials."""
    commits: list[str] = []
    monkeypatch.setattr(scale, "commit_of", lambda folder: (commits[-1], False))
    monkeypatch.setattr(
        scale, "measure", lambda commit, count: [scale.line(commit, "report", count, count, 7)]
    )
    return commits


def test_the_first_and_the_newest_commit_stand_beside_each_other(measured, tmp_path: Path):
    ledger.keep(tmp_path, *COST)
    alone = (tmp_path / "bench.md").read_text(encoding="utf-8")
    for commit in ("first", "second", "third"):
        measured.append(commit)
        list(scale.run(tmp_path, (10, 2000)))
    assert [line["commit"] for line in scale.kept(tmp_path)] == ["first"] * 2 + ["third"] * 2
    text = (tmp_path / "bench.md").read_text(encoding="utf-8")
    assert text.startswith(alone.rstrip("\n"))
    (row,) = (line for line in text.splitlines() if line.startswith("| report |"))
    assert row == "| report | 10 s, 7 MiB | 2e+03 s, 7 MiB | 10 s, 7 MiB | 2e+03 s, 7 MiB |"
    ledger.keep(tmp_path, *COST)
    assert row in (tmp_path / "bench.md").read_text(encoding="utf-8")  # the page anew keeps it


def test_what_was_not_measured_has_no_number():
    lines = [scale.line("a", "report", 10, 0.5, 7), scale.line("b", "a look", 10, 0.0021, 7)]
    assert scale.rows(lines) == [["report", "0.5 s, 7 MiB", "–"], ["a look", "–", "2.1 ms"]]


def test_a_command_that_fails_is_no_measurement():
    with pytest.raises(RuntimeError, match="no such thing"):
        scale.timed([sys.executable, "-c", "raise SystemExit('no such thing')"])


def test_a_crowd_is_what_its_paper_declares(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(crowd, "SEEDS", 2)
    folder = crowd.paper(tmp_path, 4)
    crowd.fill(crowd.specs(folder), tmp_path / "runs")
    results, problems = journal.read_all(tmp_path / "runs")
    assert problems == []
    rows = tables.frame(results)
    assert rows.groupby("experiment")["members"].count().to_dict() == {
        "group0/width0": 2 * crowd.MEMBERS,
        "group0/width1": 2,
    }
    assert {len(result.rows) for result in results} == {crowd.ROWS, crowd.ROWS * crowd.MEMBERS}
    assert set(rows["status"]) == {"completed"}


@pytest.mark.slow
def test_commands_and_the_watching_process_are_timed(tmp_path: Path, monkeypatch):
    commands = scale.commands
    cheap = ("run --plan", "status")
    monkeypatch.setattr(
        scale, "commands", lambda *asked: {name: commands(*asked)[name] for name in cheap}
    )
    monkeypatch.setattr(crowd, "SEEDS", 3)
    lines = list(scale.measure("now", 6))
    watched = ("prepare", "a look, all wait", "a look, half have ended")
    assert [line["what"] for line in lines] == [*cheap, *watched]
    assert {line["trials"] for line in lines} == {6}
