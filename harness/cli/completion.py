"""What a shell may complete a word to: papers, experiments, choices, trials, datasets.

A shell asks at every press of a key: nothing heavy is imported.
"""

from __future__ import annotations

import csv
from collections.abc import Callable, Collection, Iterator
from pathlib import Path

import typer

from harness.paper import BUDGETS
from harness.plan import discover, processor

RUNS, REPORTS = Path("runs"), Path("reports")  # where no option says another folder
DEVICES = ("auto", "cpu", "cuda")
TABLES, FORMATS = ("results", "rows", "curves"), ("csv", "json")  # of `export`
RESULTS, REMOVED = "results.csv", "removed.csv"

Completion = Callable[[str], list[str]]
Told = tuple[str, str]  # a trial's id, and what it is: shells with room for it show both


def among(names: Collection[str]) -> Completion:
    """Return what completes a word to one of these."""

    def complete(incomplete: str) -> list[str]:
        return [name for name in names if name.startswith(incomplete)]

    return complete


budgets = among(BUDGETS)
devices = among(DEVICES)
instruction_sets = among(processor.VARIABLES)
tables, formats = among(TABLES), among(FORMATS)


def papers(incomplete: str) -> list[str]:
    """Return the papers that a word may become."""
    return [path for path in map(str, discover.folders()) if path.startswith(incomplete)]


def experiments(context: typer.Context, incomplete: str) -> list[str]:
    """Return the experiments, of the papers that stand on the line already."""
    found = discover.load_each(context.params.get("papers") or ["papers"])
    return among(dict.fromkeys(e.name for each in found for e in each.paper.experiments))(
        incomplete
    )


def launchers(incomplete: str) -> list[str]:
    """Return who may run trials."""
    from harness.run.launch import LAUNCHERS

    return among(LAUNCHERS)(incomplete)


def datasets(incomplete: str) -> list[str]:
    """Return the datasets that anyone can pull or build."""
    from harness.data.registry import DATASETS

    return among(DATASETS)(incomplete)


def measured(context: typer.Context, incomplete: str) -> list[Told]:
    """Return the trials that have a result: of the journals here, and of reports/results.csv."""
    return _once(
        incomplete, _below(_runs(context), incomplete, "completed"), _listed(context, RESULTS)
    )


def removable(context: typer.Context, incomplete: str) -> list[Told]:
    """Return the trials whose results can be removed; behind --undo those that were."""
    if context.params.get("undo"):
        return _once(incomplete, _listed(context, REMOVED))
    return measured(context, incomplete)


def stoppable(context: typer.Context, incomplete: str) -> list[Told]:
    """Return the papers, and the trials below runs/ that run."""
    found = [(path, "") for path in papers(incomplete)]
    return found + _once(incomplete, _below(_runs(context), incomplete, "running"))


def _runs(context: typer.Context) -> Path:
    return Path(context.params.get("runs") or RUNS)


def _once(incomplete: str, *sources: Iterator[Told]) -> list[Told]:
    """Return each trial once, by its id, as the first source tells it."""
    found: dict[str, str] = {}
    for source in sources:
        for trial, what in source:
            if trial.startswith(incomplete):
                found.setdefault(trial, what)
    return sorted(found.items())


def _below(runs: Path, incomplete: str, word: str) -> Iterator[Told]:
    """Yield the trials of a state below a folder; of what makes no result only what runs."""
    from harness.run import state
    from harness.run.home import NO_RESULTS

    for folder in state.folders(runs):
        place, trial = folder.relative_to(runs), folder.name.rpartition("-")[2]
        counts = word == state.RUNNING or place.parts[0] not in NO_RESULTS
        if trial.startswith(incomplete) and counts and state.state(folder).word == word:
            yield trial, str(place.parent)


def _listed(context: typer.Context, name: str) -> Iterator[Told]:
    """Yield the trials of a table below reports/; of none where there is no such file."""
    path = Path(context.params.get("reports") or REPORTS) / name
    if not path.is_file():
        return
    with path.open(encoding="utf-8", newline="") as lines:
        for row in csv.DictReader(lines):
            what = f"{row['paper']}: {row['experiment']} seed {row['seed']}, {row['budget']}"
            yield row["trial"], what
