"""The journal tells the truth: what it cannot read it says, and what it holds it keeps."""

from __future__ import annotations

import json
import math
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.record import journal
from harness.record.journal import Damaged, Journal

# subnormals are left out because torch, where it runs in the same process, flushes them to zero
NUMBERS = st.integers() | st.floats(allow_nan=False, allow_subnormal=False)
VALUES = st.recursive(
    st.none() | st.booleans() | NUMBERS | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner),
    max_leaves=8,
)
KEYS = st.text(min_size=1, max_size=6).filter(lambda key: key != "crc")
ENTRIES = st.dictionaries(KEYS, VALUES, min_size=1, max_size=5)


def filled(folder: Path, *lines: tuple[str, dict[str, Any]]) -> Path:
    """Write a journal with these lines; return its path."""
    folder.mkdir(parents=True, exist_ok=True)
    book = Journal(folder)
    for kind, content in lines:
        book.append(kind, **content)
    book.close()
    return book.path


def start(trial: str = "abc") -> tuple[str, dict[str, Any]]:
    return "start", {"spec": {"trial": trial}, "provenance": {"commit": "c0de"}}


def row(index: int, **values: Any) -> tuple[str, dict[str, Any]]:
    stamp = {"phase": "train", "turn": index, "steps": 2.0 * index, "flops": 0.0}
    return "row", {"index": index, "seconds": float(index), "values": values, **stamp}


def restored(rows: int) -> tuple[str, dict[str, Any]]:
    return "restored", {"rows": rows, "seconds": float(max(0, rows - 1))}


def end(status: str = "completed", **phases: dict[str, Any]) -> tuple[str, dict[str, Any]]:
    return "end", {"status": status, "error": "", "stopped_by": "length", "cost": phases}


# -- lines ---------------------------------------------------------------------------------------


@given(ENTRIES)
def test_a_line_tells_what_was_written(entry: dict[str, Any]) -> None:
    line = journal.encode(entry)
    assert line.endswith(b"\n")
    assert line.count(b"\n") == 1
    assert line.isascii()
    assert journal.decode(line) == entry


def test_numbers_that_are_none_come_back() -> None:
    back = journal.decode(journal.encode({"a": math.nan, "b": math.inf, "c": -math.inf}))
    assert math.isnan(back["a"])
    assert (back["b"], back["c"]) == (math.inf, -math.inf)


@given(ENTRIES, st.data())
def test_a_changed_byte_never_passes_as_another_entry(
    entry: dict[str, Any], data: st.DataObject
) -> None:
    line = bytearray(journal.encode(entry))
    position = data.draw(st.integers(0, len(line) - 2))
    line[position] ^= data.draw(st.integers(1, 255))
    try:
        read = journal.decode(bytes(line))
    except ValueError:
        return
    assert read == entry  # white space or the case of an escape: another spelling of the same


@pytest.mark.parametrize(
    ("old", "new"), [(b"0.25", b"0.35"), (b"loss", b"lass"), (b"crc", b"crd")]
)
def test_a_changed_value_name_or_checksum_is_seen(old: bytes, new: bytes) -> None:
    line = journal.encode({"loss": 0.25})
    assert old in line
    with pytest.raises(ValueError):
        journal.decode(line.replace(old, new))


# -- damage --------------------------------------------------------------------------------------


def test_cut_last_line_is_left_out_and_repaired(tmp_path: Path) -> None:
    path = filled(tmp_path, start(), row(0, loss=1.0), row(1, loss=0.5))
    whole = path.read_bytes()
    lines = whole.splitlines(keepends=True)
    for cut in range(1, len(lines[-1]) + 1):
        path.write_bytes(whole[:-cut])
        assert [r["index"] for r in journal.read(tmp_path).rows] == [0]
        assert journal.repair(path) == len(lines[-1]) - cut
        assert path.read_bytes() == b"".join(lines[:-1])
    assert journal.repair(path) == 0


