"""A race is run only by pairs that agree, and what it found is kept; no time is asserted."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace

import pytest
import torch

from harness.pair import Pair, Rival
from harness.paper import Refused
from harness.plan.processor import NATIVE, resolved
from harness.speed import ledger, overhead, pipeline, race
from harness.speed.race import Lap, Timing

# made up: laps of oracle, fast form and rival
LAPS = tuple(
    (Lap(oracle, 2 * oracle), Lap(1.0, 1.5), Lap(rival, 0.5))
    for oracle, rival in ((2.5, 4.0), (2.0, 3.0), (1.5, 3.5))
)


def pair(
    calls: list[str],
    agrees: bool = True,
    flops: float = 0.0,
    rival: bool = False,
    threads: int = 1,
    name: str = "toy",
) -> Pair:
    def agree() -> None:
        calls.append("agree")
        assert agrees, "they differ"

    oracle, fast, last = (
        lambda form=form: calls.append(form) for form in ("oracle", "fast", "rival")
    )
    own = Rival("another way", last, aim=1.25) if rival else None
    return Pair(name, oracle, fast, agree, 1.5, 4, flops, "a | sign", own, threads)


def line(own: Pair, peak: float = 1e10) -> dict[str, str]:
    found = race._line(Timing(own, LAPS), peak)
    return dict(zip(ledger.COLUMNS, found, strict=True))


# -- races ----------------------------------------------------------------------------------------


def test_a_pair_that_does_not_agree_is_not_timed():
    with pytest.raises(AssertionError, match="they differ"):
        race.measure(pair(calls := [], agrees=False))
    assert calls == ["agree"]


@pytest.mark.parametrize("rival", [False, True])
def test_forms_take_turns_after_they_agreed_and_warmed_up(rival):
    timing = race.measure(pair(calls := [], rival=rival), rounds=3)
    assert calls == ["agree", *["oracle", "fast", *["rival"] * rival] * 4]
    assert [len(laps) for laps in timing.rounds] == [2 + rival] * 3
    assert len(timing.ratios(0)) == 3


def test_a_pair_is_checked_and_timed_with_its_own_threads():
    seen: list[str] = []
    own = pair([], threads=2)
    counted = Pair(
        own.name,
        *[lambda: seen.append(str(torch.get_num_threads()))] * 3,
        aim=1.0,
        threads=2,
    )
    before = torch.get_num_threads()
    race.measure(counted, rounds=1)
    assert seen == ["2"] * 5
    assert torch.get_num_threads() == before


def test_rounds_are_as_many_as_there_is_time_for(monkeypatch: pytest.MonkeyPatch):
    for seconds, rounds in ((0.0, race.MOST), (1.5, 10), (100.0, race.LEAST)):
        monkeypatch.setattr(race, "_lap", lambda work, took=seconds: Lap(took, took))
        assert len(race.measure(pair([])).rounds) == rounds
        assert len(race.measure(pair([]), rounds=2).rounds) == 2


def test_what_a_pair_lacks_here_is_said_in_place_of_times():
    own = Pair(**{**vars(pair(calls := [])), "missing": "no CUDA device"})
    row = dict(zip(ledger.COLUMNS, race._row(own, None, race.Site("here")), strict=True))
    assert calls == []
    assert (row["what"], row["note"]) == ("toy", "not timed: no CUDA device; a | sign")
    assert {row[name] for name in ("oracle", "fast", "ratio [min, max]", "share of peak")} == {"–"}
    assert row["rounds"] == ""


@pytest.mark.parametrize(("flops", "share"), [(0.0, "–"), (5e9, "50 %")])
def test_a_line_has_a_cell_a_column_and_a_share_only_of_matrix_products(flops, share):
    found = line(pair([], flops=flops))
    assert found["share of peak"] == share
    assert found["ratio [min, max]"] == "2.00 [1.50, 2.50]"
    assert (found["oracle"], found["fast"]) == ("500 ms", "250 ms")  # each of four units
    assert found["processor time"] == "375 ms, 1,000 ms"
    assert (found["rounds"], found["threads"], found["aim"]) == ("3", "1", "1.5")
    assert found["rival"] == found["rival's ratio [min, max]"] == ""


def test_a_line_with_a_rival_has_both_ratios():
    found = line(pair([], rival=True, threads=2))
    assert found["ratio [min, max]"] == "2.00 [1.50, 2.50]"
    assert found["rival's ratio [min, max]"] == "3.50 [3.00, 4.00]"
    assert found["rival"] == "875 ms: another way"
    assert (found["aim"], found["threads"]) == ("1.5, rival 1.25", "2")
    assert found["processor time"] == "375 ms, 1,000 ms, 125 ms"


def test_a_section_says_machine_instruction_set_and_peaks():
    where = str(race.Site("Some CPU", {2: 2e10, 1: 1e10}))
    assert where.startswith(f"Some CPU, {resolved(NATIVE)}, torch ")
    assert where.endswith("10 GFLOP/s with 1 thread, 20 GFLOP/s with 2 threads")


# -- a whole run ----------------------------------------------------------------------------------


@pytest.fixture
def quick(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Nothing of the harness's own is timed; torch is as it was afterwards."""
    monkeypatch.setattr(pipeline, "pairs", list)
    cost = [["meter", "1.0 µs", "8", "0.10 %"]]
    monkeypatch.setattr(overhead, "measure", lambda reports: cost)
    monkeypatch.setattr(race.Site, "peak", lambda self, threads: 1e10)
    before = torch.get_num_threads()
    yield
    torch.set_num_threads(before)
    torch.use_deterministic_algorithms(False)


