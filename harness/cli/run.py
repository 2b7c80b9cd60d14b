"""`run`: from the list of trials to what the papers say beside what was measured."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from pathlib import Path

from rich.console import Console
from rich.panel import Panel
from rich.text import Text

from harness.paper import Refused
from harness.plan.discover import Folder
from harness.plan.specs import Spec
from harness.record.journal import Result
from harness.record.mlflow_process import sync
from harness.run import launch, ranks, session, stop
from harness.run.cluster import Gone
from harness.run.runner import UNGUARDED
from harness.run.session import Site
from harness.run.watch import named

SAVED = "stopped; everything is saved: the same command goes on from there"


def run_trials(
    papers: Sequence[Folder],
    specs: Sequence[Spec],
    host: launch.Machine,
    site: Site,
    fresh: bool,
    console: Console,
) -> int:
    """Run trials to their end and print what the papers say beside what was measured.

    Returns:
        0 when every trial completed, 1 when one failed or was cut, 130 when it was asked to stop,
        or one of its trials was (`python -m harness stop`).
    """
    if not specs:
        raise Refused("nothing to run: the chosen experiments are skipped at this budget")
    ranks.admit(papers, specs, site.launcher, host)
    start = session.launcher(site)  # refuses before anything is written
    session.find_data(specs, site)
    trials = session.prepare(specs, site.runs, fresh, queued=site.launcher == "slurm")
    try:
        results = session.conduct(trials, host, site, start, console)
    except KeyboardInterrupt as asked:
        saved = f"not saved: {', '.join(asked.args)}" if asked.args else "everything is saved"
        said = f"stopped; {saved}: the same command goes on from there"
        console.print(said, highlight=False, markup=False, soft_wrap=True)
        return stop.STATUS
    except Gone as gone:
        said = f"{gone}; trials are saved as they were: the same command goes on from there"
        console.print(said, highlight=False, markup=False, soft_wrap=True)
        return 1
    from harness.show import outcome  # pandas and scipy load after the work is done

    for drawing in shown(papers, results):
        console.print(drawing)
    for table in outcome.verdicts_of_run(papers, results):
        console.print(table)
    if site.tracking:
        console.print(sync(site.runs), highlight=False, markup=False, soft_wrap=True)
    console.print(f"journals and artifacts: {site.runs}/", highlight=False)
    for line in cut_short(results):
        console.print(line, highlight=False, markup=False, soft_wrap=True)
    where_to = " ".join(os.path.relpath(folder.path) for folder in papers)
    option = "" if site.runs == Path("runs") else f" --runs {site.runs}"
    hint = f"write tables, pages and figures: python -m harness report {where_to}{option}"
    console.print(hint, highlight=False, soft_wrap=True)
    if any(result.status == "stopped" for result in results):
        console.print(SAVED)
        return stop.STATUS
    return 0 if all(result.status == "completed" for result in results) else 1


def cut_short(results: Sequence[Result]) -> Iterator[str]:
    """Yield which trials their guard stopped, and how they go on; nothing when it stopped none."""
    names = [named(result) for result in results if result.status == "cut"]
    if names:
        yield f"cut, for they took far longer than expected: {', '.join(names)}"
        yield (
            "no claim is judged by them; they are saved, and the same command with "
            f"{UNGUARDED} goes on to the numbers of a run that was never cut"
        )


def shown(papers: Sequence[Folder], results: Sequence[Result]) -> Iterator[Panel]:
    """Yield what experiments show when a run ends, each for its first completed seed."""
    for folder in papers:
        for experiment in folder.paper.experiments:
            own = [
                result
                for result in results
                if result.spec["paper"] == folder.name
                and result.spec["experiment"] == experiment.name
                and result.status == "completed"
            ]
            first = min(own, key=lambda result: int(result.spec["seed"]), default=None)
            if experiment.shows and first is not None:
                text = folder.drawing(experiment)(first.artifacts)
                title = f"{experiment.name}, seed {first.spec['seed']}"
                yield Panel(Text(text.rstrip()), title=title, title_align="left", expand=False)
