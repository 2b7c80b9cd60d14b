"""The contract that every paper's folder meets, checked by running it for some seconds."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from pathlib import Path

from harness import budget
from harness.paper import Experiment, Refused
from harness.plan import claims, specs
from harness.plan.discover import Folder
from harness.plan.specs import Spec
from harness.record import journal
from harness.record.journal import Result
from harness.run import runner
from harness.trial import CHECKPOINT, Pace

NEVER = 1e9
SLOW = 2.0  # a busy neighbour on the other thread of a core is no fault of a paper


def inspect(folder: Folder) -> Iterator[str]:
    """Yield what is wrong with a paper's runs, one line each; nothing when all is well.

    Names resolve; every experiment runs at budget `check`, yields its task's metric, and gives the
    same rows for the same seed, also when it is interrupted half-way and at its last turn.
    """
    yield from declarations(folder)
    for experiment in folder.paper.experiments:
        with tempfile.TemporaryDirectory() as runs:
            yield from behaviour(folder, experiment, Path(runs))


def declarations(folder: Folder) -> Iterator[str]:
    """Yield what is wrong with the declarations: names, claims, missing documents."""
    for experiment in folder.paper.experiments:
        for names in (folder.function, *((folder.drawing,) if experiment.shows else ())):
            try:
                names(experiment)
            except Refused as refusal:
                yield str(refusal)
    if not (folder.path / "README.md").exists():
        yield f"{folder.name}: has no README.md"
    yield from claims.problems(folder)


def behaviour(folder: Folder, experiment: Experiment, runs: Path) -> Iterator[str]:
    """Yield what is wrong when one experiment runs at budget `check`: whole, then in parts.

    The parts have the length of the whole together, and equal rows prove the seed too.
    """
    where = f"experiment '{experiment.name}' of {folder.name}"
    spec = _spec(folder, experiment)
    whole = _run(spec, runs / "whole", Pace(checkpoint=NEVER))  # its guard looks at heartbeats
    if whole.status != "completed":
        yield f"{where}: {whole.status}: {whole.error}"
        return
    meant = budget.standard("check").experiment_seconds
    if meant is not None and whole.total("seconds") > SLOW * meant:
        took = f"{whole.total('seconds'):.1f} s of device time at budget check"
        yield f"{where}: takes {took}, which is for {meant:g} s; shrink it there"
    for row in whole.finals:
        if experiment.task.metric not in row["values"]:
            yield f"{where}: its last row lacks '{experiment.task.metric}', the task's metric"
    if experiment.shows:
        yield from _shown(folder, experiment, whole, where)
    yield from _in_parts(spec, whole, where, runs)


def _shown(folder: Folder, experiment: Experiment, result: Result, where: str) -> Iterator[str]:
    """Yield what is wrong with the drawing of a finished trial."""
    try:
        text = folder.drawing(experiment)(result.artifacts)
    except Exception as error:  # noqa: BLE001  (told, with its type: any of them is a problem)
        yield f"{where}: shows='{experiment.shows}' raises {type(error).__name__}: {error}"
        return
    if not isinstance(text, str) or not text.strip():
        yield f"{where}: shows='{experiment.shows}' returns no text"


def _in_parts(spec: Spec, whole: Result, where: str, folder: Path) -> Iterator[str]:
    """Yield what is wrong when a trial is stopped half-way, goes on, is stopped at its last turn.

    One that has a single turn is stopped there alone; one without turns runs whole once more.
    """
    turns, done, at = _turns(whole), 0, f"{where}:"
    for stop in (*sorted({turns // 2, turns} - {0}), None):
        left = None if stop is None else stop - done
        part = _run(spec, folder / "parts", Pace(NEVER, NEVER, stop_after=left))
        if part.status not in ("stopped", "completed"):
            yield f"{at} {part.status}: {part.error}"
            return
        yield from (f"{at} {note}" for note in part.notes[:1])
        told = len(part.rows) if part.status == "stopped" else None
        if journal.measured(part) != journal.measured(whole)[:told]:
            yield _why_rows_differ(spec, whole, where, at, folder)
            return
        if stop is None:
            break
        done, at = _turns(part), f"{where}, stopped after turn {stop} of {turns}:"
        if part.status != "stopped":
            yield f"{at} did not stop when asked to"
            return
        if turns > 1 and not (part.folder / CHECKPOINT).exists():  # a single one may have no state
            yield f"{at} nothing was saved; give restore() all that has state"
            return
    if whole.total("steps") != part.total("steps"):
        yield f"{at} a resumed trial is charged other steps than an uninterrupted one"


def _why_rows_differ(spec: Spec, whole: Result, where: str, at: str, folder: Path) -> str:
    """Tell whether the seed or the interruption is to blame; the whole trial runs again."""
    seed = at == f"{where}:"  # nothing was interrupted yet
    if seed or journal.measured(_run(spec, folder / "again")) != journal.measured(whole):
        return f"{where}: the same seed twice gives different rows"
    return f"{at} resumed rows differ from uninterrupted ones; restore() misses some state"


def _turns(result: Result) -> int:
    """Return how many turns with steps a trial has done, in all its phases."""
    return sum(phase["turns"] for phase in result.cost.values() if phase["cost"])


def _spec(folder: Folder, experiment: Experiment) -> Spec:
    request = specs.Request([experiment.name], budget.standard("check"), seeds=[0])
    (spec,) = (s for s in specs.plan(folder, request) if s.experiment == experiment.name)
    return spec


def _run(spec: Spec, runs: Path, pace: Pace | None = None) -> Result:
    home = spec.home(runs)
    spec.write(home)
    outcome = runner.execute(home, pace or Pace(NEVER, NEVER))
    if outcome.unwritten:
        raise Refused(f"{runs}: not written: {outcome.unwritten}; the contract needs room there")
    if runner.asked_to_stop:
        raise KeyboardInterrupt  # it saved, as trials do; a contract has nothing to go on from
    result = journal.read(home) if (home / journal.NAME).exists() else Result(home)
    result.status, result.error = outcome.status, outcome.error
    return result
