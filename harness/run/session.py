"""One `run` from the list of trials to their results: folders, workers, bars, tracker."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path

from rich.console import Console
from rich.markup import escape

from harness.paper import Refused
from harness.plan.specs import Spec
from harness.record import journal
from harness.record.journal import Result
from harness.record.mlflow_process import Importer
from harness.run import home, launch, stop
from harness.run.progress import Bars
from harness.run.runner import UNSAVED, Outcome
from harness.trial import Pace
from harness.words import duration

FRESH = "--fresh keeps it and starts over"


@dataclass(frozen=True)
class Site:
    """Where results go, how often a trial saves, and who runs the trials."""

    runs: Path
    pace: Pace = field(default_factory=Pace)
    launcher: str = "local"
    tracking: bool = True


def prepare(
    specs: Sequence[Spec], runs: Path, fresh: bool = False, cure: str = FRESH
) -> dict[Path, Spec]:
    """Make the trials' folders, longest trial first; leave finished and unfinished ones as found.

    Raises:
        Refused: the output folder cannot be written, another process runs one of the trials, or a
            journal is damaged; then `cure` is what to do.
    """
    trials = {spec.home(runs): spec for spec in sorted(specs, key=lambda s: -s.expected)}
    try:
        for folder in trials:
            folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise Refused(f"--runs {runs}: cannot be written ({error.strerror})") from error
    for folder, spec in trials.items():
        try:
            with home.locked(folder):
                home.go_on(folder)
                if fresh:
                    home.forget(folder)
                _check_journal(folder, spec, cure)
                spec.write(folder)
        except OSError as error:
            raise Refused(f"{error.filename or folder}: {error.strerror}") from error
    return trials


def _check_journal(folder: Path, spec: Spec, cure: str) -> None:
    """Refuse a journal that is damaged, or that another trial's spec wrote."""
    try:
        if journal.begun(folder):
            told = journal.read(folder).spec.get("trial", spec.trial)
            if told != spec.trial:
                why = f"line 1 begins trial {told}, not {spec.trial}"
                raise journal.Damaged(f"{folder / journal.NAME}: {why}")
    except journal.Damaged as damage:
        raise Refused(f"{damage}; nothing was changed; {cure}") from damage


def conduct(
    trials: dict[Path, Spec],
    host: launch.Machine,
    site: Site,
    start: Callable[..., dict[Path, Outcome]],
    console: Console,
) -> list[Result]:
    """Run the trials that are not complete, with live bars; return every trial's result.

    `start` is what runs them, as `launcher` gives it.

    Raises:
        KeyboardInterrupt: asked to stop; all trials have saved, but those that it names.
    """
    todo = [folder for folder in trials if not home.finished(folder)]
    if len(todo) < len(trials):
        reused = len(trials) - len(todo)
        console.print(f"{reused} of {len(trials)} trials are complete already (--fresh repeats)")
    outcomes: dict[Path, Outcome] = {}
    if todo:
        bars = Bars(console, {folder: trials[folder] for folder in todo})
        ends = Ends({folder: journal_size(folder) for folder in todo})
        importer = Importer(site.runs)

        def watch() -> None:
            ends.show(bars)
            if site.tracking:
                importer.poll()

        try:
            with stop.listening(), bars.progress:
                outcomes = start(todo, host, site.pace, watch)
                watch()
        except KeyboardInterrupt as asked:
            ends.show(bars)
            raise KeyboardInterrupt(*ends.unsaved) from asked
        finally:
            importer.close()
        for folder in ends.sizes:  # what no journal could tell: refused, or the disk was full
            result = _result(folder, outcomes[folder], trials[folder])
            console.print(ended(result), highlight=False)
    for line in _incomplete(outcomes):
        console.print(line, highlight=False, markup=False, soft_wrap=True)
    return [_result(folder, outcomes.get(folder), spec) for folder, spec in trials.items()]


def launcher(name: str) -> Callable[..., dict[Path, Outcome]]:
    """Return what runs trials on this machine, or on a cluster where it is asked for."""
    if name == "slurm":
        from harness.run import slurm

        return slurm.launcher()
    if name == "ray":
        from harness.run import ray

        return ray.launcher()
    return launch.run


@dataclass
class Ends:
    """Trials whose end has not been shown yet, with the size of their journal before this run."""

    sizes: dict[Path, int]
    unsaved: list[str] = field(default_factory=list)  # trials that stopped without a checkpoint

    def show(self, bars: Bars) -> None:
        """Print the trials that ended since the last look, and move the bars."""
        for folder, size in list(self.sizes.items()):
            if journal_size(folder) > size and b'"kind": "end"' in _tail(folder / journal.NAME):
                try:
                    result = journal.read(folder)
                except journal.Damaged:  # it is told when all have ended
                    continue
                if result.status != "running":
                    del self.sizes[folder]
                    bars.finish(folder, ended(result))
                    if UNSAVED in result.error:
                        self.unsaved.append(_name(result))
        bars.refresh()


def journal_size(folder: Path) -> int:
    """Return how long a trial's journal is, in bytes; 0 where there is none."""
    path = folder / journal.NAME
    return path.stat().st_size if path.exists() else 0


def _tail(path: Path, size: int = 4096) -> bytes:
    with path.open("rb") as handle:
        handle.seek(max(0, os.fstat(handle.fileno()).st_size - size))
        return handle.read()


def ended(result: Result) -> str:
    """Return the line that says how a trial ended."""
    marks = {"completed": "[green]done[/]"}
    marks |= {status: f"[yellow]{status}[/]" for status in ("stopped", "cut")}
    mark = marks.get(result.status, "[red]failed[/]")
    cost = f"{int(result.total('steps')):,} steps, {duration(result.total('seconds'))}"
    return f"{mark} {_name(result)}: {cost}" + (
        f"; {escape(result.error)}" if result.error else ""
    )


def _name(result: Result) -> str:
    return f"{result.spec['experiment']} seed {result.spec['seed']}"


def _incomplete(outcomes: Mapping[Path, Outcome]) -> Iterator[str]:
    """Yield what is missing of trials besides their rows, a line for each kind of miss."""
    missing = Counter(outcome.unwritten for outcome in outcomes.values() if outcome.unwritten)
    for what, count in missing.items():
        yield f"{count} of {len(outcomes)} trials: all rows are safe; not written: {what}"


def _result(folder: Path, outcome: Outcome | None, spec: Spec) -> Result:
    """Return the trial's result; where its journal could not tell the end, the worker does."""
    try:
        result = journal.read(folder) if journal.begun(folder) else Result(folder)
    except journal.Damaged as damage:
        return Result(folder, asdict(spec), status="failed", error=str(damage))
    result.spec = result.spec or asdict(spec)
    told = result.status != "running" and result.attempts > 0
    if outcome is not None and (not told or outcome.status in ("failed", "refused")):
        result.status, result.error = outcome.status, outcome.error
    return result
