"""The picture of all headline verdicts: a row for each paper, a sign for each claim, the cost."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

from matplotlib.axes import Axes
from matplotlib.figure import Figure

from harness.figures import INK
from harness.show import draw
from harness.show.marks import MARKS, OPEN, Mark
from harness.show.section import Section
from harness.words import duration

NAME = "headlines.png"
WIDE = 12  # claims in a line; a paper with more of them has several lines
LEFT, RIGHT = 1.9, 1.2  # columns of claims that names and costs take
COLUMN, ROW, ENDS = 0.78, 0.48, 1.1  # inches: a claim, a line, legend and heading
LACKS = {"blocked": "blocked, needs what is not here"}


def write(sections: Sequence[Section], reports: Path) -> Iterator[Path]:
    """Write the picture of the papers that have headline claims, if there are any."""
    shown = [section for section in sections if section.headlines]
    if shown:
        path = reports / "figures" / NAME
        path.parent.mkdir(parents=True, exist_ok=True)
        yield draw.save(drawn(shown), path)


def drawn(sections: Sequence[Section]) -> Figure:
    """Return the signs of all headline verdicts; below them, which sign says what."""
    draw.style()
    lines = [-(-len(section.headlines) // WIDE) for section in sections]
    size = (COLUMN * (LEFT + WIDE + RIGHT), ROW * sum(lines) + ENDS)
    figure = Figure(figsize=size, layout="constrained")
    axes = figure.subplots()
    right = WIDE + RIGHT - 0.5
    for place, section in enumerate(sections):
        _paper(axes, sum(lines[:place]), lines[place], section, right)
    axes.text(right, -0.8, "device time", ha="right", va="center", size=9, color=OPEN)
    axes.set(xlim=(-LEFT, right + 0.1), ylim=(sum(lines) - 0.3, -1.1))
    axes.set_axis_off()
    _legend(axes, sections)
    return figure


def _paper(axes: Axes, top: int, lines: int, section: Section, right: float) -> None:
    """Draw one paper: its name, a sign and an identifier for each claim, what it took."""
    axes.axhline(top + lines - 0.5, color=OPEN, lw=0.4, alpha=0.4)
    axes.text(-LEFT, top, section.folder.name, va="center", size=11, color=INK, weight="bold")
    for place, row in enumerate(section.headlines):
        line, column = top + place // WIDE, place % WIDE
        _sign(axes, row.first.mark, (column, line - 0.12))
        axes.text(column, line + 0.3, row.claim.id, ha="center", va="center", size=6, color=OPEN)
    text = duration(section.spent) if section.spent else "–"
    axes.text(right, top, text, ha="right", va="center", size=10, color=INK)


def _sign(axes: Axes, mark: Mark, *places: tuple[float, float], label: str = "") -> None:
    """Draw a sign at places; at none, it is named in the legend alone."""
    x, y = ([place[axis] for place in places] for axis in (0, 1))
    fill = mark.colour if mark.filled else "white"
    axes.plot(x, y, mark.marker, color=mark.colour, mfc=fill, ms=10, mew=1.6, ls="", label=label)


def _legend(axes: Axes, sections: Sequence[Section]) -> None:
    """Say which sign is which verdict, and how many headlines have it."""
    words = [row.first.word for section in sections for row in section.headlines]
    for word in (each for each in MARKS if each in words):
        _sign(axes, MARKS[word], label=f"{LACKS.get(word, word)}: {words.count(word)}")
    axes.legend(loc="upper left", bbox_to_anchor=(0, 0), ncols=4, frameon=False, fontsize=10)