def folder(name: str, *pairs: Pair) -> SimpleNamespace:
    return SimpleNamespace(name=name, pairs=lambda: list(pairs))


def names(reports: Path) -> list[tuple[str, str]]:
    return [(each["section"], each["what"]) for each in ledger.kept(reports)]


@pytest.mark.usefixtures("quick")
def test_a_run_tells_a_table_a_section_and_keeps_all(tmp_path: Path):
    papers = [folder("one", pair([])), folder("none")]
    tables = list(race.run(papers, tmp_path, rounds=1))
    assert [table.title.partition(",")[0] for table in tables] == ["papers/one", ledger.COST]
    assert "rival" not in tables[0].columns
    assert names(tmp_path) == [("papers/one", "toy"), (ledger.COST, "meter")]


@pytest.mark.usefixtures("quick")
def test_rows_before_one_that_fails_are_kept_and_older_ones_stay(tmp_path: Path):
    older = [pair([], name=name) for name in ("first", "second", "third")]
    list(race.run([folder("one", *older)], tmp_path, rounds=1))
    before = (tmp_path / ledger.KEPT).read_text()
    fresh = [pair([], name="first"), pair([], agrees=False, name="second"), older[2]]
    with pytest.raises(AssertionError, match="they differ"):
        list(race.run([folder("one", *fresh)], tmp_path, rounds=2))
    lines = {each["what"]: each["rounds"] for each in ledger.kept(tmp_path)}
    assert lines == {"first": "2", "second": "1", "third": "1", "meter": ""}
    assert (tmp_path / ledger.KEPT).read_text() != before


@pytest.mark.usefixtures("quick")
def test_what_was_timed_of_a_folder_without_pairs_goes(tmp_path: Path):
    list(race.run([folder("one", pair([])), folder("two", pair([]))], tmp_path, rounds=1))
    list(race.run([folder("one")], tmp_path, rounds=1))
    assert names(tmp_path) == [("papers/two", "toy"), (ledger.COST, "meter")]


@pytest.mark.usefixtures("quick")
def test_a_run_that_saves_nothing_writes_nothing(tmp_path: Path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert len(list(race.run([folder("one", pair([]))], None, rounds=1))) == 2
    assert list(tmp_path.iterdir()) == []


def test_no_round_is_refused_before_any_work():
    with pytest.raises(Refused, match="--rounds 0: must be at least 1"):
        race.run([folder("one", pair([]))], None, rounds=0)
