"""What the toy is made of.

[C] the authors' notebook (google-research, regularized_evolution_algorithm), [ours] chosen here.
"""

from __future__ import annotations

from dataclasses import dataclass

from harness.paper import rising, within
from papers.amoebanet.config import Evolving


@dataclass(frozen=True)
class OneMax(Evolving):
    """An evolution of bit strings for each deviation of the noise."""

    sample: int = 10  # [C]
    bits: int = 100  # [C]
    evaluations: int = 1000  # [C] the initial population is part of them
    sigmas: tuple[float, ...] = (0.0, 0.01, 0.02, 0.05, 0.1)  # [C] .01

    def __post_init__(self) -> None:
        super().__post_init__()
        within(self, "bits", 1, 10_000)
        within(self, "evaluations", 1, 100_000)
        rising(self, "sigmas", 0, 10)
