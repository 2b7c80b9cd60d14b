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


def paper(*checks, fixed=()):
    names = sorted({name for check in checks for name in check.experiments})
    return Paper(
        title="toy",
        authors="nobody",
        year=2020,
        url="",
        experiments=[
            Experiment(name, TASK, Nothing(), "m:f", deterministic=name in fixed) for name in names
        ],
        claims=[
            Claim(f"c{i}", "", "", Published(""), check, budgets=ALL)
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


def one(check, measured, budget="paper", fixed=(), earlier=None):
    (verdict,) = judge(paper(check, fixed=fixed), measured, budget, earlier=earlier)
    return verdict


def word(check, measured, **options):
    return one(check, measured, **options).verdict
