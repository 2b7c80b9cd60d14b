"""The journal tells the truth: what it cannot read it says, and what it holds it keeps."""

from __future__ import annotations

import errno
import json
import math
import os
import subprocess
import sys
import zlib
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.record import journal
from harness.record.journal import Damaged, Journal, Mark
from harness.trial import CHECKPOINT, PREVIOUS

# subnormals are left out because torch, where it runs in the same process, flushes them to zero
NUMBERS = st.integers() | st.floats(allow_nan=False, allow_subnormal=False)
VALUES = st.recursive(
    st.none() | st.booleans() | NUMBERS | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner),
    max_leaves=8,
)
KEYS = st.text(min_size=1, max_size=6).filter(lambda key: key not in ("crc", "line"))
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


def crc_of(line: bytes) -> int:
    return int(json.loads(line)["crc"])


# -- lines ---------------------------------------------------------------------------------------


@given(ENTRIES)
def test_a_line_tells_what_was_written(entry: dict[str, Any]) -> None:
    line = journal.encode(entry)
    assert line.endswith(b"\n")
    assert line.count(b"\n") == 1
    assert line.isascii()
    assert journal.decode(line[:-1]) == (entry, Mark(1, crc_of(line), True))


def test_numbers_that_are_none_come_back() -> None:
    back, _ = journal.decode(journal.encode({"a": math.nan, "b": math.inf, "c": -math.inf})[:-1])
    assert math.isnan(back["a"])
    assert (back["b"], back["c"]) == (math.inf, -math.inf)


@given(ENTRIES, st.data())
def test_a_changed_byte_never_passes(entry: dict[str, Any], data: st.DataObject) -> None:
    line = bytearray(journal.encode(entry)[:-1])
    position = data.draw(st.integers(0, len(line) - 1))
    line[position] ^= data.draw(st.integers(1, 255))
    with pytest.raises(ValueError):
        journal.decode(bytes(line))


@pytest.mark.parametrize(
    ("old", "new"), [(b"0.25", b"0.35"), (b"loss", b"lass"), (b"crc", b"crd")]
)
def test_a_changed_value_name_or_checksum_is_seen(old: bytes, new: bytes) -> None:
    line = journal.encode({"loss": 0.25})
    assert old in line
    with pytest.raises(ValueError):
        journal.decode(line[:-1].replace(old, new))


# -- damage --------------------------------------------------------------------------------------


def cut(folder: Path, *lines: tuple[str, dict[str, Any]]) -> Path:
    """Write a journal as a process leaves it that is killed before its first checkpoint."""
    path = filled(folder, *lines)
    path.with_name(journal.TALLY).write_text("0 0\n")
    return path


def test_cut_last_line_is_left_out_and_repaired(tmp_path: Path) -> None:
    path = cut(tmp_path, start(), row(0, loss=1.0), row(1, loss=0.5))
    whole = path.read_bytes()
    lines = whole.splitlines(keepends=True)
    for gone in range(2, len(lines[-1]) + 1):
        path.write_bytes(whole[:-gone])
        assert [r["index"] for r in journal.read(tmp_path).rows] == [0]
        assert journal.repair(path).lines == 2
        assert path.read_bytes() == b"".join(lines[:-1])


@pytest.mark.parametrize("flushed", [True, False])
def test_a_line_that_is_whole_but_for_its_newline_gets_that_back(
    tmp_path: Path, flushed: bool
) -> None:
    path = (filled if flushed else cut)(tmp_path, start(), row(0, loss=1.0), end())
    whole = path.read_bytes()
    path.write_bytes(whole[:-1])
    assert journal.read(tmp_path).status == "completed"
    assert journal.repair(path).lines == 3
    assert path.read_bytes() == whole


def test_lines_that_are_missing_at_the_end_are_named(tmp_path: Path) -> None:
    path = filled(tmp_path, start(), row(0, loss=1.0), end())
    whole = path.read_bytes()
    lines = whole.splitlines(keepends=True)
    for kept in range(len(lines)):
        for torn in (b"", lines[kept][:-9]):  # between two lines, and inside of one
            path.write_bytes(b"".join(lines[:kept]) + torn)
            with pytest.raises(Damaged, match=f"line {kept + 1} is (missing|damaged)"):
                journal.read(tmp_path)
            with pytest.raises(Damaged):
                Journal(tmp_path)
            assert path.read_bytes() == b"".join(lines[:kept]) + torn  # nothing was mended away


