"""The tables of `list` and `run --plan`: what is declared, and what would run."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import groupby

from rich.table import Table

from harness.plan.discover import Folder
from harness.plan.specs import Spec
from harness.words import duration

LINES = 200  # of a plan: beyond so many trials, one an experiment


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
    """Return what would run: trials, steps, expected time on one core, cap, data.

    Where there are very many trials, a line is an experiment's.
    """
    table = Table(title="plan: nothing is run", title_justify="left")
    for column in ("experiment", "seed", "SGD steps", "expected", "cap", "data", "trial"):
        table.add_column(column, overflow="fold")
    many = len(specs) > LINES
    trials = [(spec.paper, spec.experiment) for spec in specs] if many else range(len(specs))
    for _, some in groupby(zip(trials, specs, strict=True), lambda pair: pair[0]):
        table.add_row(*_planned([spec for _, spec in some]))
    whole, steps = sum(s.expected for s in specs), sum(s.charged for s in specs)
    table.caption = f"{len(specs)} trials, {steps:,} SGD steps, {duration(whole)} on one core"
    return table


def _planned(specs: Sequence[Spec]) -> tuple[str, ...]:
    """Return the line of one trial, or of all of an experiment: they differ in their seeds."""
    spec, more = specs[0], len(specs) > 1
    cap = "none" if spec.seconds_cap is None else duration(spec.seconds_cap)
    cap = cap if spec.steps_cap is None else f"{spec.steps_cap:,} steps"
    steps, seconds = sum(s.charged for s in specs), sum(s.expected for s in specs)
    return (
        spec.experiment,
        f"{spec.seed} to {specs[-1].seed}" if more else str(spec.seed),
        f"{steps:,}",
        duration(seconds) if seconds else "< 1 s",
        cap,
        spec.data,
        f"{len(specs)} trials" if more else spec.trial,
    )
