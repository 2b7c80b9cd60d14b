"""The tables of `list`: a line a paper; of one paper its experiments, claims and config fields."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict
from typing import Any

from harness.paper import Claim, Experiment
from harness.plan import sources
from harness.plan.discover import Folder
from harness.show.table import Table
from harness.words import duration

TIMED = ("smoke", "nightly", "paper")
VALUES, LONGEST = 3, 40  # of a field, where experiments differ in it; signs of each


def papers(found: Sequence[Folder]) -> Table:
    """Return a line for each paper: how much it declares, and what all of it takes on one core."""
    columns = ("paper", "year", "experiments", "claims", "smoke", "title")
    table = Table("", columns, right=columns[1:-1], clipped=("title",))
    for folder in found:
        paper = folder.paper
        whole = sum(e.trials("smoke") * e.expected.get("smoke", 0.0) for e in ran(paper, "smoke"))
        counts = (str(len(paper.experiments)), str(len(paper.claims)))
        cost = duration(whole) if whole else "< 1 s"
        table.add(f"papers/{folder.name}", str(paper.year), *counts, cost, paper.title)
    return table


def ran(paper: Any, budget: str) -> Iterator[Experiment]:
    """Yield the experiments that a paper runs at a budget."""
    return (e for e in paper.experiments if budget not in e.skipped)


def paper(folder: Folder) -> Iterator[Table]:
    """Yield what a paper declares: experiments, claims, and the fields that `--set` changes."""
    own = folder.paper
    table = Table(
        f"papers/{folder.name}: {own.title} ({own.authors}, {own.year}), {own.url}\n",
        ("experiment", *TIMED, "data"),
        prose=("data",),
        right=TIMED,
        caption="the expected time of one trial on one core, at each budget\n",
    )
    for experiment in own.experiments:
        table.add(experiment.name, *_times(experiment), experiment.task.dataset)
    yield table
    claims = Table(
        "", ("claim", "kind", "what it says, and where"), prose=("what it says, and where",)
    )
    for claim in own.claims:
        claims.add(claim.id, claim.kind, _said(claim))
    if own.claims:
        yield claims
    yield from fields(own.experiments)


def _times(experiment: Experiment) -> Iterator[str]:
    for budget in TIMED:
        known = experiment.expected.get(budget)
        took = duration(known) if known else "< 1 s"
        yield "-" if budget in experiment.skipped else took


def _said(claim: Claim) -> str:
    blocked = "; blocked" if claim.blocked else ""
    return f"{claim.statement} ({claim.source}; judged at {', '.join(claim.budgets)}{blocked})"


def fields(experiments: Sequence[Experiment]) -> Iterator[Table]:
    """Yield a table for each class of configs: its fields, their values and their sources."""
    kinds: dict[type, list[Experiment]] = {}
    for experiment in experiments:
        kinds.setdefault(type(experiment.config), []).append(experiment)
    for kind, own in kinds.items():
        names = ", ".join(experiment.name for experiment in own)
        columns = ("field", "value", "source")
        table = Table(f"\nfields of {names}", columns, prose=columns[1:])
        table.caption = sources.legend(kind)
        noted = sources.noted(kind)
        configs = [asdict(experiment.config) for experiment in own]
        for name in configs[0]:
            table.add(name, _values(configs, name), noted.get(name, ""))
        yield table


def _values(configs: Sequence[Mapping[str, Any]], name: str) -> str:
    """Return a field's value as `--set` takes it; several where experiments differ."""
    found = list(dict.fromkeys(_short(written(config[name])) for config in configs))
    more = f" and {len(found) - VALUES} more" if len(found) > VALUES else ""
    return " or ".join(found[:VALUES]) + more


def _short(text: str) -> str:
    return text if len(text) <= LONGEST else f"{text[: LONGEST - 1]}…"


def written(value: Any) -> str:
    """Return a value as `--set` takes it: a tuple with commas, a truth value in small letters."""
    if isinstance(value, tuple | list):
        return ",".join(map(written, value))
    return str(value).lower() if isinstance(value, bool | None) else str(value)
