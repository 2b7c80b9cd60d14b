"""Teaching a policy on the cart and pole. The paper's text was not at hand: its sizes are unknown.

[plan] set by the plan of this study before any run; [C] the authors' released code for images;
[ours] chosen here.
"""

from __future__ import annotations

from dataclasses import dataclass

from harness.paper import Refused, positive, require, within

TREATMENTS = ("gtn", "direct")


@dataclass(frozen=True)
class PoleTeaching:
    """A meta-training: what teaches, which policies, and how the outer loop descends."""

    treatment: str = "gtn"
    pairs: int = 512  # [plan]
    hidden: tuple[int, ...] = (64, 64)  # [plan] units of a policy
    limit: int = 200  # [ours] steps of an episode at most: 4 s
    learners: int = 8  # [plan] eight episodes an outer step; [ours] of a fresh policy each
    episodes: int = 1  # [ours] of each learner in an outer step
    discount: float = 0.99  # [ours]
    outer_steps: int = 2000  # [ours]
    outer_lr: float = 0.01  # [ours] Adam
    last_lr: float = 0.1  # [C] of outer_lr, where the cosine ends
    first_rate: float = 0.02  # [C] of the one inner step; learned
    noise: int = 64  # [ours] numbers of z
    generator_hidden: tuple[int, ...] = (128, 128)  # [ours]
    value_hidden: int = 64  # [ours] units of the value network
    value_lr: float = 0.01  # [ours] Adam
    value_steps: int = 4  # [ours] on the episodes of each outer step
    evaluated: int = 64  # [plan] fresh policies that a result is the mean of
    tested: int = 8  # [ours] episodes of each of them
    eval_every: int = 25  # [ours]

    def __post_init__(self) -> None:
        require(self.treatment, TREATMENTS, "treatment")
        positive(self, "pairs", "limit", "learners", "episodes", "outer_steps", "noise")
        positive(self, "value_hidden", "value_steps", "evaluated", "tested", "eval_every")
        within(self, "discount", 0, 1, ends="low")
        within(self, "last_lr", 0, 1)
        for name in ("outer_lr", "first_rate", "value_lr"):
            within(self, name, 0, 10, ends="high")
        for name in ("hidden", "generator_hidden"):
            widths = getattr(self, name)
            if not widths or min(widths) < 1:
                raise Refused(f"{name}={widths}: must be numbers, at least 1")
