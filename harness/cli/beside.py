"""The code that measured a row, run here beside today's: what `confirm --beside` compares.

Two makes of processor that compute under one instruction set still differ in the last digits:
libraries choose other kernels. A row from another machine then comes out of no code here. A
checkout of the code that measured it does say whether today's code moved a number: both run here.
"""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pandas as pd

from harness.paper import Refused
from harness.plan import kernels
from harness.record import journal, tables

LONGEST = 300  # signs of what a failed run said


class NotRun(Exception):
    """The checkout did not measure the trial; the text says why."""


def check(checkout: Path) -> None:
    """Refuse what is no checkout.

    Raises:
        Refused: there is no such folder, or it has no papers.
    """
    if not (checkout / "papers").is_dir():
        raise Refused(
            f"--beside {checkout}: no checkout is there; make one of the commit that measured the "
            "rows: git worktree add FOLDER COMMIT"
        )


def measured(checkout: Path, row: pd.Series, isa: str, runs: Path) -> pd.DataFrame:
    """Return the rows of the trial of a row, measured here by a checkout's code.

    Raises:
        NotRun: it failed, or is measured by other code than the row was.
    """
    told = (f"papers/{row['paper']}", "--experiment", row["experiment"], "--budget", row["budget"])
    where = ["--isa", isa, "--jobs", "1", "--no-tracking", "--runs", str(runs.absolute())]
    own = kernels.of(str(row["code"]))
    if own != kernels.TORCH:
        where += ["--kernels", own]
    done = subprocess.run(
        [sys.executable, "-m", "harness", "run", *told, "--seed", str(int(row["seed"])), *where],
        cwd=checkout,
        env={**os.environ, "PYTHONPATH": str(checkout.absolute())},
        capture_output=True,
        text=True,
        check=False,
    )
    keys = ("paper", "experiment", "budget", "seed")
    found = [
        result
        for result in journal.read_all(runs)[0]
        if result.status == "completed" and all(result.spec[key] == row[key] for key in keys)
    ]
    if not found:
        said = " ".join((done.stderr or done.stdout).split())[-LONGEST:]
        raise NotRun(f"the checkout did not measure it: {said}")
    rows = tables.frame(found)
    same: pd.DataFrame = rows[rows["code"] == row["code"]]
    if same.empty:
        codes = ", ".join(sorted(set(rows["code"])))
        raise NotRun(f"the checkout measures it by code {codes}, the row has {row['code']}")
    return same
