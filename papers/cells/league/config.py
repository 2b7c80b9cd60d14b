"""The numbers that weight-sharing methods of the league have in common; no torch.

[league]: the common protocol of the cell league, fixed for all methods before any search.
"""

from __future__ import annotations

from dataclasses import dataclass

from harness.paper import Refused, positive, within


@dataclass(frozen=True)
class PathTraining:
    """How shared weights train along one path a minibatch."""

    batch: int = 50  # [league]
    lr: float = 0.05  # [league] under a cosine
    lowest_lr: float = 0.0005  # [league]
    momentum: float = 0.9  # [league]
    weight_decay: float = 5e-4  # [league]
    clip: float = 5.0  # [league] norm of all gradients together

    def __post_init__(self) -> None:
        positive(self, "batch")
        if not 0 < self.lowest_lr <= self.lr < 10:
            raise Refused(f"lr={self.lr}: must lie between lowest_lr={self.lowest_lr} and 10")


def refuse_rates(config: PathTraining) -> None:
    """Refuse what SGD cannot take."""
    within(config, "momentum", 0, 0.9999)
    within(config, "weight_decay", 0)
    within(config, "clip", 1e-9)


REFUSALS = {PathTraining: refuse_rates}  # asked by the plan, before any work
