"""The tables of `list` and `run --plan`: what is declared, and what would run."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from rich.table import Table

from harness.plan.discover import Folder
from harness.plan.specs import Spec
from harness.words import duration


def listing(papers: Sequence[Folder]) -> list[Table]:
    """Return one table per paper: experiments with task, claims and expected time."""
    return [_listing(found) for found in papers]


def _listing(folder: Folder) -> Table:
    paper = folder.paper
    title = f"papers/{folder.name}: {paper.title} ({paper.authors}, {paper.year})"
    table = Table(title=title, title_justify="left")
    for column in ("experiment", "task", "data", "claims", "smoke", "nightly", "paper"):
        table.add_column(column, overflow="fold")
    for experiment in paper.experiments:
        ids = [c.id for c in paper.claims if experiment.name in c.check.experiments]
        times = [
            "-" if budget in experiment.skipped else _expected(experiment.expected, budget)
            for budget in ("smoke", "nightly", "paper")
        ]
        task = experiment.task
        table.add_row(experiment.name, task.name, task.dataset, ", ".join(ids), *times)
    return table


def _expected(expected: Mapping[str, float], budget: str) -> str:
    return duration(expected[budget]) if budget in expected else "< 1 s"


def plan_table(specs: Sequence[Spec]) -> Table:
    """Return what would run: trials, steps, expected time on one core, cap, data."""
    table = Table(title="plan: nothing is run", title_justify="left")
    for column in ("experiment", "seed", "SGD steps", "expected", "cap", "data", "trial"):
        table.add_column(column, overflow="fold")
    for spec in specs:
        cap = "none" if spec.seconds_cap is None else duration(spec.seconds_cap)
        cap = cap if spec.steps_cap is None else f"{spec.steps_cap:,} steps"
        expected = duration(spec.expected) if spec.expected else "< 1 s"
        row = (
            spec.experiment,
            str(spec.seed),
            f"{spec.charged:,}",
            expected,
            cap,
            spec.data,
            spec.trial,
        )
        table.add_row(*row)
    whole, steps = sum(s.expected for s in specs), sum(s.charged for s in specs)
    table.caption = f"{len(specs)} trials, {steps:,} SGD steps, {duration(whole)} on one core"
    return table
