"""What a run ends with: verdicts, what was measured where none is judged, standings."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence

import pandas as pd
from rich.text import Text

from harness.judge import generations
from harness.judge.verdict import Verdict
from harness.plan.discover import Folder
from harness.record import tables
from harness.record.journal import Result
from harness.show import claims
from harness.show.board import Board
from harness.show.columns import STANDINGS, cells
from harness.show.table import Table
from harness.words import percent

COLOURS = {
    "reproduced": "green",
    "on track": "green",
    "partially reproduced": "yellow",
    "not reproduced": "red",
    "off track": "red",
}


def verdict_tables(
    folder: Folder, verdicts: Sequence[Verdict], dated: frozenset[str] = frozenset()
) -> Iterator[Table]:
    """Yield the table of a paper's claims for the terminal, and that of our own checks.

    What rests on experiments that are `dated`, measured by other code, is marked.
    """
    title = f"{folder.paper.title}, budget {verdicts[0].budget}"
    said, own = claims.of_papers(verdicts), claims.of_ours(verdicts)
    if said:
        table = Table(title, claims.SHORT, prose=claims.SHORT, caption=claims.headlines_at(said))
        yield _filled(table, said, dated)
    if own:
        columns = ("check", "asked", "here", "verdict")
        table = Table(f"{title}: checks of our own", columns, prose=columns)
        yield _filled(table, own, dated)


def _filled(table: Table, verdicts: Sequence[Verdict], dated: frozenset[str]) -> Table:
    for verdict in verdicts:
        cells_of = claims.line(verdict, dated)
        colour = COLOURS.get(verdict.verdict, "cyan")
        rest = cells_of["verdict"].removeprefix(verdict.verdict)
        word = Text.assemble((verdict.verdict, colour), rest)
        table.add(*(word if name == "verdict" else cells_of[name] for name in table.columns))
    return table


def measured_table(folder: Folder, rows: pd.DataFrame) -> Table:
    """Return what was measured where no claim is judged: capped, changed or partial runs."""
    columns = ("experiment", "n", "metric", "mean", "steps", "stopped by")
    title = f"{folder.paper.title}: measured, no claim judged"
    table = Table(title, columns, prose=("stopped by",), right=("n", "steps"))
    tasks = {e.name: e.task for e in folder.paper.experiments}
    for (experiment, overrides), cell in rows.groupby(["experiment", "overrides"], sort=False):
        task = tasks[str(experiment)]
        known = task.metric in cell and cell[task.metric].notna().any()
        mean = percent(cell[task.metric].mean(), task.unit) if known else "–"
        name = f"{experiment} ({overrides})" if overrides else str(experiment)
        steps, reason = f"{cell['steps'].mean():,.0f}", str(cell["stopped_by"].iloc[0])
        table.add(name, str(len(cell)), task.metric, f"{mean} {task.unit}", steps, reason)
    return table


def ending(
    papers: Sequence[Folder], results: Sequence[Result], full: bool, left_out: list[str]
) -> Iterator[Table]:
    """Yield, per paper and budget, what the paper says beside what this run measured.

    Unless it is to be `full`, that is its headlines, or all its claims where no headline is
    judged; what else there is to see is added to `left_out`.
    """
    table = tables.frame(results)
    for folder in papers:
        own = table[table["paper"] == folder.name]
        for budget in own["budget"].unique():
            verdicts, rest = _split(_verdicts(table, folder, budget), full)
            if verdicts:
                yield from verdict_tables(folder, verdicts)
            if rest:
                left_out.append(f"{len(rest)} more claims of {folder.name} ({_counted(rest)})")
            there = own[own["budget"] == budget]
            changed = there[there["overrides"].fillna("") != ""] if verdicts else there
            if len(changed):
                yield measured_table(folder, changed)
    compared = standings(Board(papers, table, pd.DataFrame()))
    if full:
        yield from compared
    elif count := sum(1 for _ in compared):
        left_out.append(f"{count} tables of methods side by side")


def _verdicts(table: pd.DataFrame, folder: Folder, budget: str) -> list[Verdict]:
    """Return the verdicts on the claims that read what this run measured."""
    rows = generations.declared(table[table["paper"] == folder.name], folder, budget)
    ran = set(rows["experiment"])
    judged = generations.judged_at(table, folder, budget, rows)
    return [verdict for verdict in judged if set(verdict.claim.check.experiments) & ran]


def _split(verdicts: Sequence[Verdict], full: bool) -> tuple[list[Verdict], list[Verdict]]:
    """Return what is shown and the rest: headlines first, or all where none is judged."""
    headlines = [verdict for verdict in verdicts if verdict.claim.kind == "headline"]
    if full or not headlines:
        return list(verdicts), []
    return headlines, [verdict for verdict in verdicts if verdict not in headlines]


def _counted(verdicts: Sequence[Verdict]) -> str:
    words = Counter(verdict.verdict for verdict in verdicts)
    return ", ".join(f"{count} {word}" for word, count in words.most_common())


def standings(board: Board) -> Iterator[Table]:
    """Yield, for every task on which methods compete, all of them side by side, by cost."""
    for task, budget, summary in board.tables():
        if not task.standings or len(summary) < 2:
            continue
        heads = [task.metric if name == "measured" else name for name in STANDINGS]
        right = ("steps", "device time", "FLOPs", "sd")
        table = Table(f"{task.name}, budget {budget}", heads, right=right)
        for line in summary.to_dict("records"):
            table.add(*cells(line, STANDINGS))
        yield table
