"""Standard output and error as a program may rely on them: a write never fails.

A sign that the encoding lacks is spelled in plain letters. What a reader that went away, a
terminal that was closed or a full disk does not take is dropped: the work goes on, and the exit
status says how it went.
"""

from __future__ import annotations

import codecs
import errno
import io
import os
import sys
import unicodedata
from typing import Any

PLAIN = {
    **dict.fromkeys("‐‑‒–—―─━═", "-"),
    **dict.fromkeys("│┃║", "|"),
    **{"±": "+/-", "†": "+", "·": ".", "×": "x", "µ": "u", "▶": ">", "▷": ">", "…": "..."},
    **{"≤": "<=", "≥": ">=", "≈": "~", "→": "->", "←": "<-", "−": "-", "•": "*"},
    **{"‘": "'", "’": "'", "“": '"', "”": '"', "²": "^2", "λ": "lambda", "α": "alpha"},
}
GONE = (errno.EPIPE, errno.EIO, errno.ECONNRESET)  # nobody is there to miss what is not written
_lost: list[OSError] = []


def prepare() -> None:
    """Make standard output and error of this process so."""
    codecs.register_error("plain", _plainly)
    sys.stdout = _prepared(sys.stdout, 1)
    sys.stderr = _prepared(sys.stderr, 2)


def lost() -> str:
    """Return why somebody misses output of this process; nothing where nobody does."""
    missed = [error for error in _lost if error.errno not in GONE]
    return missed[0].strerror or str(missed[0]) if missed else ""


class Outlet(io.FileIO):
    """A file that takes whatever is written to it."""

    def write(self, data: Any, /) -> int:
        """Write, or drop what cannot be written."""
        try:
            return super().write(data)
        except OSError as error:
            _lost.append(error)
            return memoryview(data).nbytes


def _prepared(stream: Any, number: int) -> Any:
    """Return a stream's replacement; what is no standard stream (a test's, say) is kept."""
    if stream is None:  # it was closed before this process began
        return open(os.devnull, "w", encoding="utf-8")  # noqa: PTH123
    try:
        if stream.fileno() != number:
            return stream
        stream.flush()
    except (OSError, ValueError, AttributeError):
        return stream
    outlet = Outlet(number, "w", closefd=False)
    direct = bool(getattr(stream, "write_through", False))
    return io.TextIOWrapper(
        outlet if direct else io.BufferedWriter(outlet),
        encoding=stream.encoding,
        errors="plain",
        line_buffering=stream.line_buffering,
        write_through=direct,
    )


def _plainly(error: UnicodeError) -> tuple[str, int]:
    """Spell what an encoding cannot say, with letters that each encoding has."""
    if not isinstance(error, UnicodeEncodeError):
        raise error
    signs = error.object[error.start : error.end]
    return "".join(map(spelled, signs)), error.end


def spelled(sign: str) -> str:
    """Return a sign in ASCII; '?' where nothing is like it."""
    if sign in PLAIN:
        return PLAIN[sign]
    if "\ud800" <= sign <= "\udfff":  # a byte of a file's name that is no text
        return f"\\x{ord(sign) & 0xFF:02x}"
    if "\u2500" <= sign <= "\u257f":  # frames of tables
        return "+"
    if "\u2580" <= sign <= "\u259f":  # bars
        return "#"
    letters = unicodedata.normalize("NFKD", sign).encode("ascii", "ignore").decode()
    return letters or "?"
