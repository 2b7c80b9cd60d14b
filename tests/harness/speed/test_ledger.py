"""bench.csv and bench.md: sections, what stays of older races, what the page says besides."""

from __future__ import annotations

from pathlib import Path

from harness.record import sheet
from harness.speed import ledger, overhead, tried

ROOT = Path(__file__).parents[3]


def row(name: str = "toy", **cells: str) -> list[str]:
    plain = {**dict.fromkeys(ledger.COLUMNS, ""), "what": name, "note": "a | sign", **cells}
    return [plain[column] for column in ledger.COLUMNS]


def keep(reports: Path, where: str, *titles: str) -> str:
    """Keep a row of each section, as timed there; return bench.md."""
    for title in titles:
        ledger.keep(reports, title, where, [row()], whole=True)
    return (reports / "bench.md").read_text()


def heads(page: str) -> list[str]:
    found = [row for row in page.splitlines() if row.startswith("## ")]
    assert found[-2:] == ["## Not again", "## Processes and threads"]
    return found[:-2]


def test_the_page_has_every_section_and_the_harness_s_own_cost_last(tmp_path: Path):
    cost = [["meter", "1.0 µs", "8", "0.10 %"]]
    ledger.keep(tmp_path, ledger.COST, "there", cost, whole=True)
    text = keep(tmp_path, "there", "harness/training", "papers/toy")
    assert heads(text) == ["## papers/toy", "## harness/training", "## The harness's own cost"]
    few = ledger.said([row()])[0]
    for columns, first in ((few, "toy"), (overhead.COLUMNS, "meter")):
        line = next(line for line in text.splitlines() if line.startswith(f"| {first} |"))
        assert line.replace(r"\|", "").count("|") == len(columns) + 1


def test_what_was_timed_of_other_papers_stays_with_its_machine(tmp_path: Path):
    keep(tmp_path, "machine A", "papers/one", "papers/two")
    text = keep(tmp_path, "machine B", "papers/two")
    assert heads(text) == ["## papers/one", "## papers/two"]
    one, _, two = text.partition("## papers/two")
    assert "machine A." in one
    assert "machine B." in two
    assert "machine A" not in two


def test_rows_of_a_section_that_is_not_through_stand_below_their_own_machine(tmp_path: Path):
    old = [row(name, rounds="7") for name in ("a", "a", "b")]
    ledger.keep(tmp_path, "papers/one", "machine A", old, whole=True)
    ledger.keep(tmp_path, "papers/one", "machine B", [row("a", rounds="9")], whole=False)
    lines = [(each["where"], each["what"], each["rounds"]) for each in ledger.kept(tmp_path)]
    rest = [("machine A", "a", "7"), ("machine A", "b", "7")]
    assert lines == [*rest, ("machine B", "a", "9")]
    text = (tmp_path / "bench.md").read_text()
    assert heads(text) == ["## papers/one"]
    assert text.index("machine A.") < text.index("machine B.")
    ledger.keep(tmp_path, "papers/one", "machine B", [row("a", rounds="9")], whole=True)
    assert len(ledger.kept(tmp_path)) == 1


def test_a_row_takes_the_place_of_the_one_with_as_many_threads(tmp_path: Path):
    old = [row("a", threads="1"), row("a", threads="2")]
    ledger.keep(tmp_path, "papers/one", "machine A", old, whole=True)
    ledger.keep(tmp_path, "papers/one", "machine B", [row("a", threads="2")], whole=False)
    lines = [(each["where"], each["threads"]) for each in ledger.kept(tmp_path)]
    assert lines == [("machine A", "1"), ("machine B", "2")]


def test_columns_that_say_nothing_are_left_out(tmp_path: Path):
    with_rival = row("raced", rival="2 ms: another", threads="2")
    assert "rival" in ledger.said([row(), with_rival])[0]
    columns, cells = ledger.said([row()])
    assert columns == tuple(name for name in ledger.COLUMNS if name not in ledger.ADDED)
    assert len(cells[0]) == len(columns)


def test_a_file_from_before_rivals_is_read_and_stays_as_it_was_shown(tmp_path: Path):
    old = [name for name in ledger.TYPES if name not in ledger.ADDED]
    record = {name: name.upper() for name in old}
    path = tmp_path / ledger.KEPT
    path.write_text(sheet.text(dict.fromkeys(old, str), [record]))
    (line,) = ledger.kept(tmp_path)
    assert line == {**dict.fromkeys(ledger.TYPES, ""), **record}
    text = keep(tmp_path, "there", "papers/new")
    head = "| what | oracle | fast | ratio [min, max] | aim | share of peak | note |"
    assert text.count(head) == 2


def test_the_page_says_what_was_tried_and_on_which_machine(tmp_path: Path):
    text = keep(tmp_path, "there", "papers/toy")
    assert tried.PILOT in text
    for what, gain, _ in tried.TRIED:
        assert f"| {what} | {gain} |" in text
    assert "1.96" in text.partition("## Processes and threads")[2]


def test_committed_rows_had_at_least_seven_rounds_and_the_page_is_theirs():
    lines = ledger.kept(ROOT / "reports")
    assert lines
    assert [each["what"] for each in lines if each["rounds"] and int(each["rounds"]) < 7] == []
    told = (ROOT / "reports" / ledger.PAGE).read_text(encoding="utf-8")
    assert told == ledger.page(lines, ROOT / "reports")
