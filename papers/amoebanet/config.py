"""The numbers of an evolution, whatever evolves.

[P] the paper (arXiv:1802.01548), [C] the authors' code, [NATS] NATS-Bench (arXiv:2009.00437).
"""

from __future__ import annotations

from dataclasses import dataclass

from harness.paper import require, within

KINDS = ("aging", "nonaging", "nonaging_worst")


@dataclass(frozen=True)
class Evolving:
    """How large the population is, how many fight in a tournament, and who makes room.

    `kind`: "aging" removes the oldest, "nonaging" the worst of the tournament, "nonaging_worst"
    the worst of all.
    """

    kind: str = "aging"
    population: int = 100  # [P] Sec. 4, from memory; [C] of the toy; [NATS] 10
    sample: int = 25  # [P] Sec. 4, from memory; [C] 10 in the toy; [NATS] 3

    def __post_init__(self) -> None:
        require(self.kind, KINDS, "kind of evolution")
        within(self, "population", 2)
        within(self, "sample", 1, self.population)
