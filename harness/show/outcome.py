"""What a run ends with: verdicts, what was measured where none is judged, standings."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import pandas as pd
from rich.markup import escape
from rich.table import Table

from harness.judge import generations
from harness.judge.verdict import Verdict
from harness.plan.discover import Folder
from harness.record import tables
from harness.record.journal import Result
from harness.show import claims
from harness.show.board import Board
from harness.show.columns import STANDINGS, cells
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
        table = Table(title=title, title_justify="left", caption_justify="left")
        table.caption = claims.headlines_at(said)
        yield _filled(table, claims.SHORT, said, dated)
    if own:
        table = Table(title=f"{title}: checks of our own", title_justify="left")
        yield _filled(table, ("check", "asked", "here", "verdict"), own, dated)


def _filled(
    table: Table, columns: Sequence[str], verdicts: Sequence[Verdict], dated: frozenset[str]
) -> Table:
    for column in columns:
        table.add_column(column, overflow="fold")
    for verdict in verdicts:
        cells_of = claims.line(verdict, dated)
        colour = COLOURS.get(verdict.verdict, "cyan")
        note = f"\n{escape(verdict.note)}" if verdict.note else ""
        cells_of = {name: escape(cell) for name, cell in cells_of.items()}
        cells_of["verdict"] = f"[{colour}]{verdict.verdict}[/]{note}"
        table.add_row(*(cells_of[column] for column in columns))
    return table


def measured_table(folder: Folder, rows: pd.DataFrame) -> Table:
    """Return what was measured where no claim is judged: capped, changed or partial runs."""
    table = Table(title=f"{folder.paper.title}: measured, no claim judged", title_justify="left")
    for column in ("experiment", "n", "metric", "mean", "steps", "stopped by"):
        table.add_column(column)
    tasks = {e.name: e.task for e in folder.paper.experiments}
    for (experiment, overrides), cell in rows.groupby(["experiment", "overrides"], sort=False):
        task = tasks[str(experiment)]
        known = task.metric in cell and cell[task.metric].notna().any()
        mean = percent(cell[task.metric].mean(), task.unit) if known else "–"
        name = f"{experiment} ({overrides})" if overrides else str(experiment)
        steps, reason = f"{cell['steps'].mean():,.0f}", str(cell["stopped_by"].iloc[0])
        table.add_row(name, str(len(cell)), task.metric, f"{mean} {task.unit}", steps, reason)
    return table


def verdicts_of_run(papers: Sequence[Folder], results: Sequence[Result]) -> Iterator[Table]:
    """Yield, per paper and budget, what the paper says beside what this run measured."""
    table = tables.frame(results)
    for folder in papers:
        own = table[table["paper"] == folder.name]
        for budget in own["budget"].unique():
            rows = generations.declared(own, folder, budget)
            ran = set(rows["experiment"])
            verdicts = [
                verdict
                for verdict in generations.judged_at(table, folder, budget, rows)
                if set(verdict.claim.check.experiments) & ran
            ]
            if verdicts:
                yield from verdict_tables(folder, verdicts)
            else:
                yield measured_table(folder, own[own["budget"] == budget])
    yield from standings(Board(papers, table, pd.DataFrame()))


def standings(board: Board) -> Iterator[Table]:
    """Yield, for every task on which methods compete, all of them side by side, by cost."""
    for task, budget, summary in board.tables():
        if not task.standings or len(summary) < 2:
            continue
        table = Table(title=f"{task.name}, budget {budget}", title_justify="left")
        for name in STANDINGS:
            table.add_column(task.metric if name == "measured" else name, overflow="fold")
        for line in summary.to_dict("records"):
            table.add_row(*cells(line, STANDINGS))
        yield table
