"""A text that somebody wrote, and how a place in it is named when it is refused."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Generic, TypeVar

from harness.paper import Refused

T = TypeVar("T")
LONGEST = 40  # characters of a text that a refusal repeats


@dataclass(frozen=True)
class Spot(Generic[T]):
    """A value, and the place in the text where it stands (characters before it)."""

    value: T
    at: int


def pieces(text: Spot[str], separator: str) -> Iterator[Spot[str]]:
    """Yield what stands between separators, each piece at its place, empty ones too."""
    at = text.at
    for piece in text.value.split(separator):
        yield Spot(piece.strip(), at + len(piece) - len(piece.lstrip()))
        at += len(piece) + len(separator)


@dataclass(frozen=True)
class Source:
    """A text, its places counted in characters."""

    text: str

    def refused(self, at: int, why: str) -> Refused:
        """Return the refusal of what stands at a place: columns and lines count from 1."""
        before = self.text[:at]
        column = len(before) - before.rfind("\n")
        line = f"line {before.count(chr(10)) + 1}, " if "\n" in self.text.strip() else ""
        return Refused(f"{line}column {column}: {why}")


def shortened(text: str) -> str:
    """Return a text as one line of at most `LONGEST` characters that can be printed."""
    line = "".join(c if c.isprintable() else " " for c in " ".join(text.split()))
    return line if len(line) <= LONGEST else f"{line[: LONGEST - 3]}..."
