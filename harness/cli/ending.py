"""How a run ends: what the papers say beside what was measured, and where the rest is."""

from __future__ import annotations

import os
import shlex
from collections.abc import Iterator, Sequence
from pathlib import Path

from rich.console import Console
from rich.panel import Panel
from rich.text import Text

from harness.cli.screen import LINE, TABLE
from harness.paper import Experiment
from harness.plan.discover import Folder
from harness.record.journal import Result
from harness.record.mlflow_process import sync
from harness.run.runner import UNGUARDED
from harness.run.session import Site
from harness.run.watch import named


def tell(
    papers: Sequence[Folder], results: Sequence[Result], site: Site, full: bool, console: Console
) -> None:
    """Print how a run ended: headlines and one drawing, or everything, and where to look."""
    from harness.show import outcome  # pandas and scipy load after the work is done

    left_out = list[str]()
    for table in outcome.ending(papers, results, full, left_out):
        console.print(table, **TABLE)
    for drawing in shown(papers, results, full, left_out):
        console.print(drawing)
    if left_out:
        console.print(f"not shown: {'; '.join(left_out)}", **LINE)
        console.print("the same command with --full (without --fresh) shows all of it", **LINE)
    if site.tracking:
        console.print(sync(site.runs), highlight=False, markup=False, soft_wrap=True)
    console.print(f"journals and artifacts: {site.runs}/", **LINE)
    for line in cut_short(results):
        console.print(line, highlight=False, markup=False, soft_wrap=True)
    words = ["python", "-m", "harness", "report"]
    words += [os.path.relpath(folder.path) for folder in papers]
    words += [] if site.runs == Path("runs") else ["--runs", str(site.runs)]
    console.print(f"write tables, pages and figures: {shlex.join(words)}", **LINE)


def cut_short(results: Sequence[Result]) -> Iterator[str]:
    """Yield which trials their guard stopped, and how they go on; nothing when it stopped none."""
    names = [named(result) for result in results if result.status == "cut"]
    if names:
        yield f"cut, for they took far longer than expected: {', '.join(names)}"
        yield (
            "no claim is judged by them; they are saved, and the same command with "
            f"{UNGUARDED} goes on to the numbers of a run that was never cut"
        )


def shown(
    papers: Sequence[Folder], results: Sequence[Result], full: bool, left_out: list[str]
) -> Iterator[Panel]:
    """Yield what experiments show when a run ends, each for its first completed seed.

    Unless all are to be shown that is one, of a headline's experiment where there is one.
    """
    known = list(_showing(papers, results))
    known = known if full else sorted(known, key=lambda item: not _praised(*item[:2]))
    for folder, experiment, first in known if full else known[:1]:
        text = folder.drawing(experiment)(first.artifacts)
        title = f"{experiment.name}, seed {first.spec['seed']}"
        yield Panel(Text(text.rstrip()), title=title, title_align="left", expand=False)
    if not full and known[1:]:
        left_out.append(f"what {len(known) - 1} more experiments found, drawn")


def _praised(folder: Folder, experiment: Experiment) -> bool:
    heads = [claim for claim in folder.paper.claims if claim.kind == "headline"]
    return any(experiment.name in (c.subject, *c.check.experiments) for c in heads)


def _showing(
    papers: Sequence[Folder], results: Sequence[Result]
) -> Iterator[tuple[Folder, Experiment, Result]]:
    """Yield the experiments that have something to show, with their first completed seed."""
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
                yield folder, experiment, first
