"""`confirm`: replay one trial of each group that other code measured, and note where all agrees.

A group is an experiment of a paper at a budget. Refactoring changes the digest of code and no
number; this shows it, bit for bit, so that results are measured again only where numbers moved.
Rows of another machine are replayed beside the code that measured them: `harness.cli.beside`.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import pandas as pd
from rich.console import Console
from rich.text import Text

import harness
from harness.cli import beside
from harness.cli.replay import could_not_run, differences, elsewhere, respecify
from harness.cli.screen import TABLE
from harness.paper import BUDGETS, Refused
from harness.plan import kernels, processor
from harness.plan.discover import Folder
from harness.record import lineage, provenance
from harness.record.journal import Result
from harness.record.lineage import Confirmation, Lineage
from harness.run import launch, session
from harness.run.home import REPLAYS
from harness.show.board import Board
from harness.show.report import read_results
from harness.show.table import Table

DONE = BUDGETS[1:]  # the budgets of which results are kept


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

    @property
    def commit(self) -> str:
        """The commit at which that trial was measured."""
        return str(self.replayed["commit"].iloc[0])

    @property
    def isa(self) -> str:
        """The name that asks for the instruction set of that trial; none where it is unknown."""
        return processor.asked(str(self.replayed["isa"].iloc[0]))

    @property
    def barred(self) -> str:
        """Why that trial is not replayed on this machine, if it is not."""
        return elsewhere(str(self.replayed["isa"].iloc[0]))

    def confirmation(self, commit: str, isa: str) -> Confirmation:
        """Return what there is to note when the replay agreed."""
        (old,) = set(self.rows["code"])
        trial = str(self.replayed["trial"].iloc[0])
        group = (self.paper, self.experiment, self.budget)
        return Confirmation(*group, old, self.today, commit, processor.resolved(isa), trial)


def confirm_results(
    papers: Sequence[Folder],
    request: Request,
    runs: Path,
    reports: Path,
    console: Console,
) -> int:
    """Replay what other code measured, budget by budget.

    Returns:
        0 when every number agrees, 1 when one differs or evidence was left out.

    Raises:
        Refused: an instruction set that is unknown or not here; the checkout has changes that no
            commit has, so that none could be named; there is no checkout to run beside.
    """
    for isa in request.sets:
        processor.resolved(isa)
    if request.beside:
        beside.check(request.beside)
    commit, dirty = provenance.commit_of(Path(harness.__file__).parent)
    if dirty:
        raise Refused("confirm: this checkout has uncommitted changes; commit them first")
    agreed, search = True, Search(request.sets)
    for budget in request.budgets:
        results, problems = read_results(runs, reports)
        agreed &= not problems
        for problem in problems if budget == request.budgets[0] else ():
            console.print(f"left out: {problem}", highlight=False, markup=False, soft_wrap=True)
        board = Board(papers, results, pd.DataFrame(), Lineage.load(reports))
        waiting = list(outdated(board, request.experiments, budget))
        if not waiting:
            console.print(f"{budget}: all is measured by this code, or confirmed")
            continue
        barred = [group for group in waiting if group.barred]
        search.told |= {group: f"could not run: {group.barred}" for group in barred}
        for groups, isa in search.rounds([group for group in waiting if not group.barred]):
            found = replayed(groups, runs / REPLAYS / isa, isa, request, console)
            search.note(groups, isa, found)
            sound = [group for group in groups if not search.told[group]]
            lineage.confirm(reports, [group.confirmation(commit, isa) for group in sound])
        console.print(_table({group: search.told[group] for group in waiting}, budget), **TABLE)
        agreed &= not any(search.told[group] for group in waiting)
    return 0 if agreed else 1


@dataclass(frozen=True)
class Request:
    """What to confirm: experiments by name or group (none: all), at which budgets.

    `sets` are the instruction sets to replay under, until one gives every number again. `beside`
    is a checkout of the code that measured them: numbers are compared with what it gives here.
    """

    experiments: Sequence[str] = ()
    budgets: Sequence[str] = DONE
    sets: Sequence[str] = field(default_factory=processor.offered)
    jobs: int | None = None
    beside: Path | None = None


@dataclass
class Search:
    """Which instruction set gives a group's numbers again.

    Its own, where that is known; otherwise first what did for others of its commit.
    """

    sets: Sequence[str]
    told: dict[Group, str] = field(default_factory=dict)
    liked: dict[str, str] = field(default_factory=dict)

    def rounds(self, groups: Sequence[Group]) -> Iterator[tuple[list[Group], str]]:
        """Yield groups with a set to replay them under, until each agrees or has had all."""
        tried: set[tuple[Group, str]] = set()
        while left := [g for g in groups if self.told.get(g, "-") and self._next(g, tried)]:
            isa = self._next(left[0], tried)
            chosen = [group for group in left if self._next(group, tried) == isa]
            tried |= {(group, isa) for group in chosen}
            yield chosen, isa

    def note(self, groups: Sequence[Group], isa: str, found: Sequence[str]) -> None:
        """Take what a replay told of each group."""
        for group, text in zip(groups, found, strict=True):
            self.told[group] = text and f"{isa}: {text}"
            if not text:
                self.liked[group.commit] = isa

    def _next(self, group: Group, tried: set[tuple[Group, str]]) -> str:
        first = self.liked.get(group.commit, self.sets[0])
        order = sorted(self.sets, key=lambda isa: isa != first)
        order = [group.isa] if group.isa in self.sets else order
        return next((isa for isa in order if (group, isa) not in tried), "")


def outdated(board: Board, experiments: Sequence[str], budget: str) -> Iterator[Group]:
    """Yield the groups whose current rows were measured by other code than today's."""
    for folder in board.papers:
        rows = board.current(folder, budget)
        rows = rows[rows["status"] == "completed"]
        for experiment in folder.paper.select(experiments):
            own = rows[rows["experiment"] == experiment.name]
            if len(own) and experiment.name in board.dated(folder, budget):
                own_kernels = kernels.of(str(own["code"].iloc[0]))
                today = kernels.code(folder, experiment, own_kernels)
                if set(own["code"]) != {today}:  # else compiled kernels of today's code
                    yield Group(folder.name, experiment.name, budget, own, today)


