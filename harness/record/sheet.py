"""CSV files as they are kept below reports/: read whole or refused in one line, never guessed at.

UTF-8 with or without a byte-order mark, commas, a line a row, columns by name. A cell is read as
the type of its column; text is text, also where it looks like a number.
"""

from __future__ import annotations

import csv
import io
import json
import math
import os
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

from harness.paper import Refused, nearest

Types = Mapping[str, type | None]  # of columns; None: a number or a text, whatever the cell says
Record = dict[str, Any]

CONFLICT = ("<<<<<<< ", "||||||| ", "=======", ">>>>>>> ")
BOOLS = ("True", "False", "")
CALLED = {int: "a whole number", float: "a number", bool: "True or False"}


def read(path: Path, types: Types) -> Iterator[tuple[int, Record]]:
    """Yield (line number, record) of a file whose columns are these, in any order.

    Raises:
        Refused: it is not such a file; names the file, the line and what to do.
    """
    content = _content(path)
    names = _names(path, content)
    _check_names(path, names, types)
    for number, row in _rows(path, content)[1:]:
        if len(row) != len(names):
            raise wrong(path, number, f"has {len(row)} cells in {len(names)} columns")
        named = zip(names, row, strict=True)
        yield number, {name: _read(path, number, name, cell, types[name]) for name, cell in named}


def header(path: Path) -> list[str]:
    """Return the names of a file's columns, as they stand there.

    Raises:
        Refused: see `read`.
    """
    return _names(path, _content(path))


def text(types: Types, records: Iterable[Mapping[str, Any]]) -> str:
    """Return the content of a file; what `read` gives back is what was given here."""
    content = io.StringIO(newline="")
    writer = csv.writer(content, lineterminator="\n")
    writer.writerow(types)
    for record in records:
        writer.writerow([cell(record[name], kind) for name, kind in types.items()])
    return content.getvalue()


def replace(contents: Mapping[Path, str]) -> None:
    """Write files, each in one move: a reader sees the old one or the new one.

    All are written before the first one moves: a full disk leaves all as they were. They move in
    the order in which they are given.
    """
    with ExitStack() as stack:
        fresh = {path: stack.enter_context(replacing(path)) for path in reversed(list(contents))}
        for path, content in contents.items():
            fresh[path].write_text(content, encoding="utf-8", newline="")


@contextmanager
def replacing(path: Path) -> Iterator[Path]:
    """Give a file to write, which takes the other's place at the end; nothing stays otherwise.

    Raises:
        OSError: it cannot be written; names the file.
    """
    fresh = path.with_name(f"{path.stem}.{os.getpid()}.new{path.suffix}")
    path.parent.mkdir(parents=True, exist_ok=True)
    try:
        yield fresh
        fresh.replace(path)
    except OSError as error:
        raise OSError(error.errno, error.strerror, str(path)) from error
    finally:
        fresh.unlink(missing_ok=True)


def cell(value: Any, kind: type | None) -> str:
    """Return the text of a cell; a string that could be read as something else is JSON."""
    if isinstance(value, float):
        return "" if math.isnan(value) else repr(value)
    if not isinstance(value, str):
        return str(value)
    plain = value.isprintable() and not value.startswith('"')
    if kind is None:
        plain = plain and value != "" and not _is_number(value)
    return value if plain else json.dumps(value)


def wrong(path: Path, line: int, why: str) -> Refused:
    """Return the refusal of a file that is not as it was written."""
    return Refused(f"{path}: line {line} {why}; {cure(path)}")


def cure(path: Path) -> str:
    """Return what to do about a file that is not as it was written."""
    return f"take back what was committed: git checkout -- {path}"


def _content(path: Path) -> str:
    """Return the text of a file that is whole."""
    content = _text(path)
    for number, line in enumerate(content.split("\n"), start=1):
        if line.startswith(CONFLICT):
            how = f"git checkout --ours -- {path.parent} (or --theirs), then report"
            raise Refused(f"{path}: line {number} is of a merge conflict; take one side: {how}")
    if not content:
        raise wrong(path, 1, "is not there: the file is empty")
    if not content.endswith("\n"):
        raise wrong(path, content.count("\n") + 1, "is cut: its end is missing")
    return content


def _names(path: Path, content: str) -> list[str]:
    first, _, _ = content.partition("\n")
    return next(iter(_rows(path, first)), (1, []))[1]


def _rows(path: Path, content: str) -> list[tuple[int, list[str]]]:
    """Return (line number, cells) of every row; the first are the names of the columns."""
    reader = csv.reader(io.StringIO(content, newline=""), strict=True)
    try:
        return [(reader.line_num, row) for row in reader]
    except csv.Error as error:
        raise wrong(path, reader.line_num, f"cannot be read ({error})") from error


def _text(path: Path) -> str:
    try:
        content = path.read_bytes()
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = content[: error.start].count(b"\n") + 1
        raise wrong(path, line, "is not UTF-8") from error
    except IsADirectoryError as error:
        raise Refused(f"{path}: is a folder; move it away, a file belongs there") from error
    except OSError as error:
        raise Refused(f"{path}: cannot be read ({error.strerror}); {cure(path)}") from error


def _check_names(path: Path, names: Sequence[str], types: Types) -> None:
    for sign, word in ((";", "semicolons"), ("\t", "tabs")):
        if len(names) == 1 and len(types) > 1 and sign in names[0]:
            raise wrong(path, 1, f"has {word} between its columns, where commas belong")
    surplus = [name for name in names if name not in types]
    for name in types:
        if names.count(name) > 1:
            raise wrong(path, 1, f"has column '{name}' twice")
        if name not in names:
            hint = f" ({nearest(name, surplus)})" if surplus else ""
            raise wrong(path, 1, f"has no column '{name}'{hint}")
    if surplus:
        raise wrong(path, 1, f"has an unknown column '{surplus[0]}'")


def _read(path: Path, line: int, column: str, cell: str, kind: type | None) -> Any:
    try:
        return value(cell, kind)
    except ValueError as error:
        if cell.startswith('"'):
            raise wrong(path, line, f"has in column '{column}' a text that is cut") from error
        what = f"has '{cell[:40]}' in column '{column}', where {CALLED[kind or float]} belongs"
        raise wrong(path, line, what) from error


def value(text: str, kind: type | None) -> Any:
    """Return what a cell says; raises ValueError where that is not of its column's type.

    An empty cell is no number (NaN), or what the type begins with.
    """
    if text.startswith('"') and kind in (str, None):
        return json.loads(text)
    if kind is None:
        return math.nan if not text else float(text) if _is_number(text) else text
    if kind is bool:
        return BOOLS.index(text) == 0
    if kind is float:
        return float(text) if text else math.nan
    return kind(text) if text else kind()


def _is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True
