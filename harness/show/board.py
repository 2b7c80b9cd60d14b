"""What every page, figure and table is made from: current rows and verdicts, computed once."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property

import pandas as pd

from harness.judge import generations
from harness.judge.verdict import Verdict
from harness.paper import BUDGETS, Task
from harness.plan import discover
from harness.plan.discover import Folder
from harness.record.lineage import Lineage, Removed
from harness.words import floor

Verdicts = Mapping[str, Sequence[Verdict]]  # by budget
EQUAL = 1.1  # costs that differ by less than a tenth are equal


@dataclass(frozen=True)
class Board:
    """Papers with their results and curves, and what follows from them."""

    papers: Sequence[Folder]
    results: pd.DataFrame
    curves: pd.DataFrame
    lineage: Lineage = field(default_factory=Lineage)
    _known: dict[tuple[str, str], pd.DataFrame] = field(default_factory=dict, repr=False)
    _dated: dict[tuple[str, str], frozenset[str]] = field(default_factory=dict, repr=False)

    @cached_property
    def verdicts(self) -> Mapping[str, Verdicts]:
        """Verdicts by paper and budget, at every budget that has rows and claims."""
        return {folder.name: generations.judged(self.results, folder) for folder in self.papers}

    @cached_property
    def everyone(self) -> Sequence[Folder]:
        """The papers of the board and their neighbours, which compete with them."""
        homes = dict.fromkeys(folder.path.parent for folder in self.papers)
        known = {folder.path: folder for folder in self.papers}
        for home in homes:
            known |= {f.path: f for f in discover.load_all(home) if f.path not in known}
        return sorted(known.values(), key=lambda folder: folder.path)

    def current(self, folder: Folder, budget: str) -> pd.DataFrame:
        """Return a paper's rows of the newest generation at a budget."""
        if (folder.name, budget) not in self._known:
            rows = generations.current(self.results, folder, budget)
            self._known[folder.name, budget] = rows
        return self._known[folder.name, budget]

    def dated(self, folder: Folder, budget: str) -> frozenset[str]:
        """Return the experiments whose current rows are of other code, not confirmed since."""
        if (folder.name, budget) not in self._dated:
            rows = self.current(folder, budget).drop_duplicates("experiment")
            codes = dict(zip(rows["experiment"], rows["code"], strict=True))
            self._dated[folder.name, budget] = frozenset(
                each.name
                for each in folder.paper.experiments
                if each.name in codes
                and not self.lineage.same(
                    (folder.name, each.name, budget), codes[each.name], folder.code(each).code
                )
            )
        return self._dated[folder.name, budget]

    def marks(self, folder: Folder, budget: str) -> frozenset[str]:
        """Return what a paper's claims read that is `dated`, by the names that its checks have."""
        return self.dated(folder, budget) | {
            name
            for name, home, experiment in generations.others(folder, budget)
            if experiment.name in self.dated(home, budget)
        }

    def rows(self, folder: Folder) -> pd.DataFrame:
        """Return a paper's current rows at all budgets."""
        return pd.concat([self.current(folder, budget) for budget in BUDGETS])

    def lines(self, folder: Folder) -> pd.DataFrame:
        """Return a paper's averaged curves."""
        return self.curves[self.curves["paper"] == folder.name]

    def competing(self, folder: Folder) -> tuple[pd.DataFrame, pd.DataFrame]:
        """Return current rows and curves of all papers on the tasks where this one competes."""
        tasks = {e.task.name for e in folder.paper.experiments if e.task.standings}
        rows = pd.concat([self.rows(paper) for paper in self.everyone])
        rows = rows[rows["task"].isin(tasks)]
        names = set(zip(rows["paper"], rows["experiment"], strict=True))
        pairs = zip(self.curves["paper"], self.curves["experiment"], strict=True)
        return rows, self.curves[[pair in names for pair in pairs]]

    def summary(self, rows: pd.DataFrame, task: Task, budget: str) -> pd.DataFrame:
        """Return a line per experiment: n, mean, cost, and whether other code made it."""
        independent = {
            (folder.name, experiment.name)
            for folder in self.papers
            for experiment in folder.paper.experiments
            if experiment.independent
        }
        lines = generations.summary(rows, task.metric, independent)
        dated = {
            (folder.name, name) for folder in self.papers for name in self.dated(folder, budget)
        }
        names = zip(lines["paper"], lines["experiment"], strict=True)
        marked = [name in dated for name in names]
        return lines.assign(unit=task.unit, floor=floor(task.metric), dated=marked)

    def removed(self, task: Task, budget: str) -> list[Removed]:
        """Return what was taken out of the tables of a task at a budget."""
        names = {
            (folder.name, experiment.name)
            for folder in self.papers
            for experiment in folder.paper.experiments
            if experiment.task.name == task.name
        }
        lines = [line for line in self.lineage.removed if line.budget == budget]
        return [line for line in lines if (line.paper, line.experiment) in names]

    def tables(self) -> Iterator[tuple[Task, str, pd.DataFrame]]:
        """Yield (task, budget, summary) for every task at every budget that has rows.

        Lines stand in order of cost, and those of equal cost in order of their result.
        """
        yield from self._tables

    def standings(self, searchers: int = 0) -> Iterator[tuple[Task, str, pd.DataFrame]]:
        """Yield (task, budget, rivals) for every task on which methods compete.

        At the deepest budget at which at least so many of them searched.
        """
        deepest = {
            task.name: (task, budget, summary)
            for task, budget, summary in self.tables()  # budgets come in order
            if task.standings and (summary["steps"] > 0).sum() >= searchers
        }
        for task, budget, summary in deepest.values():
            yield task, budget, rivals(summary)

    @cached_property
    def _tables(self) -> Sequence[tuple[Task, str, pd.DataFrame]]:
        return list(self._summaries())

    def _summaries(self) -> Iterator[tuple[Task, str, pd.DataFrame]]:
        tasks = {e.task.name: e.task for folder in self.papers for e in folder.paper.experiments}
        known = {}
        for budget in BUDGETS:
            rows = pd.concat([self.current(folder, budget) for folder in self.papers])
            known[budget] = rows[rows["status"] == "completed"]
        for task in tasks.values():
            for budget in BUDGETS:
                rows = known[budget][known[budget]["task"] == task.name]
                if task.metric not in rows:
                    continue
                for _, same_data in rows.groupby("data_hash", dropna=False, sort=False):
                    table = self.summary(same_data, task, budget)
                    yield task, budget, by_cost(table, rising=task.direction == "min")


def rivals(summary: pd.DataFrame) -> pd.DataFrame:
    """Return what competes, by result: an experiment that papers share counts once, the longest.

    `summary`: a line per paper and experiment, as `Board.tables` yields it.
    """
    longest = summary.sort_values("steps", kind="stable").groupby("experiment").tail(1)
    return longest.sort_values(["mean", "steps"], kind="stable")


def by_cost(summary: pd.DataFrame, rising: bool) -> pd.DataFrame:
    """Return lines by what they are charged in SGD steps; of equal cost, the best first."""
    ordered = summary.sort_values("steps", kind="stable")
    levels, least = [], None
    for steps in ordered["steps"]:
        if least is None or steps > EQUAL * least:
            least = steps
        levels.append(least)
    ordered = ordered.assign(level=levels)
    return ordered.sort_values(["level", "mean"], ascending=[True, rising]).drop(columns="level")
