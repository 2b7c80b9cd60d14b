"""What the terminal shows: the live progress of trials, and the tables of list and plan."""

from __future__ import annotations

import json
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.progress import BarColumn, Progress, TaskID, TextColumn, TimeElapsedColumn
from rich.table import Table

from harness.discover import Folder
from harness.plan import Spec
from harness.record.journal import NAME
from harness.runner import HEARTBEAT

PREFERRED = ("test", "val")  # a bar has room for few metrics: these first


class Bars:
    """One bar per running trial and one for them all, fed from the trials' heartbeat files."""

    def __init__(self, console: Console, trials: Mapping[Path, Spec]) -> None:
        self.trials = trials
        self.progress = Progress(
            TextColumn("{task.description}", justify="left"),
            BarColumn(bar_width=24),
            TextColumn("{task.fields[state]}"),
            TimeElapsedColumn(),
            console=console,
            transient=True,
            refresh_per_second=4,
        )
        self.console = console
        self._bars: dict[Path, TaskID] = {}
        self._done: set[Path] = set()
        whole = sum(self._weight(spec) for spec in trials.values())
        self._all = self.progress.add_task("all trials", total=whole, state="")
        self._begun = time.monotonic()

    def refresh(self) -> None:
        """Read the heartbeats again and move the bars."""
        spent = 0.0
        for folder, spec in self.trials.items():
            if folder in self._done:
                spent += self._weight(spec)
                continue
            beat = _beat(folder)
            if beat is not None:
                spent += self._weight(spec) * self._show(folder, spec, beat)
            elif (folder / NAME).exists():
                self._bar(folder, spec, f"no steps to count, about {clock(spec.expected)} in all")
        done = f"{len(self._done)}/{len(self.trials)} trials{self._left(spent)}"
        self.progress.update(self._all, completed=spent, state=done)

    def finish(self, folder: Path, line: str) -> None:
        """Take a trial's bar away and print how it ended."""
        self._done.add(folder)
        if folder in self._bars:
            self.progress.remove_task(self._bars.pop(folder))
        self.progress.console.print(line, highlight=False)

    def _show(self, folder: Path, spec: Spec, beat: Mapping[str, Any]) -> float:
        """Draw one trial's bar; return how much of the trial is done, as a fraction."""
        share = beat["turn"] / max(1, beat["horizon"])
        self._bar(folder, spec, state(spec, beat), share)
        return float(share)

    def _bar(self, folder: Path, spec: Spec, text: str, share: float = 0.0) -> None:
        if folder not in self._bars:
            name = f"{spec.experiment} seed {spec.seed}"
            self._bars[folder] = self.progress.add_task(name, total=1.0, state="")
        self.progress.update(self._bars[folder], completed=share, state=text)

    def _left(self, spent: float) -> str:
        whole = self.progress.tasks[0].total or 0.0
        if spent < 0.02 * whole:
            return ""
        elapsed = time.monotonic() - self._begun
        return f", about {clock(elapsed / spent * (whole - spent))} left"

    @staticmethod
    def _weight(spec: Spec) -> float:
        return max(spec.expected, 0.5)


def state(spec: Spec, beat: Mapping[str, Any]) -> str:
    """Return phase, steps, device time spent and cap, and the latest metrics, on one line."""
    cap = "" if spec.seconds_cap is None else f"/{clock(spec.seconds_cap)}"
    metrics = sorted(beat["metrics"].items(), key=lambda item: not item[0].startswith(PREFERRED))
    latest = "  ".join(f"{name} {value:.3f}" for name, value in metrics[:2])
    steps = f"{int(beat['steps']):,} steps"
    return f"{beat['phase']}  {steps}  {clock(beat['seconds'])}{cap}  {latest}"


def clock(seconds: float) -> str:
    """Return a duration the way people say it: 9 s, 2:05 min, 1:30 h."""
    if seconds < 90:
        return f"{seconds:.0f} s"
    if seconds < 5400:
        return f"{int(seconds) // 60}:{int(seconds) % 60:02d} min"
    return f"{int(seconds) // 3600}:{int(seconds) % 3600 // 60:02d} h"


def listing(papers: Sequence[Folder]) -> list[Table]:
    """Return one table per paper: experiments with task, claims and expected time."""
    return [_listing(found) for found in papers]


def _listing(found: Folder) -> Table:
    paper = found.paper
    title = f"papers/{found.name}: {paper.title} ({paper.authors}, {paper.year})"
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
    return clock(expected[budget]) if budget in expected else "< 1 s"


def plan_table(specs: Sequence[Spec]) -> Table:
    """Return what would run: trials, steps, expected time on one core, cap, data."""
    table = Table(title="plan: nothing is run", title_justify="left")
    for column in ("experiment", "seed", "SGD steps", "expected", "cap", "data", "trial"):
        table.add_column(column, overflow="fold")
    for spec in specs:
        cap = "none" if spec.seconds_cap is None else clock(spec.seconds_cap)
        cap = cap if spec.steps_cap is None else f"{spec.steps_cap:,} steps"
        expected = clock(spec.expected) if spec.expected else "< 1 s"
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
    table.caption = f"{len(specs)} trials, {steps:,} SGD steps, {clock(whole)} on one core"
    return table


def _beat(folder: Path) -> dict[str, Any] | None:
    try:
        beat: dict[str, Any] = json.loads((folder / HEARTBEAT).read_text())
    except (FileNotFoundError, json.JSONDecodeError):
        return None
    return beat