def test_opening_repairs_and_appends_after_the_last_good_line(tmp_path: Path) -> None:
    path = filled(tmp_path, start(), row(0, loss=1.0), row(1, loss=0.5))
    path.write_bytes(path.read_bytes()[:-9])
    filled(tmp_path, row(1, loss=0.25))
    assert [r["values"]["loss"] for r in journal.read(tmp_path).rows] == [1.0, 0.25]


@pytest.mark.parametrize("number", [1, 2, 3])
@pytest.mark.parametrize("damage", ["flip", "text", "list", "empty", "return"])
def test_damaged_line_is_named_by_file_and_number(
    tmp_path: Path, number: int, damage: str
) -> None:
    path = filled(tmp_path, start(), row(0, loss=0.125), row(1, loss=0.125))
    lines = path.read_bytes().splitlines(keepends=True)
    line = lines[number - 1]
    flipped = line.replace(b'"crc": ', b'"crc": 1', 1)
    spoilt = {"flip": flipped, "text": b"\x00\xff\n", "list": b"[1]\n", "empty": b"\n"}
    spoilt["return"] = line[:5] + b"\r" + line[6:]  # looks like two lines, the first one cut
    lines[number - 1] = spoilt[damage]
    path.write_bytes(b"".join(lines))
    with pytest.raises(Damaged) as caught:
        journal.read(tmp_path)
    assert str(caught.value).startswith(f"{path}: line {number} is damaged")


def test_empty_journal_is_an_empty_result(tmp_path: Path) -> None:
    (tmp_path / journal.NAME).touch()
    result = journal.read(tmp_path)
    assert (result.status, result.rows, result.attempts) == ("running", [], 0)
    assert journal.repair(tmp_path / journal.NAME) == 0


def test_journal_only_ever_grows(tmp_path: Path) -> None:
    before = b""
    for lines in ([start(), row(0, loss=1.0)], [start(), restored(0), row(0, loss=1.0)], [end()]):
        after = filled(tmp_path, *lines).read_bytes()
        assert after.startswith(before)
        assert len(after) > len(before)
        before = after


def test_each_line_is_on_disk_before_the_journal_is_closed(tmp_path: Path) -> None:
    book = Journal(tmp_path)
    book.append("note", text="here")
    entries = list(journal.entries(book.path))
    book.close()
    assert [entry["text"] for entry in entries] == ["here"]


# -- results -------------------------------------------------------------------------------------


def test_one_attempt_is_told_whole(tmp_path: Path) -> None:
    used = ("data", {"name": "digits", "hash": "d1gest"})
    phases = {"search": {"steps": 6, "seconds": 2.5}, "train": {"steps": 4, "seconds": 1.0}}
    filled(tmp_path, start("t1"), used, row(0, loss=1.0), row(1, loss=0.5), end(**phases))
    result = journal.read(tmp_path)
    assert (result.trial, result.status, result.attempts) == ("t1", "completed", 1)
    assert result.provenance == {"commit": "c0de"}
    assert result.data == {"name": "digits", "hash": "d1gest"}
    assert [r["values"] for r in result.rows] == [{"loss": 1.0}, {"loss": 0.5}]
    assert (result.total("steps"), result.total("seconds")) == (10.0, 3.5)
    assert result.total("flops") == 0.0
    assert (result.lost_rows, result.lost_seconds) == (0, 0.0)
    assert result.started <= result.finished


def test_rows_after_the_checkpoint_are_void_and_counted_as_lost(tmp_path: Path) -> None:
    first = [start(), restored(0), *(row(i, loss=float(i)) for i in range(5))]
    second = [start(), restored(2), *(row(i, loss=10.0 * i) for i in range(2, 4)), end()]
    filled(tmp_path, *first, *second)
    result = journal.read(tmp_path)
    assert [r["index"] for r in result.rows] == [0, 1, 2, 3]
    assert [r["values"]["loss"] for r in result.rows] == [0.0, 1.0, 20.0, 30.0]
    assert (result.lost_rows, result.lost_seconds, result.attempts) == (3, 3.0, 2)


