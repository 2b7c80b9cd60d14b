"""Who of a process group is alive, told by /proc; nobody where there is none."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path


def alive(group: int) -> list[int]:
    """Return the members of a process group that run still."""
    return [member for member, _ in _members(group)]


def workers(group: int) -> list[int]:
    """Return the members of a run's process group that run trials, not the parent's helpers."""
    found = []
    for member, parent in _members(group):
        with suppress(OSError):  # it ended meanwhile
            line = Path(f"/proc/{member}/cmdline").read_bytes()
            found += [member] if parent == group and b"spawn_main" in line else []
    return found


def _members(group: int) -> Iterator[tuple[int, int]]:
    """Yield (process, its parent) of a group."""
    for path in Path("/proc").glob("[0-9]*/stat"):
        with suppress(OSError):
            state, parent, pgid = path.read_text().rpartition(")")[2].split()[:3]
            if int(pgid) == group and state != "Z":
                yield int(path.parent.name), int(parent)
