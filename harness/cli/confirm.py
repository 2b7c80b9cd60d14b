"""`confirm`: replay one trial of each group that other code measured, and note where all agrees.

A group is an experiment of a paper at a budget. Refactoring changes the digest of code and no
number; this shows it, bit for bit, so that results are measured again only where numbers moved.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import pandas as pd
from rich.console import Console
from rich.table import Table

import harness
from harness.cli.replay import differences, respecify
from harness.judge import generations
from harness.paper import Refused, require
from harness.plan.discover import Folder
from harness.plan.specs import Spec
from harness.record import lineage, provenance
from harness.record.journal import Result
from harness.record.lineage import Confirmation, Lineage
from harness.run import launch, session
from harness.run.isa import VARIABLES, instructions
from harness.show.report import REPLAYS, read_results
from harness.trial import Pace


@dataclass(frozen=True, eq=False)
class Group:
    """The current rows of an experiment at a budget, and the digest of today's code for it."""

    paper: str
    experiment: str
    budget: str
    rows: pd.DataFrame
    today: str

    @property
    def replayed(self) -> pd.DataFrame:
        """The rows of one trial: the first seed's."""
        first = self.rows.sort_values(["seed", "member"])["trial"].iloc[0]
        chosen: pd.DataFrame = self.rows[self.rows["trial"] == first]
        return chosen

    def confirmation(self, commit: str, isa: str) -> Confirmation:
        """Return what there is to note when the replay agreed."""
        (old,) = set(self.rows["code"])
        trial = str(self.replayed["trial"].iloc[0])
        group = (self.paper, self.experiment, self.budget)
        return Confirmation(*group, old, self.today, commit, isa, trial)


def confirm_results(
    papers: Sequence[Folder],
    budgets: Sequence[str],
    runs: Path,
    reports: Path,
    isa: str,
    jobs: int | None,
    console: Console,
) -> int:
    """Replay what other code measured, budget by budget; return 0 when every number agrees.

    Raises:
        Refused: an unknown instruction set; the checkout has changes that no commit has, so that
            none could be named.
    """
    require(isa, VARIABLES, "instruction set")
    commit, dirty = provenance.commit_of(Path(harness.__file__).parent)
    if dirty:
        raise Refused("confirm: this checkout has uncommitted changes; commit them first")
    agreed = True
    for budget in budgets:
        waiting = list(
            outdated(papers, budget, read_results(runs, reports)[0], Lineage.load(reports))
        )
        if not waiting:
            console.print(f"{budget}: all is measured by this code, or confirmed")
            continue
        found = replayed(waiting, runs / REPLAYS / isa, isa, jobs, console)
        told = dict(zip(waiting, found, strict=True))
        sound = [group.confirmation(commit, isa) for group, text in told.items() if not text]
        lineage.confirm(reports, sound)
        console.print(_table(told, budget))
        agreed &= len(sound) == len(told)
    return 0 if agreed else 1


def outdated(
    papers: Sequence[Folder], budget: str, results: pd.DataFrame, known: Lineage
) -> Iterator[Group]:
    """Yield the groups whose current rows were measured by other code than today's."""
    for found in papers:
        rows = generations.current(results, found, budget)
        rows = rows[rows["status"] == "completed"]
        for experiment in found.paper.experiments:
            own = rows[rows["experiment"] == experiment.name]
            today = found.code(experiment).code
            if len(own) and own["code"].iloc[0] != known.code(
                (found.name, experiment.name, budget), today
            ):
                yield Group(found.name, experiment.name, budget, own, today)


def replayed(
    groups: Sequence[Group], runs: Path, isa: str, jobs: int | None, console: Console
) -> list[str]:
    """Return what differs in the replay of each group's trial; no text where all agrees."""
    specs = [respecify(group.replayed.iloc[0].to_dict()) for group in groups]
    folders = [spec.home(runs) for spec in specs]
    trials = session.prepare(specs, runs)  # a replay that is complete under this code stands
    place = session.Place(runs, Pace(), tracking=False)
    with instructions(isa):
        _, host = launch.machine("cpu", jobs)
        done = session.conduct(trials, host, (place, launch.run), console)
    results = {result.folder: result for result in done}
    pairs = zip(groups, specs, folders, strict=True)
    return [_told(group, spec, results[folder]) for group, spec, folder in pairs]


def _told(group: Group, spec: Spec, result: Result) -> str:
    if result.status != "completed":
        return f"{result.status}: {result.error}"
    unequal = differences(group.replayed, result)
    if not unequal:
        return ""
    names = sorted({line.metric for line in unequal})
    return f"{len(unequal)} numbers differ: {', '.join(names[:4])}" + (" …" if names[4:] else "")


def _table(told: dict[Group, str], budget: str) -> Table:
    table = Table(title=f"replays, budget {budget}", title_justify="left")
    for column in ("paper", "experiment", "trial", "every number"):
        table.add_column(column)
    for group, text in told.items():
        said = f"[red]{text}[/]" if text else "agrees"
        table.add_row(group.paper, group.experiment, str(group.replayed["trial"].iloc[0]), said)
    return table
