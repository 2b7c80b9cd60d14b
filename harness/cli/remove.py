"""`remove`: a result leaves the tables, and what that changes is said before.

Its journal stays, its rows are kept beside the tables, and the reason stands on the pages: numbers
are not made to disappear.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

import pandas as pd
import typer
from rich.console import Console

from harness.cli.screen import LINE
from harness.judge import generations
from harness.judge.verdict import Verdict
from harness.paper import BUDGETS, Refused, nearest
from harness.plan import discover
from harness.plan.discover import Folder
from harness.record import lineage
from harness.record.lineage import Lineage, Removed
from harness.show.report import local_results, read_results

REPORT = "write tables and pages without them: python -m harness report"


def remove_results(
    trials: Sequence[str], because: str, sure: bool, runs: Path, reports: Path, console: Console
) -> int:
    """Take the results of trials out of all tables; return 1 when the user thinks better of it.

    Raises:
        Refused: no reason, or no such result; nobody can answer and the user was not sure.
    """
    because = " ".join(because.split())
    if not because:
        raise Refused('remove: needs a reason, --because "..."; it stands on the pages')
    known = Lineage.load(reports)
    before, _ = read_results(runs, reports)
    for trial in trials:
        _check_known(trial, before, known)
    rows = before[before["trial"].isin(trials)]
    after = before[~before["trial"].isin(trials)]
    paths = {r.trial: Path(r.spec["folder"]) for r in local_results(runs)[0]}
    for line in (*leaving(rows), *changes(before, after, _papers(rows, paths))):
        console.print(line, **LINE)
    if not set(trials) <= set(paths):
        console.print("averages in curves.csv keep those whose journals are not here", **LINE)
    if not sure and not agreed(console):
        console.print("nothing was removed", **LINE)
        return 1
    names = ("paper", "experiment", "budget", "seed", "trial")
    kept = rows.drop_duplicates("trial")[list(names)].astype(str).to_dict("records")
    fresh = [Removed(**{str(k): v for k, v in row.items()}, because=because) for row in kept]
    _write(reports, [*known.removed, *fresh])
    console.print(f"{len(fresh)} removed, noted in {reports / lineage.REMOVED}; {REPORT}", **LINE)
    return 0


def _check_known(trial: str, results: pd.DataFrame, known: Lineage) -> None:
    for line in known.removed:
        if line.trial == trial:
            raise Refused(f"trial {trial} is removed already: {line.because}")
    if trial not in set(results["trial"]):
        raise Refused(f"no result has the trial id '{trial}'; {nearest(trial, results['trial'])}")


def bring_back(trials: Sequence[str], reports: Path, console: Console) -> int:
    """Take back the removal of trials.

    Raises:
        Refused: one of them is not removed.
    """
    known = {line.trial: line for line in Lineage.load(reports).removed}
    for trial in trials:
        if trial not in known:
            raise Refused(f"trial '{trial}' is not removed; {nearest(trial, known)}")
    _write(reports, [line for trial, line in known.items() if trial not in trials])
    console.print(f"{len(set(trials))} back; {REPORT.replace(' without', ' with')}", **LINE)
    return 0


def agreed(console: Console) -> bool:
    """Ask whether to go on.

    Raises:
        Refused: there is nobody to ask.
    """
    if not console.is_terminal:
        raise Refused("remove: nobody can be asked here; say --yes")
    return typer.confirm("remove?")


def _write(reports: Path, lines: Sequence[Removed]) -> None:
    try:
        lineage.remove(reports, lines)
    except OSError as error:
        raise Refused(f"--reports {reports}: cannot be written ({error.strerror})") from error


# -- what it changes ------------------------------------------------------------------------------


def leaving(rows: pd.DataFrame) -> Iterator[str]:
    """Yield what leaves which table."""
    for keys, group in rows.groupby(["paper", "experiment", "budget", "task"], sort=True):
        paper, experiment, budget, task = map(str, keys)
        seeds = ", ".join(map(str, sorted(set(group["seed"]))))
        yield (
            f"{paper}: {experiment} seed {seeds} at {budget}: {len(group)} rows leave "
            f"results.csv, {paper}.md and the table of task {task}"
        )


def changes(before: pd.DataFrame, after: pd.DataFrame, papers: Sequence[Folder]) -> Iterator[str]:
    """Yield what else follows: claims that say something else, older results that come back."""
    gone = before.loc[before.index.difference(after.index)]
    budgets = [budget for budget in BUDGETS if budget in set(gone["budget"])]
    was, now = (rows[rows["budget"].isin(budgets)] for rows in (before, after))
    for folder in papers:
        for budget in budgets:
            yield from _coming_back(was, now, folder, budget)
        old, new = (_verdicts(rows, folder) for rows in (was, now))
        for (budget, claim), said in old.items():
            says = new.get((budget, claim))
            then = "not judged" if says is None else _said(says)
            if then != _said(said):
                yield f"{folder.name}: {claim} at {budget}: {_said(said)} -> {then}"


def _verdicts(results: pd.DataFrame, folder: Folder) -> dict[tuple[str, str], Verdict]:
    judged = generations.judged(results, folder)
    return {(b, each.claim.id): each for b, verdicts in judged.items() for each in verdicts}


def _said(verdict: Verdict) -> str:
    return f"{verdict.verdict} ({verdict.note if verdict.estimate is None else verdict.measured})"


def _coming_back(
    before: pd.DataFrame, after: pd.DataFrame, folder: Folder, budget: str
) -> Iterator[str]:
    """Yield the experiments whose older results are more than what is left of the newest."""
    was, now = (generations.current(rows, folder, budget) for rows in (before, after))
    for name, rows in now.groupby("experiment", sort=True):
        others = set(rows["trial"]) - set(was["trial"])
        if others:
            yield (
                f"{folder.name}: {name} at {budget}: {len(others)} older results, which are more, "
                f"take their place; report --supersede {folder.name}:{name} lets the newest stand"
            )


def _papers(rows: pd.DataFrame, paths: dict[str, Path]) -> list[Folder]:
    """Return the papers of these rows, and those beside them whose claims read these rows."""
    pairs = zip(rows["trial"].astype(str), rows["paper"].astype(str), strict=True)
    homes = {paths.get(trial, discover.ROOT / paper) for trial, paper in pairs}
    own = {home.resolve(): home for home in homes if (home / "paper.py").exists()}
    beside = {path.resolve() for home in own for path in discover.folders(home.parent)}
    folders = [discover.load(path) for path in sorted({*own, *beside})]
    names = set(rows["paper"])
    return [
        folder
        for folder in folders
        if folder.name in names
        or any(
            home.name in names
            for budget in set(rows["budget"]) & set(BUDGETS)
            for _, home, _ in generations.others(folder, budget)
        )
    ]
