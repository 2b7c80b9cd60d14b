"""What a night runs: experiments that claims rest on, with seeds that no other night has.

A night watches every experiment that a headline or a supporting claim reads at its budget, of any
paper, in the metrics that these claims read. Time is none of them: it belongs to a machine.

Seeds follow from the date: FRESH a night, from FRESH x the date's ordinal (1 January of year 1 is
1) on. So no two nights share a seed, a night can be repeated by its date, and those of this
century lie above two millions, where neither `--seeds N` nor what is committed comes.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import date

from harness.budget import CORES, Budget
from harness.paper import Experiment, Refused, number_of
from harness.plan.discover import Folder

FRESH = 3  # seeds of an experiment in one night
KINDS = ("headline", "supporting")
CLOCKS = ("seconds",)  # metrics that say more of a machine than of a method


@dataclass(frozen=True)
class Watch:
    """An experiment, and which claims ("paper: id") read each of its metrics."""

    folder: Folder
    experiment: Experiment
    metrics: dict[str, dict[str, None]] = field(default_factory=dict)

    def trials(self, budget: Budget) -> int:
        """Return how many trials give FRESH replicates, or the one of a deterministic one."""
        if self.experiment.deterministic:
            return 1
        if not self.experiment.independent:
            return FRESH
        config = self.experiment.at(budget.name)
        return math.ceil(FRESH / number_of(self.experiment.replicates, config))

    def seconds(self, budget: Budget) -> float:
        """Return what its trials of one night are expected to take on one core."""
        return self.trials(budget) * self.experiment.expected.get(budget.name, 0.0)


def seeds(when: date) -> list[int]:
    """Return the fresh seeds of a date."""
    first = FRESH * when.toordinal()
    return list(range(first, first + FRESH))


def day(text: str) -> date:
    """Return the date of a text such as 2026-12-01; refuse what is none."""
    try:
        return date.fromisoformat(text)
    except ValueError as error:
        raise Refused(f"--date '{text}': {error}; write it as 2026-12-01") from error


def watched(papers: Sequence[Folder], everyone: Iterable[Folder], budget: str) -> list[Watch]:
    """Return what a night watches of some papers, by what the claims of `everyone` read.

    A claim that names an experiment which nobody has is left out: `check` refuses it.
    """
    found: dict[tuple[str, str], Watch] = {}
    own = {folder.name: folder for folder in papers}
    for folder in everyone:
        for claim in folder.paper.claims:
            if budget not in claim.budgets or claim.kind not in KINDS or claim.blocked:
                continue
            for name in claim.check.experiments:
                try:
                    home, experiment = folder.named(name)
                except Refused:
                    continue
                if home.name not in own or budget in experiment.skipped:
                    continue
                key = (home.name, experiment.name)
                watch = found.setdefault(key, Watch(own[home.name], experiment))
                for metric in claim.check.metrics_of(name):
                    if metric not in CLOCKS:
                        watch.metrics.setdefault(metric, {})[f"{folder.name}: {claim.id}"] = None
    watches = [watch for watch in found.values() if watch.metrics]
    return sorted(watches, key=lambda watch: list(own).index(watch.folder.name))


def room(budget: Budget) -> float:
    """Return how many seconds on one core a paper has in a night.

    Raises:
        Refused: a budget that no paper has to fit into.
    """
    if budget.paper_seconds is None:
        raise Refused(f"--budget {budget.name}: has no size; did you mean 'nightly'?")
    return CORES * budget.paper_seconds


def parts(watches: Sequence[Watch], budget: Budget) -> list[list[Watch]]:
    """Split what is watched into nights that each fit into the budget of every paper.

    Each experiment goes into the first part in which its paper has room, so that a paper that
    fits as a whole is in one. An experiment that alone is too long has a part to itself.

    Raises:
        Refused: a budget that no paper has to fit into.
    """
    most = room(budget)
    nights: list[list[Watch]] = [[]]
    spent: list[dict[str, float]] = [{}]
    for watch in watches:
        name, cost = watch.folder.name, watch.seconds(budget)
        free = (
            place
            for place, night in enumerate(spent)
            if name not in night or night[name] + cost <= most
        )
        place = next(free, len(nights))
        if place == len(nights):
            nights.append([])
            spent.append({})
        nights[place].append(watch)
        spent[place][name] = spent[place].get(name, 0.0) + cost
    return nights


def tonight(nights: Sequence[Sequence[Watch]], when: date) -> tuple[int, Sequence[Watch]]:
    """Return whose turn it is on a date, of parts that take turns night by night."""
    turn = when.toordinal() % len(nights)
    return turn, nights[turn]
