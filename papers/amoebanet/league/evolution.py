"""Evolution of edge cells (Real et al. 2018, Alg. 1): one population, and many side by side.

A mutation gives one edge another operation, both drawn uniformly; one that a search may not
return is drawn again, so that a child is uniform among its parent's allowed neighbours. Edges have
no hidden states to mutate.

Shapes: R populations, P individuals, S of a tournament, T turns, A cells that may be returned.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import lru_cache
from random import Random
from typing import Any, Protocol

import numpy as np
import torch

from papers.cells.league.evaluator import Evaluation
from papers.cells.searcher.numbers import Floats, Ints, Numbers, below, rows
from papers.cells.searcher.population import Population
from papers.cells.space.allowed import Allowed
from papers.cells.space.edge import Code

EXTRA = 2  # numbers of a turn beside the tournament's: whether it mutates, and into what


class Settings(Protocol):
    """What an evolution reads of its config."""

    @property
    def kind(self) -> str:
        """Who makes room."""
        ...

    @property
    def population(self) -> int:
        """P."""
        ...

    @property
    def sample(self) -> int:
        """S."""
        ...

    @property
    def identity(self) -> float:
        """How often a child is its parent."""
        ...


@lru_cache(maxsize=8)
def neighbours(allowed: Allowed) -> Mapping[Code, tuple[Code, ...]]:
    """Return each allowed cell's allowed neighbours."""
    return {
        code: tuple(other for other in allowed.space.neighbours(code) if other in allowed)
        for code in allowed.codes
    }


class Evolution:
    """One evolution: proposes cells and hears what they are worth."""

    def __init__(self, allowed: Allowed, config: Settings, seed: int) -> None:
        self.allowed, self.identity = allowed, config.identity
        self.population: Population[Code] = Population(
            config.population, config.sample, config.kind
        )
        self.numbers = Numbers(seed, config.sample + EXTRA)

    def propose(self) -> Code:
        """Return a random cell while the population fills, then the child of a tournament."""
        self.numbers.begin()
        return self.population.propose(self.numbers, self.allowed.random, self.mutate)

    def mutate(self, parent: Code, stream: Random) -> Code:
        """Return an allowed neighbour of a cell; with probability `identity` the cell itself."""
        if stream.random() < self.identity:
            return parent
        near = neighbours(self.allowed)[parent]
        return near[stream.randrange(len(near))]

    def observe(self, evaluation: Evaluation) -> None:
        """Let an evaluated cell live; who dies for it is the population's affair."""
        self.population.observe(evaluation.code, evaluation.val)

    def state_dict(self) -> dict[str, Any]:
        """Return the population and where the stream is."""
        kept = self.population
        return {
            "members": list(kept.members),
            "history": list(kept.history),
            "numbers": self.numbers.getstate(),
        }

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Go on where another was."""
        for name in ("members", "history"):
            kept = getattr(self.population, name)
            kept.clear()
            kept.extend((tuple(code), worth) for code, worth in state[name])
        self.numbers.setstate(state["numbers"])


class Evolutions:
    """The same, R populations side by side: (R, P) cells and what they are worth, oldest first."""

    def __init__(
        self, allowed: Allowed, config: Settings, seeds: Sequence[int], turns: int
    ) -> None:
        self.config, self.count = config, len(allowed)
        places = {code: place for place, code in enumerate(allowed.codes)}
        near = list(neighbours(allowed).values())
        self.degree: Ints = np.array([len(own) for own in near])  # (A)
        self.near: Ints = np.zeros((len(near), self.degree.max()), dtype=np.int64)
        for place, own in enumerate(near):
            self.near[place, : len(own)] = [places[code] for code in own]
        self.numbers = rows(seeds, turns, config.sample + EXTRA)  # (R, T, S + 2)
        self.searches = np.arange(len(seeds))[:, None]
        self.cells: Ints = np.zeros((len(seeds), 0), dtype=np.int64)
        self.worth: Floats = np.zeros((len(seeds), 0))
        self.drawn: Ints = np.zeros((len(seeds), 0), dtype=np.int64)
        self.turn = 0

    def propose(self) -> Ints:
        """Return the next cell of each evolution (R)."""
        numbers, size = self.numbers[:, self.turn], self.config.population
        self.turn += 1
        if self.cells.shape[1] < size:
            return below(numbers[:, 0], self.count)
        sample = self.config.sample
        self.drawn = below(numbers[:, :sample], size)
        rivals = self.worth[self.searches, self.drawn]
        won = rivals.argmax(1)[:, None]
        parents = self.cells[self.searches, self.drawn[self.searches, won]][:, 0]
        children = self.near[parents, below(numbers[:, sample + 1], self.degree[parents])]
        same = numbers[:, sample] < self.config.identity
        chosen: Ints = np.where(same, parents, children)
        return chosen

    def observe(self, places: Ints, worth: Floats) -> None:
        """Let each evolution's evaluated cell live (R); a full population loses one first."""
        if self.cells.shape[1] >= self.config.population:
            left = np.arange(self.cells.shape[1] - 1)[None]
            left = left + (left >= self._dying()[:, None])
            self.cells, self.worth = (a[self.searches, left] for a in (self.cells, self.worth))
        self.cells = np.concatenate([self.cells, places[:, None]], 1)
        self.worth = np.concatenate([self.worth, worth[:, None]], 1)

    def _dying(self) -> Ints:
        """Return the place of who makes room in each population (R)."""
        if self.config.kind == "aging":
            return np.zeros(len(self.cells), dtype=np.int64)
        places = np.arange(self.cells.shape[1])[None]
        rivals = self.drawn if self.config.kind == "nonaging" else places
        worst = self.worth[self.searches, rivals].argmin(1)[:, None]
        dying: Ints = np.take_along_axis(rivals, worst, 1)[:, 0]
        return dying

    def state_dict(self) -> dict[str, Any]:
        """Return the populations; the numbers follow from the seeds."""
        kept = {name: torch.from_numpy(getattr(self, name).copy()) for name in ("cells", "worth")}
        return {**kept, "turn": self.turn}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Go on where others of the same seeds were."""
        self.turn = state["turn"]
        for name in ("cells", "worth"):
            setattr(self, name, state[name].numpy().copy())


class Uniforms:
    """R random searches side by side: cells drawn uniformly, whatever was observed."""

    def __init__(self, allowed: Allowed, seeds: Sequence[int], turns: int) -> None:
        self.numbers, self.count, self.turn = rows(seeds, turns, 1), len(allowed), 0

    def propose(self) -> Ints:
        """Return the next cell of each search (R)."""
        self.turn += 1
        return below(self.numbers[:, self.turn - 1, 0], self.count)

    def observe(self, places: Ints, worth: Floats) -> None:
        """Hear of the evaluated cells; nothing follows from it."""

    def state_dict(self) -> dict[str, Any]:
        """Return which turn it is."""
        return {"turn": self.turn}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Go on where others of the same seeds were."""
        self.turn = state["turn"]
