"""What the watching process looks at: the journals of the trials that run, and of no others.

Trials begin in about the order in which they are given. A look therefore goes to those that run,
to the first of those that wait, and to some of the others in turn: what it costs grows neither
with the trials that wait nor with those that have ended.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path

from rich.markup import escape

from harness.record import journal
from harness.record.journal import Result
from harness.run import cluster
from harness.run.log import Log
from harness.run.progress import Bars
from harness.run.runner import UNSAVED
from harness.words import duration

AHEAD = 64  # trials that wait: so many of the first, and so many others, are looked at each time
TAIL = 4096  # bytes that hold the kind of a journal's last line
END = b'"kind": "end"'


class Ends:
    """Trials whose end has not been shown yet, and what the others ended with.

    Of these the rows are there that a table of results needs. `sizes` are those of the journals of
    the trials not yet shown: before this run, then at the last look. Where trials go on `again` by
    themselves, one that stopped has not ended: its job is on the way back into the queue.
    """

    def __init__(self, sizes: Mapping[Path, int], again: bool = False) -> None:
        self.sizes, self.again = dict(sizes), again
        self.running: dict[Path, None] = {}
        self.unsaved: list[str] = []  # trials that stopped without a checkpoint
        self._told: dict[Path, tuple[int, Result]] = {}
        self._waiting = list(sizes)
        self._turn = 0

    def show(self, bars: Bars | Log, everyone: bool = False) -> None:
        """Print the trials that ended since the last look, and move the bars.

        With `everyone` no trial is left out that has begun.
        """
        self._begin(everyone)
        for folder in list(self.running):
            result = self._ended(folder)
            if result is not None:
                del self.running[folder]
                self._told[folder] = self.sizes.pop(folder), result
                bars.finish(folder, ended(result))
                if UNSAVED in result.error:
                    self.unsaved.append(named(result))
        bars.refresh(self.running)

    def result(self, folder: Path) -> Result | None:
        """Return what a trial ended with, unless its journal has grown since: it began again."""
        size, result = self._told.get(folder, (0, None))
        return result if size == journal_size(folder) else None

    def _begin(self, everyone: bool) -> None:
        """Find those that have begun among the first that wait, and among some others in turn."""
        count = len(self._waiting)
        some = count if everyone else AHEAD
        self._turn = self._turn + some if self._turn + some < count else 0
        starts = (0, self._turn)
        places = {place for start in starts for place in range(start, min(start + some, count))}
        for place in sorted(places, reverse=True):
            folder = self._waiting[place]
            if journal_size(folder) > self.sizes[folder]:
                self.running[self._waiting.pop(place)] = None

    def _ended(self, folder: Path) -> Result | None:
        """Return what a trial that runs ended with, where its journal has grown by its end."""
        size = journal_size(folder)
        if size == self.sizes[folder]:
            return None
        self.sizes[folder] = size
        if END not in _last_line(folder / journal.NAME):
            return None
        try:
            result = journal.read(folder).shortened()
        except journal.Damaged:  # it is told when all have ended
            return None
        return None if self.again and result.status == "stopped" else result


def journal_size(folder: Path) -> int:
    """Return how long a trial's journal is, in bytes; 0 where there is none."""
    try:
        return (folder / journal.NAME).stat().st_size
    except FileNotFoundError:
        return 0


def _last_line(path: Path) -> bytes:
    """Return the end of a journal, at most its last line."""
    with path.open("rb") as handle:
        handle.seek(max(0, os.fstat(handle.fileno()).st_size - TAIL))
        return handle.read().rstrip(b"\n").rpartition(b"\n")[2]


def ended(result: Result) -> str:
    """Return the line that says how a trial ended."""
    marks = {"completed": "[green]done[/]"}
    marks |= {status: f"[yellow]{status}[/]" for status in ("stopped", "cut")}
    mark = marks.get(result.status, "[red]failed[/]")
    cost = f"{int(result.total('steps')):,} steps, {duration(result.total('seconds'))}"
    why = f"; {escape(result.error)}" if result.error else ""
    log = cluster.log_of(result.folder) if result.status == "failed" else ""
    where = f"; log: {escape(log)}" if log and log not in result.error else ""
    return f"{mark} {named(result)}: {cost}{why}{where}"


def named(result: Result) -> str:
    """Return what a trial is, for a line about it."""
    changed = f", {result.spec['overrides']}" if result.spec.get("overrides") else ""
    return f"{result.spec['experiment']} seed {result.spec['seed']}{changed}"