def test_lines_of_another_journal_are_told(tmp_path: Path) -> None:
    path = filled(tmp_path / "a", start(), row(0, loss=1.0), row(1, loss=0.5), end())
    other = filled(tmp_path / "b", start(), row(0, loss=2.0), row(1, loss=0.5), end())
    ours, theirs = (p.read_bytes().splitlines(keepends=True) for p in (path, other))
    for place in range(1, 4):
        path.write_bytes(b"".join([*ours[:place], *theirs[place:]]))
        with pytest.raises(Damaged):
            journal.read(tmp_path / "a")


@pytest.mark.parametrize("change", ["dropped", "doubled", "swapped", "first"])
def test_lines_out_of_their_place_are_told(tmp_path: Path, change: str) -> None:
    path = cut(tmp_path, start(), *(row(i, loss=1.0) for i in range(4)), end())
    lines = path.read_bytes().splitlines(keepends=True)
    spoilt = {
        "dropped": [*lines[:2], *lines[3:]],
        "doubled": [*lines[:3], *lines[2:]],
        "swapped": [*lines[:2], lines[3], lines[2], *lines[4:]],
        "first": lines[1:],
    }[change]
    path.write_bytes(b"".join(spoilt))
    with pytest.raises(Damaged, match="lines are missing, doubled or moved"):
        journal.read(tmp_path)


def test_what_was_written_after_the_last_flush_may_be_lost(tmp_path: Path) -> None:
    """A power cut takes it, and the checkpoint does not stand behind it."""
    book = Journal(tmp_path)
    book.append(start()[0], **start()[1])
    book.append(row(0, loss=1.0)[0], **row(0, loss=1.0)[1])
    book.sync()
    flushed = book.path.read_bytes()
    book.append(row(1, loss=0.5)[0], **row(1, loss=0.5)[1])
    book.path.write_bytes(flushed)
    assert len(journal.read(tmp_path).rows) == 1
    book.close()


@pytest.mark.parametrize("text", ["garbage", "", "3", "3 1\n", "2 +7\n", "2 7", "\0" * 9, "é 1\n"])
def test_a_tally_that_is_not_as_it_was_written_is_named(tmp_path: Path, text: str) -> None:
    path = filled(tmp_path, start(), end())
    path.with_name(journal.TALLY).write_text(text, encoding="latin-1")
    with pytest.raises(Damaged, match=rf"{tmp_path}/journal\.\w+: line \d"):
        journal.read(tmp_path)


def test_a_tally_that_is_gone_is_told_unless_the_trial_is_complete(tmp_path: Path) -> None:
    """A completed trial's end is its last line; nothing else says where the last line was."""
    path = filled(tmp_path, start(), row(0, loss=1.0), end())
    lines = path.read_bytes().splitlines(keepends=True)
    path.with_name(journal.TALLY).unlink()
    assert journal.read(tmp_path).status == "completed"
    path.write_bytes(b"".join(lines[:2]))
    with pytest.raises(Damaged, match=r"line 2 may not be the last: journal\.tally is gone"):
        journal.read(tmp_path)
    assert journal.read_all(tmp_path)[0] == []
    filled(tmp_path / "stopped", start(), end("stopped")).with_name(journal.TALLY).unlink()
    with pytest.raises(Damaged, match="is gone"):
        Journal(tmp_path / "stopped")


@pytest.mark.parametrize("left", [journal.TALLY, CHECKPOINT, PREVIOUS])
def test_a_journal_that_is_gone_is_told_by_what_it_left(tmp_path: Path, left: str) -> None:
    path = filled(tmp_path, start(), row(0, loss=1.0), end())
    (tmp_path / left).touch()  # the tally is there already
    for other in {journal.TALLY, path.name} - {left}:
        (tmp_path / other).unlink()
    assert journal.begun(tmp_path)
    results, (problem,) = journal.read_all(tmp_path)
    assert (results, problem.partition(": ")[2][:17]) == ([], "line 1 is missing")
    with pytest.raises(Damaged, match="line 1 is missing, as is the file"):
        Journal(tmp_path)
    assert not path.exists()


