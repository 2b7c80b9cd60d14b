"""Run again exactly what a row of a table came from, and compare number by number."""

from __future__ import annotations

import json
from collections.abc import Hashable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import pandas as pd
from rich.console import Console
from rich.table import Table

from harness import budget
from harness.paper import Refused, nearest
from harness.plan import discover, specs
from harness.plan.specs import Request, Spec
from harness.record import journal, tables
from harness.run import launch, session
from harness.show.report import REPLAYS, gather
from harness.trial import Pace


def replay_trial(trial: str, runs: Path, reports: Path, console: Console) -> int:
    """Replay one trial and print recorded beside replayed; return 0 when all numbers agree.

    Raises:
        Refused: no such trial, or its paper is gone.
    """
    results, _ = gather(runs, reports)
    rows = results[results["trial"] == trial]
    if rows.empty:
        raise Refused(f"no result has the trial id '{trial}'; {nearest(trial, results['trial'])}")
    local = {r.trial: r.spec["folder"] for r in journal.read_all(runs)[0]}
    spec = respecify(rows.iloc[0].to_dict(), local.get(trial))
    if spec.code != rows.iloc[0]["code"]:
        commit = rows.iloc[0]["commit"]
        console.print(f"the code has changed since; the row was measured at commit {commit}")
    trials = session.prepare([spec], runs / REPLAYS, fresh=True)
    _, host = launch.machine(spec.device, 1)
    where = (session.Place(runs, Pace()), launch.run)
    (result,) = session.conduct(trials, host, where, console)
    table, same = compare(rows, result)
    console.print(table)
    console.print("every number agrees" if same else "numbers differ", highlight=False)
    return 0 if same else 1


def respecify(row: Mapping[Hashable, Any], home: str | Path | None = None) -> Spec:
    """Return the spec of a row of results: its own config, seed and cap, with today's code."""
    found = discover.load(home or discover.ROOT / row["paper"])
    (experiment,) = (e for e in found.paper.experiments if e.name == row["experiment"])
    config = specs.config_of(experiment, json.loads(row["config"]))
    frozen = replace(experiment, config=config, reduced={}, skipped=())
    paper = replace(found.paper, experiments=[frozen], claims=())
    kind = "cpu" if "cores)" in str(row["device"]) else "cuda"
    request = Request((), budget.named(row["budget"]), [int(row["seed"])], (), kind)
    (spec,) = specs.plan(replace(found, paper=paper), request)
    return replace(spec, seconds_cap=None) if row["stopped_by"] == "length" else spec


def compare(recorded: pd.DataFrame, result: journal.Result) -> tuple[Table, bool]:
    """Return a table of every metric, recorded and replayed, and whether all agree."""
    table = Table(title=f"replay of {recorded.iloc[0]['trial']}", title_justify="left")
    for column in ("member", "metric", "recorded", "replayed", "equal"):
        table.add_column(column)
    again = tables.frame([result]).set_index("member")
    metrics = dict.fromkeys([*recorded.columns, *again.columns])
    same = not again.empty and len(again) == len(recorded)
    for _, row in recorded.iterrows():
        for metric in (name for name in metrics if name not in tables.RESERVED):
            old, new = row.get(metric), again.get(metric, {}).get(row["member"])
            if pd.isna(old) and pd.isna(new):
                continue  # a metric of other experiments or members
            equal = bool(old == new)
            same &= equal
            cells = (str(row["member"]), metric, str(old), str(new))
            table.add_row(*cells, "yes" if equal else "[red]no[/]")
    return table, same
