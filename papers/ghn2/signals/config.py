"""What hypernetworks on signals are made of: [ours] where the paper has CIFAR-10.

Steps, pool and networks fit an hour of one core; the rest is the paper's.
"""

from __future__ import annotations

from dataclasses import dataclass

from harness.paper import Refused, positive, rising, within
from papers.ghn2.config import Evaluation, Training


@dataclass(frozen=True)
class Signals(Training, Evaluation):
    """A hypernetwork for Mini-1D and what it is judged on."""

    steps: int = 20_000  # [ours]
    meta_batch: int = 4  # [ours] [P] 8
    drops: tuple[float, ...] = (2 / 3,)  # [ours] one drop
    pool: int = 1000  # [P] the ablation's: 1000 training networks cost 2 points
    networks: int = 100
    others: int = 50
    watched: int = 16
    eval_every: int = 500

    def __post_init__(self) -> None:
        Training.__post_init__(self)
        Evaluation.__post_init__(self)


@dataclass(frozen=True)
class Baseline:
    """The networks in distribution, trained one by one: accuracies after each number of steps."""

    networks: int = 100
    steps: int = 400  # of each network
    at_steps: tuple[int, ...] = (0, 1, 2, 5, 10, 25, 50, 100, 200, 400)
    lr: float = 0.05  # [ours]
    batch: int = 64
    eval_batch: int = 64

    def __post_init__(self) -> None:
        positive(self, "networks", "steps", "batch", "eval_batch")
        rising(self, "at_steps", 0)
        if self.at_steps[-1] != self.steps:
            raise Refused(f"at_steps={self.at_steps}: must end at steps={self.steps}")
        within(self, "lr", 0, 10, "high")