def test_losses_of_several_attempts_add_up(tmp_path: Path) -> None:
    attempt = [start(), restored(0), row(0, loss=0.0), row(1, loss=1.0)]
    filled(tmp_path, *attempt, *attempt, *attempt, end())
    result = journal.read(tmp_path)
    assert len(result.rows) == 2
    assert (result.lost_rows, result.lost_seconds, result.attempts) == (4, 2.0, 3)


def test_restart_with_nothing_lost_loses_nothing(tmp_path: Path) -> None:
    filled(tmp_path, start(), row(0, loss=0.0), end("stopped"), start(), restored(1))
    result = journal.read(tmp_path)
    assert (result.lost_rows, result.lost_seconds) == (0, 0.0)
    assert result.status == "running"  # a later attempt took an earlier end back


def test_finals_are_the_last_row_of_every_member(tmp_path: Path) -> None:
    rows = [row(i, member=i % 3, loss=float(i)) for i in range(7)]
    filled(tmp_path, start(), *rows)
    finals = journal.read(tmp_path).finals
    assert [(f["values"]["member"], f["values"]["loss"]) for f in finals] == [
        (0, 6.0),
        (1, 4.0),
        (2, 5.0),
    ]


def test_finals_without_members_are_the_last_row(tmp_path: Path) -> None:
    filled(tmp_path, start(), row(0, loss=1.0), row(1, loss=0.5))
    assert [f["values"]["loss"] for f in journal.read(tmp_path).finals] == [0.5]


def test_measured_leaves_the_clock_out_and_nothing_else(tmp_path: Path) -> None:
    kind, content = row(0, loss=1.0)
    for name, change in {"a": {}, "b": {"seconds": 99.0}, "c": {"steps": 1.0}}.items():
        filled(tmp_path / name, start(), (kind, {**content, **change}))
    a, b, c = (journal.measured(journal.read(tmp_path / name)) for name in "abc")
    assert a == b
    assert a != c
    assert json.loads(a[0])["values"] == {"loss": 1.0}


def test_find_returns_every_folder_with_a_journal(tmp_path: Path) -> None:
    for name in ("b/x", "a", "b/w"):
        filled(tmp_path / name, start())
    (tmp_path / "c").mkdir()
    assert journal.find(tmp_path) == [tmp_path / "a", tmp_path / "b/w", tmp_path / "b/x"]


# -- a full disk ---------------------------------------------------------------------------------

FULL = """
import os, resource, sys
from pathlib import Path
from harness.record.journal import Journal

book = Journal(Path(sys.argv[1]))
book.append("note", text="before")
size = book.path.stat().st_size
_, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
resource.setrlimit(resource.RLIMIT_FSIZE, (size + 20, hard))  # room for a part of a line
try:
    book.append("note", text="does not fit")
except OSError as error:
    print(type(error).__name__)
resource.setrlimit(resource.RLIMIT_FSIZE, (hard, hard))  # somebody made room
book.append("note", text="after")
book.close()
"""


def test_a_line_that_does_not_fit_leaves_no_half_behind(tmp_path: Path) -> None:
    root = Path(journal.__file__).resolve().parents[2]
    done = subprocess.run(
        [sys.executable, "-c", FULL, str(tmp_path)],
        cwd=root,
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.stdout, done.returncode) == ("OSError\n", 0), done.stderr
    texts = [entry["text"] for entry in journal.entries(tmp_path / journal.NAME)]
    assert texts == ["before", "after"]


def test_an_empty_journal_and_a_foreign_line_are_named(tmp_path: Path):
    (tmp_path / "a").mkdir()
    (tmp_path / "a" / journal.NAME).touch()
    (tmp_path / "b").mkdir()
    (tmp_path / "b" / journal.NAME).write_bytes(journal.encode({"kind": "start", "time": 0}))
    results, problems = journal.read_all(tmp_path)
    assert results == []
    assert [("no trial" in line, "no field" in line) for line in problems] == [
        (True, False),
        (False, True),
    ]
