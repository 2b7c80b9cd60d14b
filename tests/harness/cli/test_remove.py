"""`remove`: a result leaves every table with a reason, stays where it was measured, comes back."""

from __future__ import annotations

from pathlib import Path

import pytest
import typer

from harness.record import journal, tables
from harness.show.report import read_results
from tests.lab.commands import call
from tests.lab.reports import measure, read, two_claims
from tests.lab.throwaway import make_paper

REMOVED, RESULTS = Path("reports/removed.csv"), Path("reports/results.csv")


@pytest.fixture
def paper(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Four reported trials; below .4 only the fourth."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COLUMNS", "200")
    folder = two_claims(make_paper(tmp_path, seeds={"smoke": 4}))
    for seed, loss in enumerate((0.50, 0.52, 0.54, 0.1)):
        measure(folder, Path("runs"), seed, loss)
    assert call("report", folder) == 0
    return folder


def trials() -> dict[int, str]:
    return {r.spec["seed"]: r.trial for r in map(journal.read, journal.find(Path("runs")))}


def seeds() -> set[int]:
    return set(tables.load(RESULTS)["seed"])


def page(paper: Path) -> str:
    return Path(f"reports/{paper.name}.md").read_text()


def remove(*arguments: str) -> int:
    return call("remove", *arguments, "--because", "its disk was faulty", "--yes")


def test_a_removed_result_leaves_the_tables_and_says_why(paper, capsys):
    before = RESULTS.read_bytes()
    assert remove(trials()[3]) == 0
    said = capsys.readouterr().out
    assert f"{paper.name}: fit seed 3 at smoke: 1 rows leave results.csv" in said
    (line,) = (line for line in said.splitlines() if f"{paper.name}: loss at smoke: " in line)
    assert "inconclusive" in line.partition(" -> ")[0]
    assert line.endswith(" -> incomplete (fit: 1 of 4 trials missing: seed 3)")
    (noted,) = read(REMOVED)
    assert noted == {
        **{"paper": paper.name, "experiment": "fit", "budget": "smoke", "seed": "3"},
        **{"trial": trials()[3], "because": "its disk was faulty"},
    }
    assert set(read_results(Path("runs"), Path("reports"))[0]["seed"]) == {0, 1, 2}
    assert RESULTS.read_bytes() == before  # a later report writes it
    assert call("report", paper) == 0
    assert seeds() == {0, 1, 2}
    text = "1 result removed at `smoke`: its disk was faulty (fit seed 3)"
    assert text in page(paper)
    assert text in Path("reports/comparison.md").read_text()
    assert (Path("runs") / paper.name).exists()
    assert len(trials()) == 4  # no journal was touched


@pytest.mark.parametrize("with_journals", [True, False])
@pytest.mark.parametrize("by_hand", [True, False])
def test_what_comes_back_is_what_it_was(paper, tmp_path, capsys, with_journals, by_hand):
    names = [RESULTS, RESULTS.with_name(tables.MEASURED)]
    before = [path.read_bytes() for path in names]
    known = trials()
    assert remove(known[3], known[1]) == 0
    if not with_journals:
        Path("runs").rename("elsewhere")
    for _ in range(2):  # it does not come back by itself
        assert call("report", paper) == 0
        assert seeds() == {0, 2}
    if by_hand:
        lines = REMOVED.read_text().splitlines(keepends=True)
        REMOVED.write_text("".join(line for line in lines if known[3] not in line))
    else:
        assert call("remove", "--undo", known[3]) == 0
    assert call("report", paper) == 0
    assert seeds() == {0, 2, 3}
    assert "(fit seed 1)" in page(paper)
    assert call("remove", "--undo", known[1]) == 0
    assert call("report", paper) == 0
    assert [path.read_bytes() for path in names] == before
    assert "removed" not in page(paper)
    assert not REMOVED.exists()
    assert not Path("reports/removed").exists()


def test_rows_that_were_set_aside_are_sealed_like_all_others(paper, capsys):
    assert remove(trials()[3]) == 0
    assert call("report", paper) == 0
    aside = Path("reports/removed") / tables.MEASURED
    aside.write_text(aside.read_text().replace("0.1\n", "0.9\n"))
    assert call("report", paper) == 2
    assert "reports/removed/measured.csv" in capsys.readouterr().out


def test_verify_and_replay_say_that_it_was_removed(paper, capsys):
    assert remove(trials()[3]) == 0
    call("verify", paper, "--budget", "smoke")
    assert "1 result removed at `smoke`: its disk was faulty" in capsys.readouterr().out
    assert call("replay", trials()[3]) == 2
    said = capsys.readouterr().err
    assert "was removed: its disk was faulty" in said
    assert f"remove --undo {trials()[3]}" in said


def test_older_results_that_take_the_place_are_named(paper, capsys):
    newest = trials()
    for seed in range(4):
        measure(paper, Path("runs"), seed, 0.2, code="older", trial=f"old{seed}", finished=500.0)
    assert remove(newest[3], "old3") == 0
    assert "take their place" not in capsys.readouterr().out
    assert remove(newest[2]) == 0  # three older ones are left, and two of the newest
    said = capsys.readouterr().out
    assert "3 older results, which are more, take their place" in said
    assert f"report --supersede {paper.name}:fit" in said


def test_it_asks_and_no_is_no(paper, monkeypatch, capsys):
    monkeypatch.setattr("rich.console.Console.is_terminal", True)
    for answer in (False, True):
        monkeypatch.setattr(typer, "confirm", lambda text, answer=answer: answer)
        status = call("remove", trials()[3], "--because", "so")
        assert (status, REMOVED.exists()) == (0 if answer else 1, answer)


@pytest.mark.parametrize(
    ("arguments", "reason"),
    [
        (("ID", "--yes"), "needs a reason"),
        (("ID", "--yes", "--because", " \n"), "needs a reason"),
        (("ID", "--because", "so"), "say --yes"),
        (("0000000000", "--yes", "--because", "so"), "no result has the trial id '0000000000'"),
        (("--undo", "ID"), "is not removed"),
        (("--undo", "ID", "--because", "so"), "--because: goes with a removal"),
    ],
)
def test_what_cannot_be_removed_is_refused_in_one_line(paper, capsys, arguments, reason):
    named = [trials()[3] if word == "ID" else word for word in arguments]
    capsys.readouterr()
    assert call("remove", *named) == 2
    said = capsys.readouterr().err
    assert reason in said
    assert said.count("\n") == 1
    assert not REMOVED.exists()


def test_a_second_removal_is_refused_with_the_first_reason(paper, capsys):
    assert remove(trials()[3]) == 0
    capsys.readouterr()
    assert remove(trials()[3]) == 2
    assert "is removed already: its disk was faulty" in capsys.readouterr().err
