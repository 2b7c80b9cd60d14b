"""Frames -> reports/: CSV, Markdown, LaTeX, one HTML page, figures; and the terminal's verdicts.

Everything below reports/ is generated from reports/results.csv, which holds every result that was
ever reported; a run on this machine adds to it. Rendering needs no GPU, no torch, no MLflow.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

import pandas as pd
from rich.table import Table

from harness import compare, pages
from harness.claims import judge
from harness.discover import Folder
from harness.paper import BUDGETS, Refused
from harness.record import journal, tables
from harness.record.journal import Result
from harness.verdict import Verdict

RESULTS, CURVES, REPLAYS = "results.csv", "curves.csv", "replays"
COLOURS = {
    "reproduced": "green",
    "on track": "green",
    "partially reproduced": "yellow",
    "not reproduced": "red",
    "off track": "red",
}


def gather(runs: Path, reports: Path) -> tuple[pd.DataFrame, list[str]]:
    """Return the committed results with this machine's, and what could not be read."""
    results, problems = _read(runs)
    return _merged(results, reports), problems


def _merged(results: Sequence[Result], reports: Path) -> pd.DataFrame:
    known = tables.load(reports / RESULTS)
    sure = set(known.loc[known["status"] == "completed", "trial"])
    done = [
        result
        for result in results
        if result.status == "completed" or (result.status == "failed" and result.trial not in sure)
    ]
    return tables.merge(known, tables.frame(done))


def _read(runs: Path) -> tuple[list[Result], list[str]]:
    """Return the results below `runs`, less the replays: those repeat a row and make none."""
    results, problems = journal.read_all(runs)
    return [r for r in results if r.folder.relative_to(runs).parts[0] != REPLAYS], problems


def write(
    papers: Sequence[Folder], runs: Path, reports: Path, budgets: Sequence[str] | None = None
) -> Iterator[str]:
    """Write reports/ and yield one line for every file written or problem met."""
    local, problems = _read(runs)
    results = _merged(local, reports)
    yield from (f"damaged, left out: {problem}" for problem in problems)
    if results.empty:
        raise Refused(f"nothing to report: no results in {runs}/ or {reports}/{RESULTS}")
    try:
        reports.mkdir(parents=True, exist_ok=True)
        tables.store(results, reports / RESULTS)
    except OSError as error:
        raise Refused(f"--reports {reports}: cannot be written ({error.strerror})") from error
    curves = _curves(local, reports / CURVES)
    shown = results[results["budget"].isin(budgets or BUDGETS)]
    yield f"{reports / RESULTS}: {len(results)} rows"
    verdicts = {found.name: compare.judged(shown, found) for found in papers}
    pictures: dict[str, list[Path]] = {}
    for found in papers:
        written = list(pages.write_paper(found, verdicts[found.name], shown, curves, reports))
        pictures[found.name] = [path for path in written if path.suffix in (".png", ".svg")]
        yield from map(str, written)
    yield from map(str, pages.write_comparison(papers, verdicts, shown, pictures, reports))


def verdicts_of_run(papers: Sequence[Folder], results: Sequence[Result]) -> Iterator[Table]:
    """Yield, per paper and budget, what the paper says beside what this run measured."""
    table = tables.frame(results)
    for found in papers:
        own = table[table["paper"] == found.name]
        for budget in own["budget"].unique():
            rows = compare.declared(own, found, budget)
            claims = [claim for claim in found.paper.claims if budget in claim.budgets]
            ran = set(rows["experiment"])
            verdicts = [
                verdict
                for verdict in judge(found.paper, rows, budget)
                if set(verdict.claim.check.experiments) & ran
            ]
            if claims and verdicts:
                yield verdict_table(found, verdicts)
            else:
                yield measured_table(found, own[own["budget"] == budget])
    yield from standings(papers, table)


def standings(papers: Sequence[Folder], results: pd.DataFrame) -> Iterator[Table]:
    """Yield, for every task on which methods compete, all of them side by side, best first."""
    tasks = {e.task.name: e.task for found in papers for e in found.paper.experiments}
    for name, budget, metric, rows in compare.tables(results, papers):
        if not tasks[name].standings or len(rows) < 2:
            continue
        table = Table(title=f"{name}, budget {budget}", title_justify="left")
        for column in ("method", metric, "sd", "n", "steps", "device time", "FLOPs"):
            table.add_column(column)
        for row in rows.to_dict("records"):
            who = f"{row['paper']}: {row['experiment']}"
            table.add_row(who, *pages.cells(row, tasks[name].unit))
        yield table


def verdict_table(found: Folder, verdicts: Sequence[Verdict]) -> Table:
    """Return the table "paper says / we measured / verdict" for the terminal."""
    budget = verdicts[0].budget
    table = Table(title=f"{found.paper.title}, budget {budget}", title_justify="left")
    for column in ("claim", "statement", "paper says", "we measured", "verdict"):
        table.add_column(column)
    for verdict in verdicts:
        claim = verdict.claim
        colour = COLOURS.get(verdict.verdict, "cyan")
        said = f"[{colour}]{verdict.verdict}[/]" + (f"\n{verdict.note}" if verdict.note else "")
        measured = compare.we_measured(verdict)
        table.add_row(claim.id, claim.statement, claim.published.text, measured, said)
    return table


def measured_table(found: Folder, rows: pd.DataFrame) -> Table:
    """Return what was measured where no claim is judged: capped, changed or partial runs."""
    table = Table(title=f"{found.paper.title}: measured, no claim judged", title_justify="left")
    for column in ("experiment", "n", "metric", "mean", "steps", "stopped by"):
        table.add_column(column)
    tasks = {e.name: e.task for e in found.paper.experiments}
    for (experiment, overrides), cell in rows.groupby(["experiment", "overrides"], sort=False):
        task = tasks[str(experiment)]
        known = task.metric in cell and cell[task.metric].notna().any()
        mean = compare.percent(cell[task.metric].mean(), task.unit) if known else "–"
        name = f"{experiment} ({overrides})" if overrides else str(experiment)
        steps, reason = f"{cell['steps'].mean():,.0f}", str(cell["stopped_by"].iloc[0])
        table.add_row(name, str(len(cell)), task.metric, f"{mean} {task.unit}", steps, reason)
    return table


def _curves(local: Sequence[Result], path: Path) -> pd.DataFrame:
    """Return averaged learning curves: this machine's newest, over those stored before."""
    results = [r for r in local if r.status == "completed"]
    declared = [r for r in results if not r.spec["overrides"] and r.spec["budget"] in BUDGETS]
    cells = tables.frame(declared).groupby(["paper", "budget"], sort=False)
    newest = {t for _, cell in cells for t in compare.generations(cell)[0]["trial"]}
    fresh = compare.averages(tables.curves([r for r in declared if r.trial in newest]))
    known = pd.read_csv(path) if path.exists() else fresh.iloc[:0]
    keys = ["paper", "experiment", "budget"]
    newer = set(map(tuple, fresh[keys].to_numpy()))
    kept = known[[tuple(row) not in newer for row in known[keys].to_numpy()]]
    # an empty frame has no types of its own and would take the other's away
    fresh = pd.concat([frame for frame in (kept, fresh) if len(frame)] or [fresh])
    fresh = fresh.sort_values(["paper", "experiment", "budget", "metric", "turn", "at"])
    fresh.to_csv(path, index=False, float_format="%.6g", lineterminator="\n")
    return pd.read_csv(path)  # rounded: figures are the same with and without the journals
