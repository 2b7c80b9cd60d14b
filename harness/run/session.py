"""One `run` from the list of trials to their results: folders, workers, bars, tracker."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path

from rich.console import Console

from harness.data import own
from harness.paper import Refused
from harness.plan.specs import Spec
from harness.record import journal
from harness.record.journal import Result
from harness.record.mlflow_process import Importer
from harness.run import cluster, home, launch, ranks, stop
from harness.run.log import shown
from harness.run.runner import Outcome
from harness.run.watch import Ends, ended, journal_size
from harness.trial import Pace

FRESH = "--fresh keeps it and starts over"


@dataclass(frozen=True)
class Site:
    """Where results go, how often a trial saves, and who runs the trials."""

    runs: Path
    pace: Pace = field(default_factory=Pace)
    launcher: str = "local"
    tracking: bool = True
    slurm: Sequence[str] = ()  # what jobs ask SLURM for

    def __post_init__(self) -> None:
        if self.slurm and self.launcher != "slurm":
            raise Refused(f"--slurm {self.slurm[0]}: only together with --launcher slurm")


@dataclass
class Trials:
    """What is asked for by its folder, longest first, and the results of what has begun before.

    Of these, rows are there as far as a table of results needs them.
    """

    specs: dict[Path, Spec]
    known: dict[Path, Result] = field(default_factory=dict)


def find_data(specs: Sequence[Spec], site: Site) -> None:
    """Look for data sets that nobody can pull, where no trial could run without them.

    Beside others such a trial fails alone, with the same words. On a cluster the folder may have
    another place, so that only its nodes can tell.

    Raises:
        Refused: a folder of the user's own is not named, or is not the data set.
    """
    read = {spec.config.get("dataset", spec.data) for spec in specs}
    if site.launcher == "local" and read <= set(own.OWN):
        for name in sorted(read):
            own.ensure(name)


def prepare(
    specs: Sequence[Spec],
    runs: Path,
    fresh: bool = False,
    cure: str = FRESH,
    queued: bool = False,
) -> Trials:
    """Make the trials' folders, longest trial first; leave finished and unfinished ones as found.

    Where trials may be `queued`, those that jobs of a cluster run are left to them.

    Raises:
        Refused: the output folder cannot be written, another process runs one of the trials, or a
            journal is damaged; then `cure` is what to do.
    """
    ordered = sorted(specs, key=lambda s: -s.expected)
    trials = Trials({spec.home(runs): spec for spec in ordered})
    try:
        made = {folder for folder in trials.specs if _made(folder)}
    except OSError as error:
        raise Refused(f"--runs {runs}: cannot be written ({error.strerror})") from error
    for folder, spec in trials.specs.items():
        try:
            if folder in made:  # nobody can hold it, and nothing is in it
                spec.write(folder)
                continue
            with home.locked(folder):
                home.go_on(folder)
                cluster.unnoted(folder)
                if fresh:
                    home.forget(folder)
                known = _known(folder, spec, cure)
                spec.write(folder)
        except home.Held:
            if fresh or not (queued and cluster.log_of(folder)):
                raise
            continue
        except OSError as error:
            raise Refused(f"{error.filename or folder}: {error.strerror}") from error
        if known is not None:
            trials.known[folder] = known
    return trials


def _made(folder: Path) -> bool:
    """Make a folder; tell whether it was not there."""
    try:
        folder.mkdir(parents=True)
    except FileExistsError:
        if not folder.is_dir():
            raise
        return False
    return True


def _known(folder: Path, spec: Spec, cure: str) -> Result | None:
    """Return what has become of a trial so far, as far as a table needs it.

    Raises:
        Refused: its journal is damaged, or another trial's spec wrote it.
    """
    try:
        if not journal.begun(folder):
            return None
        result = journal.read(folder).shortened()
        told = result.spec.get("trial", spec.trial)
        if told != spec.trial:
            why = f"line 1 begins trial {told}, not {spec.trial}"
            raise journal.Damaged(f"{folder / journal.NAME}: {why}")
    except journal.Damaged as damage:
        raise Refused(f"{damage}; nothing was changed; {cure}") from damage
    return result


def conduct(
    trials: Trials,
    host: launch.Machine,
    site: Site,
    start: Callable[..., dict[Path, Outcome]],
    console: Console,
) -> list[Result]:
    """Run the trials that are not complete, with live bars; return every trial's result.

    `start` is what runs them, as `launcher` gives it. Of each trial the last row of every member
    is there: what lies before may be long, and tables of results do not need it.

    Raises:
        KeyboardInterrupt: asked to stop; all trials have saved, but those that it names.
    """
    specs, results = trials.specs, dict(trials.known)
    done = {folder for folder, result in results.items() if result.status == "completed"}
    todo = [folder for folder in specs if folder not in done]
    _announce(console, len(done), [specs[folder] for folder in todo], host)
    if todo:
        bars = shown(console, {folder: specs[folder] for folder in todo})
        ends = Ends({folder: journal_size(folder) for folder in todo}, site.launcher != "local")
        importer = Importer(site.runs)

        def watch(everyone: bool = False) -> None:
            ends.show(bars, everyone)
            if site.tracking:
                importer.poll()

        try:
            with stop.listening(), bars.progress:
                outcomes = start(todo, host, site.pace, watch)
                watch(everyone=True)
        except KeyboardInterrupt as asked:
            ends.show(bars, everyone=True)
            late = [specs[folder] for folder in ends.running if site.launcher == "local"]
            raise KeyboardInterrupt(*ends.unsaved, *(spec.called for spec in late)) from asked
        finally:
            importer.close()
        for folder in todo:
            result = _result(folder, outcomes.get(folder), specs[folder], ends.result(folder))
            results[folder] = result
            if folder in ends.sizes:  # what no journal could tell: refused, or the disk was full
                console.print(ended(result), highlight=False)
        for line in _incomplete(outcomes):
            console.print(line, highlight=False, markup=False, soft_wrap=True)
    return [results[folder] for folder in specs]


def _announce(console: Console, done: int, todo: Sequence[Spec], host: launch.Machine) -> None:
    """Say what is complete already, and how the others share the machine: workers x threads."""
    if done:
        whole = done + len(todo)
        console.print(f"{done} of {whole} trials are complete already (--fresh repeats)")
    if todo:
        threads = " or ".join(map(str, sorted({spec.threads for spec in todo})))
        shared = f"workers x threads: {min(host.jobs, len(todo))} x {threads}"
        console.print(f"trials to run: {len(todo)}; {shared}", highlight=False)


def launcher(site: Site) -> Callable[..., dict[Path, Outcome]]:
    """Return what runs trials on this machine, or on a cluster where it is asked for."""
    if ranks.here().ranks > 1:
        return ranks.run
    if site.launcher == "slurm":
        from harness.run.slurm import launcher as slurm

        return slurm.launcher(site.runs, site.slurm)
    if site.launcher == "ray":
        from harness.run.ray import launcher as ray

        return ray.launcher()
    return launch.run


def _incomplete(outcomes: Mapping[Path, Outcome]) -> Iterator[str]:
    """Yield what is missing of trials besides their rows, a line for each kind of miss."""
    missing = Counter(outcome.unwritten for outcome in outcomes.values() if outcome.unwritten)
    for what, count in missing.items():
        yield f"{count} of {len(outcomes)} trials: all rows are safe; not written: {what}"


def _result(folder: Path, outcome: Outcome | None, spec: Spec, told: Result | None) -> Result:
    """Return the trial's result; where its journal could not tell the end, the worker does."""
    result = told
    if result is None:
        try:
            result = journal.read(folder) if journal.begun(folder) else Result(folder)
        except journal.Damaged as damage:
            return Result(folder, asdict(spec), status="failed", error=str(damage))
        result = result.shortened()
    result.spec = result.spec or asdict(spec)
    known = result.status != "running" and result.attempts > 0
    if outcome is not None and (not known or outcome.status in ("failed", "refused")):
        result.status, result.error = outcome.status, outcome.error
    return result
