"""What was timed of every folder last: kept as reports/bench.csv, shown as bench.md.

A section is written again after each of its rows, so what was measured is there when a later pair
fails or the machine goes down. Rows that were not measured anew stay, below the machine and the
commit that they were timed on, until their section is through.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from itertools import groupby
from operator import itemgetter
from pathlib import Path

from harness.record import sheet
from harness.speed import overhead, scale, tried

KEPT, PAGE = "bench.csv", "bench.md"
COLUMNS = (
    "what", "oracle", "fast", "ratio [min, max]", "rival", "rival's ratio [min, max]", "aim",
    "share of peak", "threads", "processor time", "rounds", "note",
)  # fmt: skip
ADDED = ("rival", "rival's ratio [min, max]", "threads", "processor time", "rounds")  # not always
SHARED = ("harness/training", "the harness's own cost")  # sections that come last
COST = SHARED[-1]  # it has columns of its own, kept in the first ones

TYPES: sheet.Types = dict.fromkeys(("section", "where", *COLUMNS), str)
INTRO = """\
Medians of rounds in which all forms take turns, by the wall's clock, and of what a round has: a
ratio is how many times as long as the fast form another form takes, with its least and its
largest over rounds. The oracle is the readable loop; a rival is what a user would write first,
such as the loop in channels_last, which is the authors' code with one line added. Processor time
is that of the process that times, all its threads together: fast form, oracle, rival. Rows that
do not say how many rounds they had had 7, and one thread.
"""


def keep(
    reports: Path, section: str, where: str, rows: Sequence[Sequence[str]], whole: bool
) -> None:
    """Put fresh rows in place of a section's, and show all; `where` says where they were timed.

    Unless the section is `whole`, its other rows stay.
    """
    names = COLUMNS if section != COST else COLUMNS[: len(overhead.COLUMNS)]
    blank = {**dict.fromkeys(COLUMNS, ""), "section": section, "where": where}
    fresh = [{**blank, **dict(zip(names, row, strict=True))} for row in rows]
    replaced = Counter(map(named, fresh))
    lines = []
    for each in kept(reports):
        if each["section"] == section and (whole or replaced[named(each)]):
            replaced[named(each)] -= 1
        else:
            lines.append(each)
    lines += fresh
    lines.sort(key=lambda each: (each["section"] in SHARED, each["section"]))
    sheet.replace({reports / KEPT: sheet.text(TYPES, lines), reports / PAGE: page(lines, reports)})


def named(line: sheet.Record) -> tuple[str, str]:
    """Return what a row is known by: the same forms race with one thread and with two."""
    return line["what"], line["threads"] or "1"


def kept(reports: Path) -> list[sheet.Record]:
    """Return what was timed of every folder last; nothing where nothing was.

    Raises:
        Refused: the file is not as it was written.
    """
    path = reports / KEPT
    if not path.exists():
        return []
    known = sheet.header(path)
    types = {name: kind for name, kind in TYPES.items() if name in known or name not in ADDED}
    blank = dict.fromkeys(ADDED, "")
    return [{**blank, **line} for _, line in sheet.read(path, types)]


def page(lines: Sequence[sheet.Record], reports: Path) -> str:
    """Return bench.md: folders, the harness's own cost, what was tried and left, scale last."""
    from harness.show.pages import GENERATED, markdown

    told = [GENERATED.replace("report", "bench"), "# Speed\n", INTRO]
    for title, found in groupby(lines, key=itemgetter("section")):
        told.append(f"\n## {title[:1].upper() + title[1:] if title == COST else title}\n")
        for where, rows in groupby(found, key=itemgetter("where")):
            cells = [[row[name] for name in COLUMNS] for row in rows]
            heads, cells = costs(cells) if title == COST else said(cells)
            told += [f"{where}.\n", markdown(heads, cells)]
    told += [tried.section()]
    told += [scale.section(scale.kept(reports))]  # measured by itself: it takes long
    return "\n".join(told)


def costs(rows: Sequence[Sequence[str]]) -> tuple[tuple[str, ...], list[list[str]]]:
    """Return columns and rows of the harness's own cost, which are kept in the first ones."""
    return overhead.COLUMNS, [list(row[: len(overhead.COLUMNS)]) for row in rows]


def said(rows: Sequence[Sequence[str]]) -> tuple[tuple[str, ...], list[list[str]]]:
    """Return columns and rows without those added columns in which no row says anything."""
    places = [
        place
        for place, name in enumerate(COLUMNS)
        if name not in ADDED or any(row[place] for row in rows)
    ]
    return tuple(COLUMNS[p] for p in places), [[row[p] for p in places] for row in rows]
