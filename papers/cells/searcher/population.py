"""The population of evolutionary searches, and which individual dies (Real et al. 2018, Alg. 1).

Aging evolution (arXiv:1802.01548) removes the oldest, whatever it was worth; its non-aging
controls remove the worst of the sampled tournament, or the worst of all. The best of all that was
ever evaluated is the result.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from random import Random
from typing import Generic, TypeVar

from harness.paper import Refused, require

Individual = TypeVar("Individual")
POPULATIONS = ("aging", "nonaging", "nonaging_worst")


@dataclass
class Population(Generic[Individual]):
    """At most `size` individuals with their fitness, a tournament of `sample`, and the history.

    `drawn` has the places of the last tournament: the non-aging control removes its worst.
    """

    size: int
    sample: int
    kind: str = "aging"
    members: deque[tuple[Individual, float]] = field(default_factory=deque)
    history: list[tuple[Individual, float]] = field(default_factory=list)
    drawn: list[int] = field(default_factory=list)

    def __post_init__(self) -> None:
        require(self.kind, POPULATIONS, "kind of population")
        if self.sample < 1:
            raise Refused(f"sample={self.sample}: a tournament has at least one individual")
        if self.size < 1:
            raise Refused(f"size={self.size}: a population has at least one individual")

    def propose(
        self,
        stream: Random,
        fresh: Callable[[Random], Individual],
        mutate: Callable[[Individual, Random], Individual],
    ) -> Individual:
        """Return a random individual while the population fills, then a tournament's child.

        The tournament draws with replacement; the first of equals wins.
        """
        if len(self.members) < self.size:
            return fresh(stream)
        self.drawn = [stream.randrange(len(self.members)) for _ in range(self.sample)]
        parent = max(self.drawn, key=lambda place: self.members[place][1])
        return mutate(self.members[parent][0], stream)

    def observe(self, individual: Individual, fitness: float) -> None:
        """Add an evaluated individual; a full population loses one first."""
        if len(self.members) >= self.size:
            del self.members[self._dying()]
        self.members.append((individual, fitness))
        self.history.append((individual, fitness))

    def _dying(self) -> int:
        """Return the place of who makes room; the first of equals, 0 is the oldest."""
        if self.kind == "aging":
            return 0
        rivals = self.drawn if self.kind == "nonaging" else range(len(self.members))
        return min(rivals, key=lambda place: self.members[place][1])

    @property
    def best(self) -> tuple[Individual, float]:
        """Return the best individual of the whole history, dead or alive; the first of equals."""
        return max(self.history, key=lambda pair: pair[1])
