"""Tables for a terminal and for a pipe: a name is never broken, prose is wrapped between words.

Where the names of a table are wider than the screen together, each row becomes a paragraph: its
first cell, and below it what the other columns say.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, field

from rich.cells import cell_len
from rich.console import Console, ConsoleOptions, RenderResult
from rich.text import Text

GAP, INDENT = 2, 4
LEAST = 18  # a column of prose that is narrower is no pleasure to read
Cell = str | Text


@dataclass
class Table:
    """A title, rows under columns, a caption; `prose` columns may be wrapped, `right` are numbers.

    What is `clipped` ends with "…" where there is no room for it on its line.

    A cell is plain text, or rich's `Text` where it has colours. Print it with `soft_wrap=True`:
    a single name that is wider than the screen is then whole, too.
    """

    title: str
    columns: Sequence[str]
    prose: Collection[str] = ()
    right: Collection[str] = ()
    clipped: Collection[str] = ()
    caption: str = ""
    rows: list[tuple[Text, ...]] = field(default_factory=list)

    def add(self, *cells: Cell) -> None:
        """Add a row, a cell for each column."""
        if len(cells) != len(self.columns):
            raise ValueError(f"{len(cells)} cells for the {len(self.columns)} columns")
        self.rows.append(tuple(c.copy() if isinstance(c, Text) else Text(c) for c in cells))

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        """Yield the lines: rows under columns where they fit, else a paragraph for each row."""
        if self.title:
            yield from _styled(wrapped(Text(self.title), options.max_width), "italic")
        widths = self._widths(options.max_width)
        yield from self._paragraphs(options.max_width) if widths is None else self._grid(widths)
        if self.caption:
            yield from _styled(wrapped(Text(self.caption), options.max_width), "dim italic")

    @property
    def _flexible(self) -> set[str]:
        return {*self.prose, *self.clipped}

    def _widths(self, limit: int) -> list[int] | None:
        """Return the width of each column; None where the names alone are wider than the limit."""
        natural, least = [], []
        for place, name in enumerate(self.columns):
            cells = [Text(name), *(row[place] for row in self.rows)]
            natural.append(max(cell_len(line) for cell in cells for line in _lines(cell)))
            words = [cell_len(word) for cell in cells for word in cell.plain.split()]
            longest = max(words, default=0) if name in self.prose else 0
            narrow = max(longest, min(natural[-1], LEAST))
            least.append(narrow if name in self._flexible else natural[-1])
        spare = limit - GAP * (len(widths := least) - 1) - sum(least)
        if spare < 0:
            return None
        for place, name in enumerate(self.columns):  # those before the last share alike
            if name in self._flexible:
                left = sum(other in self._flexible for other in self.columns[place:])
                more = min(spare // left, natural[place] - least[place])
                widths[place] += more
                spare -= more
        return self._filled(widths, natural, spare)

    def _filled(self, widths: list[int], natural: Sequence[int], spare: int) -> list[int]:
        """Give what later columns left over to earlier ones that are still too narrow."""
        for place in range(len(widths)):
            more = min(spare, natural[place] - widths[place])
            widths[place] += more
            spare -= more
        return widths

    def _grid(self, widths: Sequence[int]) -> Iterator[Text]:
        heads = tuple(Text(name, style="bold") for name in self.columns)
        rules = tuple(Text("─" * width, style="dim") for width in widths)
        for row in (heads, rules, *self.rows):
            told = zip(self.columns, row, widths, strict=True)
            cells = [self._fitted(name, cell, width) for name, cell, width in told]
            for place in range(max(map(len, cells))):
                yield self._line([c[place] if place < len(c) else Text() for c in cells], widths)

    def _fitted(self, name: str, cell: Text, width: int) -> list[Text]:
        if name not in self.clipped:
            return wrapped(cell, width)
        short = cell.copy()
        short.truncate(width, overflow="ellipsis")
        return [short]

    def _line(self, cells: Sequence[Text], widths: Sequence[int]) -> Text:
        line = Text(no_wrap=True, overflow="ignore")
        for name, cell, width in zip(self.columns, cells, widths, strict=True):
            pad = " " * (width - cell_len(cell.plain))
            ahead = pad if name in self.right else ""
            line.append(ahead).append_text(cell).append(pad[len(ahead) :] + " " * GAP)
        line.rstrip()
        return line

    def _paragraphs(self, limit: int) -> Iterator[Text]:
        for row in self.rows:
            yield from wrapped(Text.assemble(row[0], style="bold"), limit)
            told = zip(self.columns[1:], row[1:], strict=True)
            said = {name: Text.assemble((f"{name}: ", "dim"), c) for name, c in told if c.plain}
            names = [text for name, text in said.items() if name not in self.prose]
            if names:
                yield from _indented(Text("; ").join(names), limit, hard=";")
            for name, text in said.items():
                if name in self.prose:
                    yield from _indented(text, limit)


def wrapped(text: Text, width: int, hard: str = "") -> list[Text]:
    """Return a text in lines of at most `width`, broken between words and nowhere else.

    With `hard`, only behind this sign.
    """
    lines = []
    stop = re.escape(hard) + r"\s+" if hard else r"\s+"
    for line in text.split("\n", allow_blank=True):
        breaks, begin, end = [], 0, 0
        for space in (*re.finditer(stop, line.plain), None):
            stands = len(line.plain) if space is None else space.start() + len(hard)
            if cell_len(line.plain[begin:stands]) > width and end > begin:
                breaks.append(begin := end)
            end = stands if space is None else space.end()
        for part in line.divide(breaks):
            part.rstrip()
            part.no_wrap, part.overflow = True, "ignore"
            lines.append(part)
    return lines


def _lines(cell: Text) -> list[str]:
    return cell.plain.split("\n")


def _indented(text: Text, limit: int, hard: str = "") -> Iterator[Text]:
    for line in wrapped(text, limit - INDENT, hard):
        yield Text.assemble(" " * INDENT, line, no_wrap=True, overflow="ignore")


def _styled(lines: Sequence[Text], style: str) -> Iterator[Text]:
    for line in lines:
        line.stylize(style)
        yield line
