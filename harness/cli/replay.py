"""Run again exactly what a row of a table came from, and compare number by number."""

from __future__ import annotations

import json
from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pandas as pd
from rich.console import Console
from rich.text import Text

from harness import budget
from harness.cli.screen import TABLE
from harness.paper import Refused, nearest, require
from harness.plan import discover, kernels, processor, specs
from harness.plan.processor import NATIVE, resolved
from harness.plan.specs import Request, Spec
from harness.record import journal, lineage, tables
from harness.record.lineage import Lineage
from harness.run import launch, session
from harness.run.home import REPLAYS
from harness.show.report import known_results, local_results, read_results
from harness.show.table import Table

CHANGED = "the code has changed since; the row was measured at commit {}"


def replay_trial(trial: str, runs: Path, reports: Path, isa: str, console: Console) -> int:
    """Replay one trial and print recorded beside replayed.

    Where no instruction set is named it is the row's own.

    Returns:
        0 when all numbers agree, 1 when they differ, the row is not as it was measured or a
        journal is damaged, 2 when the trial could not run.

    Raises:
        Refused: no such trial, its paper is gone, or this machine lacks the instruction set.
    """
    results, _ = read_results(runs, reports)
    known, damaged = local_results(runs)
    _require_kept(trial, reports)
    kept = known_results(reports)
    altered = [each for each in kept.altered if each.trial == trial]
    for line in (*(f"left out: {problem}" for problem in damaged), *map(str, altered)):
        console.print(line, highlight=False, markup=False, soft_wrap=True)
    local = {r.trial: r.spec["folder"] for r in known}
    source = kept.rows if altered and trial not in local else results
    rows = source[source["trial"] == trial].drop_duplicates("member")
    if rows.empty:
        raise Refused(f"no result has the trial id '{trial}'; {nearest(trial, results['trial'])}")
    isa = isa or _own(str(rows.iloc[0]["isa"]), console)
    spec = respecify(rows.iloc[0].to_dict(), isa, local.get(trial))
    group = (spec.paper, spec.experiment, spec.budget)
    if not Lineage.load(reports).same(group, spec.code, rows.iloc[0]["code"]):
        console.print(CHANGED.format(rows.iloc[0]["commit"]))
    host = _machine(spec.device, isa)
    trials = session.prepare([spec], runs / REPLAYS, fresh=True)
    (result,) = session.conduct(trials, host, session.Site(runs), launch.run, console)
    if result.status != "completed":
        console.print(could_not_run(result), highlight=False, markup=False, soft_wrap=True)
        return 2
    found = numbers(rows, result)
    same = all(number.equal for number in found)
    console.print(comparison(trial, found), **TABLE)
    console.print("every number agrees" if same else "numbers differ", highlight=False)
    return 0 if same and not altered and not damaged else 1


def _machine(device: str, isa: str) -> launch.Machine:
    try:
        return launch.machine(device, 1, isa=isa)[1]
    except Refused as refusal:
        raise Refused(f"could not run: {refusal}") from refusal


def _require_kept(trial: str, reports: Path) -> None:
    for line in Lineage.load(reports).removed:
        if line.trial == trial:
            raise Refused(f"trial {trial} was removed: {line.because}; remove --undo {trial}")


def _own(isa: str, console: Console) -> str:
    """Return the name of a row's instruction set here; say it where the row does not."""
    if not isa:
        chosen = processor.offered()[0]
        console.print(f"the row does not say its instruction set; {resolved(chosen)} is tried")
        return chosen
    if barred := elsewhere(isa):
        raise Refused(f"cannot replay here: {barred}")
    return processor.asked(isa)


def elsewhere(isa: str) -> str:
    """Return why a row of an instruction set is not replayed on this machine, if it is not."""
    if not isa or processor.asked(isa):
        return ""
    return f"the row was measured under {isa}, this machine has {resolved(NATIVE)}"


def could_not_run(result: journal.Result) -> str:
    """Return why a replay has no numbers to compare."""
    return f"could not run: {result.error or result.status}"


def respecify(row: Mapping[Hashable, Any], isa: str, home: str | Path | None = None) -> Spec:
    """Return the spec of a row of results: its own config, seed and cap, with today's code.

    `isa` is the name of the instruction set to ask for.

    Raises:
        Refused: today's code has no such paper, experiment or config.
    """
    folder = discover.load(home or discover.ROOT / row["paper"])
    known = {experiment.name: experiment for experiment in folder.paper.experiments}
    experiment = known[require(row["experiment"], known, "experiment")]
    try:
        config = specs.config_of(experiment, json.loads(row["config"]))
    except (ValueError, TypeError) as error:
        raise Refused(f"could not run: its config is not of today's code ({error})") from error
    frozen = replace(experiment, config=config, reduced={}, skipped=())
    kind = "cpu" if "cores)" in str(row["device"]) else "cuda"
    cap, seeds = budget.named(row["budget"]), [int(row["seed"])]
    own = kernels.of(str(row["code"]))
    request = Request((), cap, seeds, (), kind, isa, guarded=False, kernels=own)
    (spec,) = specs.plan(folder.alone(frozen), request)
    return replace(spec, seconds_cap=None) if row["stopped_by"] == "length" else spec


@dataclass(frozen=True)
class Number:
    """One metric of one member, as recorded and as replayed; None where a side lacks it."""

    member: int
    metric: str
    recorded: object
    replayed: object

    @property
    def equal(self) -> bool:
        """Whether both are the same to the last bit."""
        return bool(self.recorded == self.replayed)


def numbers(recorded: pd.DataFrame, result: journal.Result) -> list[Number]:
    """Return every number of a trial's rows beside that of its replay, and the members of both."""
    again = tables.frame([result])
    pairs = recorded.merge(again, "outer", "member", suffixes=("", " again"))
    metrics = [
        name for name in {**recorded, **again} if name not in tables.RESERVED | {lineage.FLAG}
    ]
    found = [Number(0, "members", len(recorded), len(again))]
    for row in pairs.to_dict("records"):
        for metric in metrics:
            one = row.get(metric) if metric in recorded else None
            name = f"{metric} again" if metric in recorded else metric
            other = row.get(name) if metric in again else None
            known = [None if pd.isna(value) else value for value in (one, other)]
            if known != [None, None]:  # else a metric of other experiments or members
                found.append(Number(int(row["member"]), metric, *known))
    return found


def differences(recorded: pd.DataFrame, result: journal.Result) -> list[Number]:
    """Return the numbers that a replay did not give again."""
    return [number for number in numbers(recorded, result) if not number.equal]


def comparison(trial: str, found: Sequence[Number]) -> Table:
    """Return a table of every number, recorded and replayed."""
    columns = ("member", "metric", "recorded", "replayed", "equal")
    table = Table(f"replay of {trial}", columns, right=("member",))
    for number in found:
        values = (str(number.recorded), str(number.replayed))
        said = Text("yes") if number.equal else Text("no", style="red")
        table.add(str(number.member), number.metric, *values, said)
    return table
