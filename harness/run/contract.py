"""The contract that every paper's folder meets, checked by running it for some seconds."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from pathlib import Path

from harness import budget
from harness.paper import Claim, Experiment, Refused
from harness.plan import specs
from harness.plan.discover import Folder
from harness.record import journal
from harness.run import runner
from harness.trial import Pace

NEVER = 1e9


def inspect(found: Folder) -> Iterator[str]:
    """Yield what is wrong with a paper's folder, one line each; nothing when all is well.

    Names resolve; every experiment runs at budget `check`, yields its task's metric, gives the
    same rows for the same seed, and gives them also when it is interrupted half-way and resumed.
    """
    yield from declarations(found)
    for experiment in found.paper.experiments:
        with tempfile.TemporaryDirectory() as folder:
            yield from behaviour(found, experiment, Path(folder))


def declarations(found: Folder) -> Iterator[str]:
    """Yield what is wrong with the declarations: names that lead nowhere, missing documents."""
    for experiment in found.paper.experiments:
        for names in (found.function, *((found.drawing,) if experiment.shows else ())):
            try:
                names(experiment)
            except Refused as refusal:
                yield str(refusal)
    if not (found.path / "README.md").exists():
        yield f"{found.name}: has no README.md"
    for claim in found.paper.claims:
        yield from _judged_where_run(found, claim)


def _judged_where_run(found: Folder, claim: Claim) -> Iterator[str]:
    by_name = {experiment.name: experiment for experiment in found.paper.experiments}
    for name in claim.check.experiments:
        for missing in sorted(set(claim.budgets) & set(by_name[name].skipped)):
            yield f"claim '{claim.id}' is judged at {missing}, where '{name}' is skipped"


def behaviour(found: Folder, experiment: Experiment, folder: Path) -> Iterator[str]:
    """Yield what is wrong when one experiment runs at budget `check`."""
    where = f"experiment '{experiment.name}' of {found.name}"
    first = _run(found, experiment, folder / "first")
    if first.status != "completed":
        yield f"{where}: {first.status}: {first.error}"
        return
    if first.stopped_by != "length":
        yield f"{where}: hit the cap of budget check ({first.stopped_by}); shrink it there"
    for row in first.finals:
        if experiment.task.metric not in row["values"]:
            yield f"{where}: its last row lacks '{experiment.task.metric}', the task's metric"
    if experiment.shows:
        yield from _shown(found, experiment, first, where)
    second = _run(found, experiment, folder / "second")
    if journal.measured(first) != journal.measured(second):
        yield f"{where}: the same seed twice gives different rows"
    yield from _resumes(found, experiment, (first, where, folder / "third"))


def _shown(
    found: Folder, experiment: Experiment, result: journal.Result, where: str
) -> Iterator[str]:
    """Yield what is wrong with the drawing of a finished trial."""
    try:
        text = found.drawing(experiment)(result.artifacts)
    except Exception as error:  # noqa: BLE001  (told, with its type: any of them is a problem)
        yield f"{where}: shows='{experiment.shows}' raises {type(error).__name__}: {error}"
        return
    if not isinstance(text, str) or not text.strip():
        yield f"{where}: shows='{experiment.shows}' returns no text"


def _resumes(
    found: Folder, experiment: Experiment, known: tuple[journal.Result, str, Path]
) -> Iterator[str]:
    """Yield what is wrong when a trial is stopped half-way, or at its last turn, and goes on."""
    whole, where, folder = known
    turns = sum(phase["turns"] for phase in whole.cost.values() if phase["cost"])
    for stop in sorted({turns // 2, turns} - {0}):
        _run(found, experiment, folder / str(stop), Pace(NEVER, NEVER, stop_after=stop))
        resumed = _run(found, experiment, folder / str(stop))
        at = f"{where}, stopped after turn {stop} of {turns}:"
        if resumed.attempts != 2:
            yield f"{at} did not stop when asked to"
        if resumed.notes:
            yield f"{at} {resumed.notes[0]}"
        if resumed.error:
            yield f"{at} {resumed.status}: {resumed.error}"
        if journal.measured(whole) != journal.measured(resumed):
            yield f"{at} resumed rows differ from uninterrupted ones; restore() misses some state"
        if whole.total("steps") != resumed.total("steps"):
            yield f"{at} a resumed trial is charged other steps than an uninterrupted one"


def _run(
    found: Folder, experiment: Experiment, runs: Path, pace: Pace | None = None
) -> journal.Result:
    request = specs.Request([experiment.name], budget.standard("check"), seeds=[0])
    (spec,) = (s for s in specs.plan(found, request) if s.experiment == experiment.name)
    home = spec.home(runs)
    spec.write(home)
    outcome = runner.execute(home, pace or Pace(NEVER, NEVER))
    result = journal.read(home)
    result.error = result.error or outcome.error
    return result
