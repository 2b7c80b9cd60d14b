"""Who holds the folder of a trial, asked without disturbing him."""

from __future__ import annotations

import fcntl
import socket
from pathlib import Path

LOCK = "lock"  # in a trial's folder; whoever runs it holds it and has written there who he is
NOBODY, UNKNOWN = "", "an unknown process"
SILENCE = 600.0  # seconds without a sign of life, after which a trial elsewhere is taken for dead


def held(folder: Path) -> str:
    """Return who runs the trial, in his own words; NOBODY where nobody does.

    What is left of a dead process in the file counts for nothing: the lock itself is asked. A
    shared lock does it, which is given back at once and keeps nobody else from asking.
    """
    try:
        handle = (folder / LOCK).open(encoding="utf-8", errors="replace")
    except (FileNotFoundError, IsADirectoryError):
        return NOBODY
    with handle:
        try:
            fcntl.flock(handle, fcntl.LOCK_SH | fcntl.LOCK_NB)
        except BlockingIOError:
            return handle.read().strip() or UNKNOWN
    return NOBODY


def alive(folder: Path, seen: float, now: float) -> bool:
    """Tell whether somebody runs a trial that has begun and not ended.

    On this machine its lock says so, whatever any clock does. Not every shared file system passes
    on the locks of other machines: a trial that was begun there lives until it has been silent for
    long, where `seen` and `now` are both times of the file system.
    """
    try:
        if held(folder):
            return True
        said = (folder / LOCK).read_text(encoding="utf-8", errors="replace")
    except PermissionError:  # somebody else's
        return now - seen <= SILENCE
    except OSError:
        return False
    words = said.replace(",", " ").split()
    elsewhere = "on" in words[:-1] and words[words.index("on") + 1] != socket.gethostname()
    return elsewhere and now - seen <= SILENCE
