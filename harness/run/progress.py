"""The live progress of trials: a bar for each that runs and one for all, from their heartbeats."""

from __future__ import annotations

import json
import time
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.progress import BarColumn, Progress, TaskID, TextColumn, TimeElapsedColumn

from harness.plan.specs import Spec
from harness.run.home import HEARTBEAT
from harness.words import duration

MOST = 16  # bars at once: a terminal has no room for more, and each costs time
PREFERRED = ("test", "val")  # a bar has room for few metrics: these first


class Bars:
    """Bars of trials that run, and one for them all, fed from the trials' heartbeat files."""

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
        self._ended, self._done = 0, 0.0
        self._whole = sum(self._weight(spec) for spec in trials.values())
        self._all = self.progress.add_task("all trials", total=self._whole, state="")
        self._begun = time.monotonic()

    def refresh(self, running: Iterable[Path]) -> None:
        """Read the heartbeats of the trials that run, and move the bars."""
        spent = self._done
        for folder in running:
            spec, beat = self.trials[folder], _beat(folder)
            if beat is not None:
                spent += self._weight(spec) * self._show(folder, spec, beat)
            else:
                self._bar(
                    folder, spec, f"no steps to count, about {duration(spec.expected)} in all"
                )
        done = f"{self._ended}/{len(self.trials)} trials{self._left(spent)}"
        self.progress.update(self._all, completed=spent, state=done)

    def finish(self, folder: Path, line: str) -> None:
        """Take a trial's bar away and print how it ended."""
        self._ended += 1
        self._done += self._weight(self.trials[folder])
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
            if len(self._bars) == MOST:
                return
            name = f"{spec.experiment} seed {spec.seed}"
            self._bars[folder] = self.progress.add_task(name, total=1.0, state="")
        self.progress.update(self._bars[folder], completed=share, state=text)

    def _left(self, spent: float) -> str:
        if spent < 0.02 * self._whole:
            return ""
        elapsed = time.monotonic() - self._begun
        return f", about {duration(elapsed / spent * (self._whole - spent))} left"

    @staticmethod
    def _weight(spec: Spec) -> float:
        return max(spec.expected, 0.5)


def state(spec: Spec, beat: Mapping[str, Any]) -> str:
    """Return phase, steps, device time spent and cap, and the latest metrics, on one line."""
    cap = "" if spec.seconds_cap is None else f"/{duration(spec.seconds_cap)}"
    metrics = sorted(beat["metrics"].items(), key=lambda item: not item[0].startswith(PREFERRED))
    latest = "  ".join(f"{name} {value:.3f}" for name, value in metrics[:2])
    steps = f"{int(beat['steps']):,} steps"
    return f"{beat['phase']}  {steps}  {duration(beat['seconds'])}{cap}  {latest}"


def _beat(folder: Path) -> dict[str, Any] | None:
    try:
        beat: dict[str, Any] = json.loads((folder / HEARTBEAT).read_text())
    except (FileNotFoundError, json.JSONDecodeError):
        return None
    return beat
