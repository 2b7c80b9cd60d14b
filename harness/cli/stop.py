"""`stop`: ask trials to save and leave, wait until they have, say how each ended."""

from __future__ import annotations

import os
import time
from collections.abc import Sequence
from pathlib import Path

from rich.console import Console

from harness.cli.screen import LINE
from harness.cli.status import Selection
from harness.paper import Refused, nearest
from harness.record import journal
from harness.run import home, state, watch
from harness.run.slurm import launcher as slurm
from harness.run.state import State

POLL = 0.2
BEGUN = (state.COMPLETED, state.RUNNING)
SAVED = "what was stopped is saved: the same `run` goes on from there"


def stop_trials(
    what: Sequence[str],
    everything: bool,
    budgets: Sequence[str] | None,
    patience: float,
    runs: Path,
    console: Console,
) -> int:
    """Ask the trials that are meant to save and leave; print how each ended.

    What a run has not begun yet is asked too, so that it is not begun in that run.

    Returns:
        0 when nothing runs any more of what was meant, 1 when something does after the patience.

    Raises:
        Refused: nothing was named, or what is no paper and no trial; a folder cannot be written.
    """
    if bool(what) == everything:
        raise Refused("stop: name papers or trials, or say --all")
    if not patience >= 0:
        raise Refused(f"--patience {patience:g}: must be at least 0 seconds")
    states = state.survey(runs)
    meant = states if everything else _meant(what, states)
    selection = Selection((), budgets or ())
    unfinished = [each for each in meant if each.word not in BEGUN and selection.has(each)]
    running = [each for each in meant if each.word == state.RUNNING and selection.has(each)]
    queued = _queued(unfinished, runs, console if running else None)
    if not running and not queued:
        console.print(f"nothing of that runs in {runs}/", **LINE)
        return 0
    for each in (*unfinished, *running):  # what waits first, or it would begin meanwhile
        _ask(each)
    for each in running:
        console.print(f"asked {each.name}: {each.holder}", **LINE)
    if unfinished:
        console.print(f"{len(unfinished)} more will not begin in that run", **LINE)
    if queued:
        count = len(slurm.cancel(queued, runs))
        console.print(f"{count} jobs are taken out of SLURM's queue", **LINE)
    return _wait(running, patience, console)


def _queued(waiting: Sequence[State], runs: Path, console: Console | None) -> list[Path]:
    """Return the trials that wait in SLURM's queue.

    Raises:
        Refused: no controller answers; with a console that is said there, and none are returned.
    """
    try:
        jobs = {os.path.realpath(folder) for folder in slurm.jobs(runs)}
    except Refused as refusal:
        if console is None:
            raise
        console.print(f"{refusal}: what waits in its queue stays there", **LINE)
        return []
    return [each.folder for each in waiting if os.path.realpath(each.folder) in jobs]


def _meant(what: Sequence[str], states: Sequence[State]) -> list[State]:
    """Return the trials that are named, by their id or as those of a paper."""
    known = {each.trial for each in states}
    ids = {word for word in what if word in known}
    paths = [word for word in what if word not in known]
    for path in paths:
        if not Path(path).is_dir():
            raise Refused(f"stop {path}: no trial, no paper's folder; {nearest(path, known)}")
    papers = Selection.of(paths, None).papers
    return [each for each in states if each.trial in ids or each.spec.get("paper") in papers]


def _ask(each: State) -> None:
    try:
        home.ask_stop(each.folder)
    except OSError as error:
        raise Refused(f"{each.folder}: cannot be written ({error.strerror})") from error


def _wait(running: Sequence[State], patience: float, console: Console) -> int:
    """Print how each trial ended as soon as it has; return 1 when one has not in the patience."""
    waiting, deadline = list(running), time.monotonic() + patience
    while waiting:
        for each in [each for each in waiting if home.held(each.folder) == home.NOBODY]:
            waiting.remove(each)
            console.print(_ended(each), highlight=False, soft_wrap=True)
        if waiting and time.monotonic() > deadline:
            for each in waiting:
                console.print(f"runs still: {each.name}: {each.holder}", **LINE)
            console.print(f"they save at their next turn; {patience:g} s were not enough", **LINE)
            return 1
        time.sleep(POLL if waiting else 0)
    console.print(SAVED, **LINE)
    return 0


def _ended(each: State) -> str:
    if not (each.folder / journal.NAME).exists():
        return f"[yellow]stopped[/] {each.name}: before it began"
    try:
        return watch.ended(journal.read(each.folder))
    except journal.Damaged as damage:
        raise Refused(str(damage)) from damage
