"""Made-up measurements, and what is judged of them."""

from __future__ import annotations

from dataclasses import dataclass

import pandas as pd

from harness.judge.rules import judge
from harness.paper import Claim, Experiment, Paper, Published, Task

TASK = Task("toy", "none", "v1", "acc")
TIGHT = (0.50, 0.51, 0.49, 0.505, 0.495)
ALL = ("smoke", "nightly", "paper")


@dataclass(frozen=True)
class Nothing:
    """A config without fields."""


def experiment(name, trials, **fields):
    return Experiment(name, TASK, Nothing(), "m:f", seeds=dict.fromkeys(ALL, trials), **fields)


def paper(*checks, trials=1, fixed=(), alone=(), published=None, **fields):
    """A paper of these checks; `trials`: how many of an experiment, or of each by its name."""
    names = sorted({name for check in checks for name in check.experiments})
    counts = trials if isinstance(trials, dict) else dict.fromkeys(names, trials)
    return Paper(
        title="toy",
        authors="nobody",
        year=2020,
        url="",
        experiments=[
            experiment(
                name,
                1 if name in fixed else counts.get(name, 1),
                deterministic=name in fixed,
                independent=name in alone,
            )
            for name in names
        ],
        claims=[
            Claim(
                f"c{i}",
                "",
                "",
                published or Published(""),
                check,
                budgets=ALL,
                **{"measure": "it", **fields},
            )
            for i, check in enumerate(checks)
        ],
    )


def rows(name, values, metric="acc", **changes):
    n = len(values)
    columns = {
        "experiment": name,
        "seed": range(n),
        "member": 0,
        "status": "completed",
        "stopped_by": "length",
        "data_hash": "d0",
        "steps": 100,
        "seconds": 1.0,
        "flops": 1e6,
        metric: list(values),
    }
    return pd.DataFrame(columns | changes)


def frame(metric="acc", **values):
    return pd.concat([rows(name, v, metric) for name, v in values.items()], ignore_index=True)


def declared_in(measured):
    """As many trials as were measured, by experiment."""
    return {} if measured.empty else measured.groupby("experiment")["seed"].nunique().to_dict()


def every(checks, measured, budget="paper", **fields):
    """The verdicts of several claims of one paper, whose trials are all there."""
    return judge(paper(*checks, trials=declared_in(measured), **fields), measured, budget)


def one(check, measured, budget="paper", **fields):
    """The verdict of one claim, whose trials are all there unless `trials` says otherwise."""
    fields.setdefault("trials", declared_in(measured))
    (verdict,) = judge(paper(check, **fields), measured, budget)
    return verdict


def word(check, measured, **options):
    return one(check, measured, **options).verdict
