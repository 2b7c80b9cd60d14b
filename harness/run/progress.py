"""The live progress of trials: a bar for each that runs and one for all, from their heartbeats."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.progress import BarColumn, Progress, TaskID, TextColumn, TimeElapsedColumn

from harness.plan.specs import Spec
from harness.run.home import beat_of
from harness.words import duration

MOST = 16  # bars at once: a terminal has no room for more, and each costs time
PREFERRED = ("test", "val")  # a bar has room for few metrics: these first


class Work:
    """How much of all trials is done, by the time that each is expected to take."""

    def __init__(
        self, trials: Mapping[Path, Spec], clock: Callable[[], float] = time.monotonic
    ) -> None:
        self.trials = trials
        self.whole = sum(self._weight(spec) for spec in trials.values())
        self._ended, self._done = 0, 0.0
        self._clock, self._begun = clock, clock()

    def end(self, folder: Path) -> None:
        """Count a trial that has ended."""
        self._ended += 1
        self._done += self._weight(self.trials[folder])

    def done(self, shares: Mapping[Path, float]) -> float:
        """Return how much is done, with these fractions of the trials that run."""
        return self._done + sum(
            share * self._weight(self.trials[folder]) for folder, share in shares.items()
        )

    def told(self, done: float) -> str:
        """Return how many trials have ended, and about how long the others take."""
        text = f"{self._ended}/{len(self.trials)} trials"
        if done < 0.02 * self.whole:
            return text
        elapsed = self._clock() - self._begun
        return f"{text}, about {duration(elapsed / done * (self.whole - done))} left"

    @staticmethod
    def _weight(spec: Spec) -> float:
        return max(spec.expected, 0.5)


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
        self._work = Work(trials)
        self._all = self.progress.add_task("all trials", total=self._work.whole, state="")

    def refresh(self, running: Iterable[Path]) -> None:
        """Read the heartbeats of the trials that run, and move the bars."""
        shares = {}
        for folder in running:
            spec, beat = self.trials[folder], beat_of(folder)
            shares[folder] = share(beat)
            self._bar(folder, spec, state(spec, beat), shares[folder])
        done = self._work.done(shares)
        self.progress.update(self._all, completed=done, state=self._work.told(done))

    def finish(self, folder: Path, line: str) -> None:
        """Take a trial's bar away and print how it ended."""
        self._work.end(folder)
        if folder in self._bars:
            self.progress.remove_task(self._bars.pop(folder))
        self.progress.console.print(line, highlight=False)

    def _bar(self, folder: Path, spec: Spec, text: str, share: float) -> None:
        if folder not in self._bars:
            if len(self._bars) == MOST:
                return
            self._bars[folder] = self.progress.add_task(spec.called, total=1.0, state="")
        self.progress.update(self._bars[folder], completed=share, state=text)


def share(beat: Mapping[str, Any] | None) -> float:
    """Return how much of its phase a trial has done, as a fraction."""
    return 0.0 if beat is None else float(beat["turn"] / max(1, beat["horizon"]))


def state(spec: Spec, beat: Mapping[str, Any] | None) -> str:
    """Return phase, steps, device time spent and cap, and the latest metrics, on one line."""
    if beat is None:
        return f"no steps to count, about {duration(spec.expected)} in all"
    cap = "" if spec.seconds_cap is None else f"/{duration(spec.seconds_cap)}"
    metrics = sorted(beat["metrics"].items(), key=lambda item: not item[0].startswith(PREFERRED))
    latest = "  ".join(f"{name} {value:.3f}" for name, value in metrics[:2])
    steps = f"{int(beat['steps']):,} steps"
    return f"{beat['phase']}  {steps}  {duration(beat['seconds'])}{cap}  {latest}"
