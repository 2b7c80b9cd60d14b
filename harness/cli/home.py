"""Which folder a command works in: the one with the papers, wherever it is typed.

`papers/`, `runs/`, `reports/` and `data/` stand side by side in it. It is the folder that one is
in, or the nearest one above it; a command that is typed elsewhere works in the checkout that it
was installed from.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path

import harness
from harness.plan import discover

_typed_in: list[Path] = []  # where the command was typed, when that is another folder


def find(start: Path) -> Path | None:
    """Return the folder that a command works in when it is typed in `start`, if there is one."""
    if (start / discover.ROOT).is_dir():  # also where no paper is written yet
        return start
    own = Path(harness.__file__).resolve().parents[1]
    for folder in (*start.parents, own):
        if discover.folders(folder / discover.ROOT):
            return folder
    return None


def enter(quiet: bool = False) -> None:
    """Go to the folder with the papers; say so where it is another one, unless `quiet`."""
    try:
        start = Path.cwd()
    except FileNotFoundError:  # it was removed meanwhile
        start = Path("/")
    home = find(start)
    if home is None or home == start:
        return
    _typed_in[:] = [start]
    os.chdir(home)
    if not quiet:
        sys.stderr.write(f"papers, runs and reports are those of {home}\n")


def meant(text: str) -> str:
    """Return a path as it was meant: of what is there where it was typed, else of the home."""
    there = os.path.join(*_typed_in, text)  # noqa: PTH118  (an absolute path stays what it is)
    return there if os.path.lexists(there) else text


def placed(text: str) -> Path:
    """Return the path of something that may not be there yet: it goes where it was typed."""
    return Path(*_typed_in, text)


def flag(text: str) -> str:
    """Return a flag of sbatch, or the file that `@` names as it was meant."""
    return f"@{meant(text[1:])}" if text.startswith("@") else text
