"""Many searches side by side on recorded trainings: the fast form of `league.contest`.

All R searches of a stack take their turns together, on arrays. One row stands for all of them:
means over searches, and median and quartiles of regret.

Shapes: R searches.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np
import torch

from papers.cells.league.contest import marks
from papers.cells.league.judged import summary
from papers.cells.league.league import verified
from papers.cells.league.objective import objectives
from papers.cells.league.recorded import Evaluators, Recorded, recorded
from papers.cells.searcher.numbers import Floats, Ints
from papers.cells.space.allowed import Allowed
from papers.cells.space.edge import SPACES, Code
from papers.cells.space.record import keep_edge

if TYPE_CHECKING:
    from harness.meter import Meter
    from harness.paper import Row
    from harness.trial import Trial
    from papers.cells.league.config import TableSearch

QUARTERS = {"regret_low": 25, "regret_median": 50, "regret_high": 75}
LOOKS = (20, 50, 100, 200)  # evaluations at which regret is kept under a name of its own


class Searchers(Protocol):
    """R searches that propose and hear at once; cells are places among the allowed ones."""

    def propose(self) -> Ints:
        """Return the next cell of each search (R)."""
        ...

    def observe(self, places: Ints, worth: Floats) -> None:
        """Hear of each search's evaluated cell, and what it is worth (R)."""
        ...

    def state_dict(self) -> dict[str, Any]:
        """Return what resumed searches need."""
        ...

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Go on where others of the same seeds were."""
        ...


class Stacked:
    """R searches of one task: the searchers, what answers them, and their incumbents.

    `path`: the mean regret of the incumbents after each evaluation; `spent`: the mean FLOPs.
    """

    def __init__(self, recorded: Recorded, searchers: Searchers, seeds: Sequence[int]) -> None:
        self.recorded, self.searchers = recorded, searchers
        self.evaluators = Evaluators(recorded, seeds)
        self.incumbents: Ints = np.zeros(len(seeds), dtype=np.int64)
        self.worth: Floats = np.full(len(seeds), -np.inf)
        self.path: list[float] = []
        self.spent: list[float] = []

    def turn(self) -> None:
        """Evaluate the next proposal of every search; the first of equals stays."""
        places = self.searchers.propose()
        worth = self.evaluators.evaluate(places)
        self.searchers.observe(places, worth)
        better = worth > self.worth
        self.incumbents = np.where(better, places, self.incumbents)
        self.worth = np.where(better, worth, self.worth)
        self.path.append(float(self.regret.mean()))
        self.spent.append(float(self.evaluators.flops.mean()))

    @property
    def regret(self) -> Floats:
        """The true regret of every incumbent (R), which no searcher sees."""
        return self.recorded.truth["regret"][self.incumbents]

    @property
    def found(self) -> Code:
        """What the first search would return now."""
        return self.recorded.codes[int(self.incumbents[0])]

    def row(self) -> Row:
        """Return what the searches were charged and what they found."""
        truth = {name: own[self.incumbents] for name, own in self.recorded.truth.items()}
        spread = {name: np.percentile(truth["regret"], q) for name, q in QUARTERS.items()}
        means = {name: float(own.mean()) for name, own in truth.items()}
        means |= {f"regret_{n}": self.path[n - 1] for n in LOOKS if n <= len(self.path)}
        return {
            **self.evaluators.row(),
            **means,
            **{name: float(value) for name, value in spread.items()},
            "proxy": float(self.worth.mean()),
            "searches": float(len(self.worth)),
        }

    def state_dict(self) -> dict[str, Any]:
        """Return the state of all searches."""
        return {
            "searchers": self.searchers.state_dict(),
            "evaluators": self.evaluators.state_dict(),
            "incumbents": torch.from_numpy(self.incumbents.copy()),
            "worth": torch.from_numpy(self.worth.copy()),
            "path": list(self.path),
            "spent": list(self.spent),
        }

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Go on where another stack of the same seeds was."""
        self.searchers.load_state_dict(state["searchers"])
        self.evaluators.load_state_dict(state["evaluators"])
        self.incumbents = state["incumbents"].numpy().copy()
        self.worth = state["worth"].numpy().copy()
        self.path, self.spent = list(state["path"]), list(state["spent"])


def compete(stacks: Mapping[str, Stacked], meter: Meter, marks: Sequence[int]) -> Iterator[Row]:
    """Let every search of every stack evaluate a cell a turn; yield rows at the marked turns.

    Names of a stack's metrics begin with its key. The meter is charged what one search of the
    first stack is, in the mean.
    """
    first, last = next(iter(stacks.values())), meter.horizon("search") - 1
    for turn in meter.steps("search"):
        before = first.evaluators.flops.mean()
        for stack in stacks.values():
            stack.turn()
        meter.count_flops("search", float(first.evaluators.flops.mean() - before))
        if turn + 1 in marks and turn != last:
            with meter.paused():
                yield {"at": turn + 1, **row(stacks)}
    yield {"at": last + 1, **row(stacks)}


def row(stacks: Mapping[str, Stacked]) -> Row:
    """Return the rows of all stacks as one."""
    named = ((key, stack.row()) for key, stack in stacks.items())
    return {f"{key}{name}": value for key, own in named for name, value in own.items()}


Make = Callable[[Allowed, Sequence[int], int], Searchers]  # of cells, for seeds and turns


def stacks_of(config: TableSearch, trial: Trial, make: Make) -> dict[str, Stacked]:
    """Return the searches of every objective, under how the names of its metrics begin."""
    tasks = objectives(config.objectives, SPACES[config.space], config.limit, config.price)
    turns = trial.meter.horizon("search")
    stacks = {}
    for key, objective in tasks.items():
        seeds = [trial.stream(f"{key}search", number) for number in range(config.searches)]
        searchers = make(objective.league.allowed, seeds, turns)
        stacks[key] = Stacked(recorded(objective), searchers, seeds)
    return stacks


def run(config: TableSearch, trial: Trial, make: Make) -> Iterator[Row]:
    """Run `config.searches` searches of each objective; the first one's cell is kept."""
    trial.uses("mnist1d", verified().header.data)
    stacks = stacks_of(config, trial, make)
    trial.restore(**{f"stack{key}": stack for key, stack in stacks.items()})
    yield from compete(stacks, trial.meter, marks(trial.meter.horizon("search")))
    keep(stacks[""], trial)


def keep(stack: Stacked, trial: Trial) -> None:
    """Keep the cell of the first search as a file of the trial."""
    league, found = stack.recorded.objective.league, stack.found
    keep_edge(trial.artifacts, league.space, found, summary(league.row(found)))
