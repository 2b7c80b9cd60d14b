"""A CSV file is read whole, or refused in one line that names it, the line and what to do."""

from __future__ import annotations

import math
from pathlib import Path

import pytest

from harness.paper import Refused
from harness.record import sheet

TYPES: sheet.Types = {"trial": str, "seed": int, "cost": float, "dirty": bool, "value": None}
ROWS = [
    {"trial": "80481e5364", "seed": 0, "cost": 0.1, "dirty": False, "value": "0330"},
    {"trial": "0123456789", "seed": -3, "cost": math.inf, "dirty": True, "value": 1e-300},
    {"trial": 'a "quote", a\nline and ünï', "seed": 7, "cost": -0.0, "dirty": True, "value": ""},
]
WRITTEN = sheet.text(TYPES, ROWS)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "some.csv"


def records(path: Path, content: bytes | str) -> list[sheet.Record]:
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return [record for _, record in sheet.read(path, TYPES)]


def test_what_was_written_comes_back_and_ids_stay_text(path):
    sheet.replace({path: WRITTEN})
    assert [record for _, record in sheet.read(path, TYPES)] == ROWS
    assert [number for number, _ in sheet.read(path, TYPES)] == [2, 3, 4]
    assert [file.name for file in path.parent.iterdir()] == [path.name]


@pytest.mark.parametrize(
    "changed",
    [
        b"\xef\xbb\xbf" + WRITTEN.encode(),
        WRITTEN.replace("\n", "\r\n").encode(),
        b"\xef\xbb\xbf" + WRITTEN.replace("\n", "\r\n").encode(),
        "\n".join(
            ",".join(line.split(",")[::-1]) for line in WRITTEN.splitlines()[:3]
        ).encode() + b"\n",
    ],
    ids=["byte-order mark", "CRLF", "both", "columns in another order"],
)  # fmt: skip
def test_what_other_programs_do_to_a_file_changes_nothing(path, changed):
    assert records(path, changed) == ROWS[: changed.count(b"\n") - 1]


def test_nothing_in_a_cell_is_no_number(path):
    (record,) = records(path, "trial,seed,cost,dirty,value\n,,,,\n")
    assert (record["trial"], record["seed"], record["dirty"]) == ("", 0, False)
    assert math.isnan(record["cost"])
    assert math.isnan(record["value"])


LINES = WRITTEN.splitlines(keepends=True)
BAD = {
    "semicolons": (WRITTEN.replace(",", ";"), "line 1 has semicolons between its columns"),
    "tabs": (WRITTEN.replace(",", "\t"), "line 1 has tabs between its columns"),
    "renamed": (WRITTEN.replace("seed", "seeds", 1), "no column 'seed' (did you mean 'seeds'?)"),
    "missing": (WRITTEN.replace(",seed", "", 1), "line 1 has no column 'seed';"),
    "doubled": (WRITTEN.replace("trial,", "trial,trial,", 1), "line 1 has column 'trial' twice"),
    "surplus": (WRITTEN.replace("value", "value,more", 1), "line 1 has an unknown column 'more'"),
    "cut in a row": (WRITTEN[:-8], "line 4 is cut: its end is missing"),
    "cut in a cell": ("".join(LINES[:2]).rstrip("0\n"), "line 2 is cut: its end is missing"),
    "cut between cells": (LINES[0] + "8048,0,0.1,False\n", "line 2 has 4 cells in 5 columns"),
    "more cells": (LINES[0] + "8048,0,0.1,False,1,2\n", "line 2 has 6 cells in 5 columns"),
    "empty line": (WRITTEN + "\n", "line 5 has 0 cells in 5 columns"),
    "conflict": (LINES[0] + "<<<<<<< HEAD\n" + LINES[1], "line 2 is of a merge conflict"),
    "conflict's middle": (WRITTEN + "=======\n", "line 5 is of a merge conflict"),
    "unclosed": (WRITTEN + '"unclosed\n', "line 5 cannot be read"),
    "text for a whole number": (WRITTEN.replace("-3", "three"), "line 3 has 'three' in column 's"),
    "part of a number": (WRITTEN.replace(",7,", ",7.5,"), "where a whole number belongs"),
    "text for a number": (WRITTEN.replace(",0.1,", ",cheap,"), "line 2 has 'cheap' in column 'co"),
    "comma for a point": (WRITTEN.replace(",0.1,", ',"0,1",'), "line 2 has '0,1' in column"),
    "no truth": (WRITTEN.replace("False", "no"), "where True or False belongs"),
    "a text that is cut": (WRITTEN.replace('""0330""', '""0330'), "'value' a text that is cut"),
    "nothing": ("", "line 1 is not there: the file is empty"),
    "garbage": ("garbage", "line 1 is cut"),
    "binary": (b"\xff\xfe\x00\x01", "line 1 is not UTF-8"),
    "another encoding": (LINES[0].encode() + "ü,1,1,True,1\n".encode("latin-1"), "line 2 is not"),
    "UTF-16": (WRITTEN.encode("utf-16"), "line 1 is not UTF-8"),
    "NUL": (WRITTEN.encode() + b"\x00\n", "line 5"),
}  # fmt: skip


@pytest.mark.parametrize("case", BAD)
def test_what_cannot_be_read_is_refused_by_file_and_line_and_stays(path, case):
    content, why = BAD[case]
    with pytest.raises(Refused) as refused:
        records(path, content)
    said = str(refused.value)
    assert said.startswith(f"{path}: line ")
    assert why in said
    assert "git checkout" in said
    assert "\n" not in said
    assert path.read_bytes() == (content if isinstance(content, bytes) else content.encode())


def test_a_folder_in_its_place_and_no_file_are_refused(path):
    with pytest.raises(Refused, match=r"some\.csv: cannot be read .*git checkout"):
        list(sheet.read(path, TYPES))
    path.mkdir()
    with pytest.raises(Refused, match=r"some\.csv: is a folder; move it away"):
        list(sheet.read(path, TYPES))
