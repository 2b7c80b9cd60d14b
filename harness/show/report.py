"""Frames -> reports/: CSV, Markdown, LaTeX, one HTML page, figures.

Everything below reports/ is generated from reports/results.csv, which holds every result that was
ever reported; a run on this machine adds to it. Rendering needs no GPU, no torch, no MLflow.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import pandas as pd

from harness.judge import generations
from harness.paper import BUDGETS, Refused, require
from harness.plan.discover import Folder
from harness.record import journal, tables
from harness.record.journal import Result
from harness.record.lineage import Lineage, Superseded, supersede
from harness.record.sheet import cure, replace
from harness.run.home import NO_RESULTS, require_folder
from harness.show import comparison, curves, page, pages
from harness.show.board import Board

RESULTS, CURVES = "results.csv", "curves.csv"
ASIDE = "removed"  # the folder below reports/ of rows that stand in no table any more


def read_results(runs: Path, reports: Path) -> tuple[pd.DataFrame, list[str]]:
    """Return the committed results with this machine's, and a line for each that is left out.

    That are journals that cannot be read, and committed rows that are not as they were measured.
    What replays confirmed to be one code has one digest.

    Raises:
        Refused: a committed file cannot be read.
    """
    results, problems = local_results(runs)
    kept = known_results(reports)
    merged = tables.merge(kept.sound, _fresh(results, kept.sound))
    merged = Lineage.load(reports).carried(merged)
    return merged, [*problems, *map(str, kept.altered)]


def known_results(reports: Path) -> tables.Kept:
    """Return the committed rows, and with them those that were removed and may come back."""
    kept, aside = (tables.inspect(where / RESULTS) for where in (reports, reports / ASIDE))
    if aside.rows.empty and not aside.altered:
        return kept
    return tables.Kept(tables.merge(aside.rows, kept.rows), [*kept.altered, *aside.altered])


def _fresh(results: Sequence[Result], known: pd.DataFrame) -> pd.DataFrame:
    """Return the rows of results that ended; one that failed where it is known to complete not."""
    sure = set(known.loc[known["status"] == "completed", "trial"])
    done = [
        result
        for result in results
        if result.status == "completed" or (result.status == "failed" and result.trial not in sure)
    ]
    done.sort(key=lambda result: result.status == "completed")  # a copy that failed yields to it
    return tables.frame(done)


def local_results(runs: Path) -> tuple[list[Result], list[str]]:
    """Return the results below `runs`, less replays and nights: those make none.

    Raises:
        Refused: `runs` is a file.
    """
    require_folder(runs)
    results, problems = journal.read_all(runs)
    return [r for r in results if r.folder.relative_to(runs).parts[0] not in NO_RESULTS], problems


def write(
    papers: Sequence[Folder],
    runs: Path,
    reports: Path,
    budgets: Sequence[str] | None = None,
    leave_out: Callable[[str], None] = lambda problem: None,
) -> Iterator[str]:
    """Write reports/ and yield one line for every file written or problem met.

    `leave_out` is called with every journal's problem too: its results are in no table.

    Raises:
        Refused: there is nothing to report, a file cannot be written, or a committed one cannot be
            read or has rows that are not as they were measured: then nothing is written.
    """
    local, problems = local_results(runs)
    stored, kept = tables.averages(reports / CURVES), known_results(reports)
    for problem in problems:
        leave_out(problem)
        yield f"damaged, left out: {problem}"
    yield from map(str, kept.altered)
    _require_unaltered(kept, reports)
    lineage, fresh = Lineage.load(reports), _fresh(local, kept.rows)
    results, removed = lineage.split(tables.merge(kept.rows, fresh))
    if results.empty:
        raise Refused(
            f"nothing to report: no results below --runs {runs}, none in --reports {reports}"
        )
    try:
        reports.mkdir(parents=True, exist_ok=True)
        tables.store(results, reports / RESULTS)
        _set_aside(removed, reports / ASIDE)
    except OSError as error:
        raise Refused(f"--reports {reports}: cannot be written ({error.strerror})") from error
    averages = _averages(papers, lineage, local, (kept.rows, results), stored, reports / CURVES)
    shown = lineage.carried(results[results["budget"].isin(budgets or BUDGETS)])
    yield f"{reports / RESULTS}: {len(results)} rows"
    board = Board(papers, shown, averages, lineage)
    drawn: dict[str, list[Path]] = {}
    for folder in papers:
        written = list(pages.write_paper(board, folder, reports))
        drawn[folder.name] = [path for path in written if path.suffix in (".png", ".svg")]
        yield from map(str, written)
    yield from map(str, comparison.write(board, reports))
    yield from map(str, page.write(board, drawn, reports))


def _require_unaltered(kept: tables.Kept, reports: Path) -> None:
    if kept.altered:
        many = len({(each.trial, each.member) for each in kept.altered})
        why = f"{many} rows are not as they were measured; nothing was written"
        raise Refused(f"{reports / RESULTS}: {why}; {cure(reports)}")


def _set_aside(removed: pd.DataFrame, where: Path) -> None:
    """Keep the rows of results that were removed; what came back stands in the tables again."""
    if len(removed):
        tables.store(removed, where / RESULTS)
    elif where.exists():
        for name in (RESULTS, tables.MEASURED):
            (where / name).unlink(missing_ok=True)
        where.rmdir()


def supersede_older(
    papers: Sequence[Folder], names: Sequence[str], runs: Path, reports: Path
) -> Iterator[str]:
    """Let the newest generation of experiments stand, although older ones have more replicates.

    `names` are "paper:experiment"; at every budget the generations before the newest give way.

    Raises:
        Refused: no such paper or experiment.
    """
    known = {
        f"{folder.name}:{e.name}": (folder, e)
        for folder in papers
        for e in folder.paper.experiments
    }
    for name in names:
        require(name, known, "experiment of --supersede")
    results = read_results(runs, reports)[0] if names else tables.typed([])
    for name in names:
        folder, experiment = known[name]
        for budget in BUDGETS:
            rows = generations.declared(results, folder, budget)
            own = rows[rows["experiment"] == experiment.name]
            older = generations.before_newest(own, folder.code(experiment).code)
            lines = [Superseded(folder.name, experiment.name, budget, *key) for key in older]
            supersede(reports, lines)
            if lines:
                yield f"{name}, {budget}: {len(lines)} older generations give way"


def _averages(
    papers: Sequence[Folder],
    lineage: Lineage,
    local: Sequence[Result],
    tables_of: tuple[pd.DataFrame, pd.DataFrame],
    known: pd.DataFrame,
    path: Path,
) -> pd.DataFrame:
    """Write averaged curves, and return them as they are read: figures need no journals.

    `tables_of` are all results that were known with `known`, and those of today.
    """
    whole = dataclasses.replace(lineage, removed=())  # what was removed since is in `known`
    before = curves.current(whole.carried(tables_of[0]), papers)
    after = curves.current(lineage.carried(tables_of[1]), papers)
    averages = curves.averaged(local, known, before, after)
    text = averages.to_csv(index=False, float_format="%.6g", lineterminator="\n")
    replace({path: text})
    return tables.averages(path)
