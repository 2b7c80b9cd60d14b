"""The table of `run --plan`: what would run."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import groupby

from harness.plan.specs import Spec
from harness.show.table import Table
from harness.words import duration

NUMBERS = ("seed", "SGD steps", "expected")
LINES = 200  # of a plan: beyond so many trials, one an experiment


def plan_table(specs: Sequence[Spec]) -> Table:
    """Return what would run: trials, steps, expected time on one core, cap, data.

    Where there are very many trials, a line is an experiment's. What they have in common stands
    below the table: there is no column of caps where nothing is capped.
    """
    many = len(specs) > LINES
    trials = [_group(spec) for spec in specs] if many else range(len(specs))
    pairs = zip(trials, specs, strict=True)
    groups = [[spec for _, spec in some] for _, some in groupby(pairs, lambda pair: pair[0])]
    papers = {spec.paper for spec in specs}
    lines = [_planned(some, titled=len(papers) > 1) for some in groups]
    shown = [name for name in lines[0] if any(line[name] for line in lines)]
    table = Table("plan: nothing is run", shown, prose=("changed",), right=NUMBERS)
    for line in lines:
        table.add(*(line[name] for name in shown))
    whole, steps = sum(s.expected for s in specs), sum(s.charged for s in specs)
    data = ", ".join(sorted({spec.data for spec in specs}))
    count = f"{len(specs)} trials" if len(specs) > 1 else "1 trial"
    table.caption = f"{count}, {steps:,} SGD steps, {duration(whole)} on one core; data: {data}"
    return table


def _group(spec: Spec) -> tuple[str, str, str]:
    return spec.paper, spec.experiment, spec.overrides


def _planned(specs: Sequence[Spec], titled: bool) -> dict[str, str]:
    """Return the line of one trial, or of all of an experiment: they differ in their seeds."""
    spec, more = specs[0], len(specs) > 1
    cap = "" if spec.seconds_cap is None else duration(spec.seconds_cap)
    cap = cap if spec.steps_cap is None else f"{spec.steps_cap:,} steps"
    steps, seconds = sum(s.charged for s in specs), sum(s.expected for s in specs)
    return {
        "experiment": f"{spec.paper}: {spec.experiment}" if titled else spec.experiment,
        "seed": f"{spec.seed} to {specs[-1].seed}" if more else str(spec.seed),
        "SGD steps": f"{steps:,}",
        "expected": duration(seconds) if seconds else "< 1 s",
        "cap": cap,
        "changed": spec.overrides,
        "kernels": "" if spec.kernels == "torch" else spec.kernels,
        "trial": f"{len(specs)} trials" if more else spec.trial,
    }
