"""What became of the trials below a folder, told without disturbing those that run.

Ten thousand trials are told in seconds: a journal whose checksums agree is not read line by line,
its first words stand in spec.json and its last line says how the trial ended. Any other journal is
read as a whole, which says what is wrong with it.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from harness.paper import Refused
from harness.plan.specs import SPEC
from harness.record import journal
from harness.record.ending import last_entry
from harness.run import home
from harness.run.home import HEARTBEAT, LOCK, NOBODY

COMPLETED, RUNNING, WAITS, STOPPED, KILLED = "completed", "running", "waits", "stopped", "killed"
CUT, FAILED, DAMAGED = "cut", "failed", "damaged"
WORDS = (COMPLETED, RUNNING, WAITS, STOPPED, KILLED, CUT, FAILED, DAMAGED)
TOLD = ("paper", "experiment", "budget", "seed", "trial", "overrides")  # of a spec
ENOUGH = 0.02  # of a trial: before that nobody can say how long the rest takes


@dataclass(frozen=True)
class State:
    """One trial as its folder tells it now.

    `why` is the reason of what failed, was cut or is damaged; `holder` names who runs it; `seen`
    and `since` are when it last showed a sign of life and when this attempt began.
    """

    folder: Path
    word: str
    spec: Mapping[str, Any] = field(default_factory=dict)
    why: str = ""
    holder: str = NOBODY
    beat: Mapping[str, Any] = field(default_factory=dict)
    seen: float = 0.0
    since: float = 0.0

    @property
    def trial(self) -> str:
        """The identity of the trial."""
        return str(self.spec.get("trial") or self.folder.name.rpartition("-")[2])

    @property
    def name(self) -> str:
        """What the trial is, for people; where nothing says it, the folder."""
        if not self.spec:
            return str(self.folder)
        spec = self.spec
        changed = f", {spec['overrides']}" if spec.get("overrides") else ""
        what = f"{spec['paper']}: {spec['experiment']} seed {spec['seed']}"
        return f"{what}, {spec['budget']}{changed} ({self.trial})"

    @property
    def share(self) -> float | None:
        """How much of the trial's SGD steps is done, as a fraction; None where nobody knows."""
        charged = self.spec.get("charged") or 0
        return min(1.0, self.beat["steps"] / charged) if self.beat and charged else None

    @property
    def left(self) -> float | None:
        """About how many device seconds the trial still needs; None where nobody knows."""
        spent, cap = float(self.beat.get("seconds", 0.0)), self.spec.get("seconds_cap")
        if self.share is not None and self.share >= ENOUGH:
            rest = spent * (1 - self.share) / self.share
        elif self.spec.get("expected"):
            rest = max(0.0, self.spec["expected"] - spent)
        else:
            return None
        return rest if cap is None else min(rest, max(0.0, cap - spent))


def survey(runs: Path) -> list[State]:
    """Return the state of every trial below `runs`, by paper, experiment, budget and seed.

    Replays and nights make no results: of them only what runs is told.

    Raises:
        Refused: `runs` is no folder, or cannot be read.
    """
    states = [
        each
        for each in map(state, folders(runs))
        if each.word == RUNNING or each.folder.relative_to(runs).parts[0] not in home.NO_RESULTS
    ]
    return sorted(states, key=lambda each: (_place(each), each.folder))


def _place(state: State) -> tuple[str, str, str, int]:
    spec = state.spec
    texts = [str(spec.get(name, "")) for name in ("paper", "experiment", "budget")]
    return texts[0], texts[1], texts[2], int(spec.get("seed", 0))


def folders(runs: Path) -> Iterator[Path]:
    """Yield the folders of trials below `runs`, begun or not, less the copies of MLflow.

    Raises:
        Refused: see `survey`.
    """
    home.require_folder(runs)
    if not runs.exists():
        return

    def refuse(error: OSError) -> None:
        raise Refused(f"--runs {runs}: cannot be read ({error.strerror}: {error.filename})")

    for path, inside, files in os.walk(runs, onerror=refuse):
        if SPEC in files or journal.NAME in files:
            inside.clear()  # what a trial made is its own affair
            yield Path(path)
        elif journal.COPIES in inside:
            inside.remove(journal.COPIES)


def state(folder: Path) -> State:
    """Return what a trial's folder tells of it now."""
    spec: dict[str, Any] = {}
    try:
        spec = _spec(folder)
        word, why = _ended(folder)
    except (OSError, ValueError) as error:  # what is damaged is a ValueError too
        word, why = DAMAGED, str(error)
    if word == COMPLETED:
        return State(folder, word, spec)
    holder = home.held(folder)
    if holder == NOBODY or word == DAMAGED:
        return State(folder, KILLED if word == RUNNING else word, spec, why, holder)
    times = {name: _changed(folder / name) for name in (LOCK, HEARTBEAT, journal.NAME)}
    fresh = times[HEARTBEAT] >= times[LOCK]  # else it is that of an attempt before this one
    beat = (home.beat_of(folder) if fresh else None) or {}
    return State(folder, RUNNING, spec, "", holder, beat, max(times.values()), times[LOCK])


def _ended(folder: Path) -> tuple[str, str]:
    """Return how the journal ends, and why.

    Raises:
        Damaged: a line is not the one that was written, or is missing.
    """
    if not journal.begun(folder):
        return WAITS, ""
    last = last_entry(folder / journal.NAME)
    if last is None:
        result = journal.read(folder)
        return (result.status if result.attempts else WAITS), result.error
    if last["kind"] != "end":
        return RUNNING, ""
    return last["status"], last["error"]


def _spec(folder: Path) -> dict[str, Any]:
    """Return what the trial is; where spec.json does not say it, its journal does."""
    try:
        spec: dict[str, Any] = json.loads((folder / SPEC).read_text(encoding="utf-8"))
        return {**spec, **{name: spec[name] for name in TOLD}, "seed": int(spec["seed"])}
    except (OSError, ValueError, KeyError, TypeError) as error:
        if (folder / journal.NAME).exists():
            return journal.read(folder).spec
        raise ValueError(f"{folder / SPEC}: cannot be read ({error})") from error


def _changed(path: Path) -> float:
    return path.stat().st_mtime if path.exists() else 0.0
