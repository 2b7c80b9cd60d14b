"""What the HTML page says: a row for every claim, with all that stands behind it.

The templates only lay out what is gathered here.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

import pandas as pd
from jinja2 import Environment, PackageLoader
from markupsafe import Markup, escape

from harness.judge import generations
from harness.judge.samples import BLOCKED, NOT_RUN
from harness.judge.verdict import Verdict
from harness.paper import BUDGETS, KINDS, Claim, Refused
from harness.plan.discover import Folder
from harness.record import sheet
from harness.show import chart, claims, matrix, pictures
from harness.show.board import Board
from harness.show.columns import DATED, STANDINGS, cells
from harness.show.marks import MARKS
from harness.show.pictures import Picture
from harness.show.section import Reading, Row, Section
from harness.words import duration, scientific

REPLAYED = 3  # commands that a row shows; those of the other experiments are on the paper's page
WAITING = (BLOCKED, NOT_RUN)


def write(board: Board, drawn: Mapping[str, Sequence[Path]], reports: Path) -> Iterator[Path]:
    """Write index.html, and the picture with which it begins.

    The page has what holds, the league, every claim, our checks, and provenance.
    """
    sections = [_section(board, folder, drawn[folder.name]) for folder in board.papers]
    yield from matrix.write(sections, reports)
    rows = [row for section in sections for row in (*section.rows, *section.checks)]
    known = {reading.word for row in rows for reading in row.readings}
    words = [each for each in MARKS if each in known]
    counted = {row.first.word for section in sections for row in section.headlines}
    said = {
        "sections": sections,
        "charts": list(_charts(board)),
        "marks": {each: MARKS[each] for each in words},
        "columns": [each for each in words if each in counted],
        "kinds": [kind for kind in KINDS if any(row.claim.kind == kind for row in rows)],
        "budgets": [
            budget
            for budget in reversed(BUDGETS)
            if any(reading.budget == budget for row in rows for reading in row.readings)
        ],
        "shapes": chart.SHAPES,
        "origin": _origin(pd.concat([board.rows(folder) for folder in board.papers])),
        "dated": DATED,
    }
    loader = PackageLoader("harness.show", "templates")
    html = Environment(loader=loader, autoescape=True, trim_blocks=True, lstrip_blocks=True)
    html.filters |= {"quoted": quoted, "slug": slug}
    path = reports / "index.html"
    sheet.replace({path: html.get_template("index.html.j2").render(said) + "\n"})
    yield path


def quoted(text: str) -> Markup:
    """Return a text as HTML, with what stands between backticks as code."""
    return Markup(re.sub(r"`([^`]+)`", r"<code>\1</code>", str(escape(text))))


def slug(text: str) -> str:
    """Return a text as the name of a place on the page."""
    return re.sub(r"[^A-Za-z0-9]+", "-", text).strip("-")


def _section(board: Board, folder: Folder, drawn: Sequence[Path]) -> Section:
    shown = pictures.of(board, folder, drawn)
    rows = [_row(board, folder, claim, shown) for claim in folder.paper.claims]
    return Section(
        folder,
        claims.headlines(folder.paper.claims, board.verdicts[folder.name]),
        [row for row in rows if not row.claim.ours],
        [row for row in rows if row.claim.ours],
        shown,
        _deviations(folder),
        _spent(board, folder),
    )


def _spent(board: Board, folder: Folder) -> float:
    """Return the device time (s) of all trials behind the verdicts on headlines, each once."""
    behind = [
        rows
        for claim in folder.paper.claims
        if claim.kind == "headline"
        for verdict in claims.deepest(claim, board.verdicts[folder.name])[:1]
        for _, rows in _behind(board, folder, verdict)
    ]
    if not behind:
        return 0.0
    return float(pd.concat(behind).drop_duplicates(["trial", "member"])["seconds"].sum())


def _deviations(folder: Folder) -> dict[str, list[str]]:
    """Return what differs from the paper, by study; what the paper itself declares under ''."""
    studies = {
        study: list(getattr(folder.module(f"{study}.study"), "DEVIATIONS", ()))
        for study in folder.studies
    }
    theirs = {line for lines in studies.values() for line in lines}
    own = [line for line in folder.paper.deviations if line not in theirs]
    return {study: lines for study, lines in {"": own, **studies}.items() if lines}


def _row(board: Board, folder: Folder, claim: Claim, shown: Sequence[Picture]) -> Row:
    study = folder.origins.get(claim.id, "")
    readings = [
        _reading(board, folder, verdict)
        for verdict in claims.deepest(claim, board.verdicts[folder.name])
    ]
    if not readings:
        waits, _, note = claims.waits_for(claim).partition(": ")
        readings = [Reading("", waits, note=note)]
    return Row(
        claim,
        slug(f"{folder.name}-{claim.id}"),
        claims.printed(claim),
        claims.source(claim),
        readings,
        [picture for picture in shown if picture.study == study],
        study,
    )


def _reading(board: Board, folder: Folder, verdict: Verdict) -> Reading:
    said = claims.line(verdict, board.marks(folder, verdict.budget))
    behind = list(_behind(board, folder, verdict))
    return Reading(
        verdict.budget,
        verdict.verdict,
        said["here"],
        verdict.note,
        said["asked"],
        said["p"],
        _cost([rows for _, rows in behind]),
        [(name, str(rows["trial"].iloc[0])) for name, rows in behind[:REPLAYED]],
        max(len(behind) - REPLAYED, 0),
    )


def _behind(board: Board, folder: Folder, verdict: Verdict) -> Iterator[tuple[str, pd.DataFrame]]:
    """Yield (experiment, its current rows) of what a verdict was read from."""
    for name in dict.fromkeys(verdict.claim.check.experiments):
        try:
            home, experiment = folder.named(name)
        except Refused:  # it leads nowhere: the verdict says so
            continue
        rows = board.current(home, verdict.budget)
        rows = rows[rows["experiment"] == experiment.name]
        if len(rows):
            yield name, rows


def _cost(groups: Sequence[pd.DataFrame]) -> str:
    """Return what one replicate of every experiment is charged together."""
    if not groups:
        return ""
    charged = [generations.costs(rows) for rows in groups]
    steps, seconds, flops = (sum(float(str(each[cost])) for each in charged)
                             for cost in generations.COSTS)  # fmt: skip
    what = "one replicate" if len(groups) == 1 else f"one replicate of each of {len(groups)}"
    as_charged = ", as charged" if any(each["charged"] for each in charged) else ""
    known = f", {scientific(flops)} FLOPs" if flops else ""
    trials = sum(rows["trial"].nunique() for rows in groups)
    spent = duration(sum(float(rows["seconds"].sum()) for rows in groups))
    time = duration(seconds) if seconds >= 10 else f"{seconds:.2g} s"
    return (
        f"{what}: {steps:,.0f} steps, {time} of device time{known}{as_charged}; "
        f"all {trials} trials took {spent}"
    )


def _charts(board: Board) -> Iterator[chart.Chart]:
    """Yield a chart for every task on which methods compete, at its deepest budget."""
    for task, budget, lines in board.standings(searchers=2):
        texts = [cells(line, STANDINGS) for line in lines.to_dict("records")]
        yield chart.chart(task, budget, lines, board.curves, texts)


def _origin(rows: pd.DataFrame) -> dict[str, str]:
    """Return where the numbers that stand here come from, and when."""

    def every(column: str) -> str:
        return ", ".join(sorted({str(value) for value in rows[column].dropna() if str(value)}))

    return {
        "results": f"{len(rows):,} rows of {rows['trial'].nunique():,} trials",
        "measured": f"{rows['started'].min()[:10]} to {rows['finished'].max()[:10]}",
        "devices": every("device"),
        "instruction sets": every("isa"),
        "torch": every("torch"),
        "Python": every("python"),
        "commits": every("commit"),
        "data": every("data_hash"),
    }
