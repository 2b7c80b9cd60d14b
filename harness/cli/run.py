"""`run`: from the list of trials to what the papers say beside what was measured."""

from __future__ import annotations

from collections.abc import Sequence

from rich.console import Console

from harness.cli.ending import tell
from harness.paper import Refused
from harness.plan.discover import Folder
from harness.plan.specs import Spec
from harness.run import launch, ranks, session, stop
from harness.run.cluster import Gone
from harness.run.session import Site

SAVED = "stopped; everything is saved: the same command goes on from there"


def run_trials(
    papers: Sequence[Folder],
    specs: Sequence[Spec],
    host: launch.Machine,
    site: Site,
    fresh: bool,
    full: bool,
    console: Console,
) -> int:
    """Run trials to their end and print what the papers say beside what was measured.

    Unless it is to be `full`, that is their headlines and one cell; the rest is named.

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
    tell(papers, results, site, full, console)
    if any(result.status == "stopped" for result in results):
        console.print(SAVED)
        return stop.STATUS
    return 0 if all(result.status == "completed" for result in results) else 1
