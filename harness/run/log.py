"""The progress of trials where no terminal is: lines with the time, which stay.

One when a trial begins, one when it ends, and every minute one on all that run: for files and
pipes, SLURM's logs and continuous integration, where bars would be noise.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import AbstractContextManager, nullcontext
from datetime import datetime
from pathlib import Path

from rich.console import Console
from rich.markup import escape

from harness.plan.specs import Spec
from harness.run.home import beat_of
from harness.run.progress import Bars, Work, share, state

EVERY = 60.0  # seconds from one line on what runs to the next
NAMED = 4  # trials that it names


class Log:
    """What `Bars` shows, line by line."""

    def __init__(
        self,
        console: Console,
        trials: Mapping[Path, Spec],
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.console, self.trials = console, trials
        self.progress: AbstractContextManager[object] = nullcontext()
        self._clock, self._told = clock, clock()
        self._work = Work(trials, clock)
        self._begun: set[Path] = set()

    def refresh(self, running: Iterable[Path]) -> None:
        """Say which trials have begun and, every minute, how far those are that run."""
        known = list(running)
        for folder in known:
            self._begin(folder)
        if self._clock() - self._told >= EVERY:
            self._told = self._clock()
            self._say(escape("; ".join(self._lines(known))))

    def finish(self, folder: Path, line: str) -> None:
        """Say how a trial ended."""
        self._begin(folder)  # it may have ended before anybody looked
        self._work.end(folder)
        self._say(line)

    def _begin(self, folder: Path) -> None:
        if folder not in self._begun:
            self._begun.add(folder)
            self._say(f"begins {escape(self.trials[folder].called)}")

    def _lines(self, running: list[Path]) -> Iterator[str]:
        beats = {folder: beat_of(folder) for folder in running}
        done = self._work.done({folder: share(beat) for folder, beat in beats.items()})
        yield f"{self._work.told(done)}, {len(running)} run"
        for folder in running[:NAMED]:
            said = state(self.trials[folder], beats[folder])
            yield f"{self.trials[folder].called}: {' '.join(said.split())}"
        if running[NAMED:]:
            yield f"and {len(running) - NAMED} more"

    def _say(self, text: str) -> None:
        now = datetime.now().astimezone().isoformat(" ", "seconds")
        self.console.print(f"{now} {text}", highlight=False, soft_wrap=True)


def shown(console: Console, trials: Mapping[Path, Spec]) -> Bars | Log:
    """Return what shows the progress of trials: bars that move where a terminal can."""
    moves = console.is_interactive and console.file.isatty()  # a forced colour makes no terminal
    return Bars(console, trials) if moves else Log(console, trials)
