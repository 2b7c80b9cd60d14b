"""Everything that is declared, as plain JSON values: what `list --json` prints."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

from harness.budget import STANDARD
from harness.paper import Claim, Experiment
from harness.plan.discover import Folder


def describe(papers: Sequence[Folder]) -> dict[str, Any]:
    """Return papers, experiments, tasks, claims, datasets and budgets."""
    tasks = {e.task.name: e.task for folder in papers for e in folder.paper.experiments}
    return {
        "papers": [_paper(folder) for folder in papers],
        "tasks": [asdict(task) for task in tasks.values()],
        "datasets": sorted({task.dataset for task in tasks.values()}),
        "budgets": [asdict(budget) for budget in STANDARD.values()],
    }


def _paper(folder: Folder) -> dict[str, Any]:
    paper = folder.paper
    return {
        "name": folder.name,
        "title": paper.title,
        "authors": paper.authors,
        "year": paper.year,
        "url": paper.url,
        "experiments": [_experiment(experiment) for experiment in paper.experiments],
        "claims": [_claim(claim) for claim in paper.claims],
        "deviations": list(paper.deviations),
    }


def _experiment(experiment: Experiment) -> dict[str, Any]:
    return {
        "name": experiment.name,
        "task": experiment.task.name,
        "dataset": experiment.task.dataset,
        "run": experiment.run,
        "config": asdict(experiment.config),
        "reduced": {budget: dict(changes) for budget, changes in experiment.reduced.items()},
        "expected_seconds": dict(experiment.expected),
        "skipped": list(experiment.skipped),
        "deterministic": experiment.deterministic,
        "replicates": experiment.replicates,
        "independent": experiment.independent,
    }


def _claim(claim: Claim) -> dict[str, Any]:
    check = asdict(claim.check)
    return {
        "id": claim.id,
        "statement": claim.statement,
        "source": claim.source,
        "published": asdict(claim.published),
        "check": {"kind": type(claim.check).__name__, **check},
        "budgets": list(claim.budgets),
        "unit": claim.unit,
        "measure": claim.measure,
        "kind": claim.kind,
        "margin_from": claim.margin_from,
        "subject": claim.subject,
        "looks": list(claim.looks),
        "expected": claim.expected,
        "doubted": claim.doubted,
        "refuted": list(claim.refuted),
        "blocked": claim.blocked,
        "note": claim.note,
    }