def test_a_trial_killed_as_it_began_has_lost_nothing(tmp_path: Path) -> None:
    """Before its first line: between its two files, and between the second and that line."""
    (tmp_path / journal.TALLY).write_text("0 0\n")
    assert not journal.begun(tmp_path)
    assert journal.read_all(tmp_path) == ([], [])
    Journal(tmp_path)._handle.close()
    assert (tmp_path / journal.NAME).read_bytes() == b""
    assert journal.read_all(tmp_path) == ([], [])
    filled(tmp_path, start(), row(0, loss=1.0), end())
    assert journal.read(tmp_path).status == "completed"


def test_a_journal_that_cannot_be_opened_is_a_line_too(tmp_path: Path) -> None:
    (tmp_path / "a" / journal.NAME).mkdir(parents=True)
    (tmp_path / "b" / journal.NAME).mkdir(parents=True)
    (tmp_path / "b" / journal.TALLY).mkdir()
    results, problems = journal.read_all(tmp_path)
    assert results == []
    assert problems == [
        f"{tmp_path}/a/{journal.NAME}: line 1 cannot be read (Is a directory)",
        f"{tmp_path}/b/{journal.TALLY}: line 1 cannot be read (Is a directory)",
    ]


def test_a_checkpoint_that_stands_behind_rows_that_are_missing_is_told(tmp_path: Path) -> None:
    filled(tmp_path, start(), row(0, loss=1.0), row(1, loss=0.5))
    book = Journal(tmp_path)
    size = book.path.stat().st_size
    with pytest.raises(Damaged, match="behind 3 rows, 2 are here"):
        book.append(restored(3)[0], **restored(3)[1])
    assert book.path.stat().st_size == size
    book.append(restored(1)[0], **restored(1)[1])
    with pytest.raises(Damaged, match="behind 2 rows, 1 are here"):
        book.append(restored(2)[0], **restored(2)[1])
    book.close()


def test_rows_of_the_earlier_form_that_are_missing_are_told_by_their_number(
    tmp_path: Path,
) -> None:
    """Those lines have a checksum each, so that one alone could go unseen."""
    lines = []
    for kind, content in (start(), row(0, loss=1.0), row(1, loss=0.5), restored(1)):
        body = json.dumps({"kind": kind, "time": 0.0, **content}, sort_keys=True)
        lines.append(f'{body[:-1]}, "crc": {zlib.crc32(body.encode())}}}\n')
    (tmp_path / journal.NAME).write_text("".join(lines))
    assert len(journal.read(tmp_path).rows) == 1
    for gone, why in (
        (1, "line 2 has row 1, where 0 belongs"),
        (slice(1, 3), "line 2 says 1 row"),
    ):
        fewer = list(lines)
        del fewer[gone]
        (tmp_path / journal.NAME).write_text("".join(fewer))
        with pytest.raises(Damaged, match=why):
            journal.read(tmp_path)


def test_what_cannot_be_looked_into_is_told(tmp_path: Path, monkeypatch) -> None:
    filled(tmp_path / "open", start(), end())
    (tmp_path / "closed").mkdir()
    real = os.scandir

    def scandir(path):
        if Path(path).name == "closed":
            raise PermissionError(errno.EACCES, os.strerror(errno.EACCES), str(path))
        return real(path)

    monkeypatch.setattr(os, "scandir", scandir)
    results, problems = journal.read_all(tmp_path)
    assert [result.folder.name for result in results] == ["open"]
    assert problems == [f"{tmp_path}/closed: cannot be read (Permission denied)"]


def test_a_journal_of_the_earlier_form_is_read_and_goes_on(tmp_path: Path) -> None:
    """Its lines have no numbers, and each has a checksum of its own."""
    kind, content = start()
    body = json.dumps({"kind": kind, "time": 0.0, **content}, sort_keys=True)
    line = f'{body[:-1]}, "crc": {zlib.crc32(body.encode())}}}\n'
    (tmp_path / journal.NAME).write_text(line * 2)
    assert journal.read(tmp_path).attempts == 2
    filled(tmp_path, start(), row(0, loss=1.0))
    result = journal.read(tmp_path)
    assert (result.attempts, len(result.rows)) == (3, 1)


def test_opening_repairs_and_appends_after_the_last_good_line(tmp_path: Path) -> None:
    path = cut(tmp_path, start(), row(0, loss=1.0), row(1, loss=0.5))
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
    assert journal.repair(tmp_path / journal.NAME) == Mark()


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