def replayed(
    groups: Sequence[Group], runs: Path, isa: str, request: Request, console: Console
) -> list[str]:
    """Return what differs in the replay of each group's trial; no text where all agrees."""
    specs = [respecify(group.replayed.iloc[0].to_dict(), isa) for group in groups]
    folders = [spec.home(runs) for spec in specs]
    cure = "remove its folder: it is replayed anew"
    trials = session.prepare(
        specs, runs, cure=cure
    )  # a replay that is complete under this code stands
    site = session.Site(runs, tracking=False)
    _, host = launch.machine("cpu", request.jobs, isa=isa)
    done = session.conduct(trials, host, site, launch.run, console)
    results = {result.folder: result for result in done}
    pairs = zip(groups, folders, strict=True)
    return [_told(group, results[folder], runs, isa, request.beside) for group, folder in pairs]


def _told(group: Group, result: Result, runs: Path, isa: str, checkout: Path | None) -> str:
    if result.status != "completed":
        return could_not_run(result)
    recorded = group.replayed
    if checkout:
        try:
            recorded = beside.measured(checkout, recorded.iloc[0], isa, runs / "beside")
        except beside.NotRun as reason:
            return str(reason)
    unequal = differences(recorded, result)
    if not unequal:
        return ""
    names = sorted({line.metric for line in unequal})
    return f"{len(unequal)} numbers differ: {', '.join(names[:4])}" + (" …" if names[4:] else "")


def _table(told: dict[Group, str], budget: str) -> Table:
    columns = ("paper", "experiment", "trial", "every number")
    table = Table(f"replays, budget {budget}", columns, prose=("every number",))
    for group, text in told.items():
        said = Text(text, style="red") if text else Text("agrees")
        table.add(group.paper, group.experiment, str(group.replayed["trial"].iloc[0]), said)
    return table
