"""What a meta-training is made of, with where it comes from.

[C] the authors' released code (uber-research/GTN at 19799828), [F] their figures' captions,
[T] a third party's replication (GoodAI/GTN), [ours] chosen here. The paper's body text was not
at hand: what only our memory says of it stands nowhere.
"""

from __future__ import annotations

from dataclasses import dataclass

from harness.paper import Refused, nearest, positive, require, within

TREATMENTS = ("gtn", "distill", "real", "semi")
# "fixed" is the third party's; "gaussian" has a learned deviation around each learned place
CURRICULA = ("full", "fixed", "batch_shuffled", "all_shuffled", "none", "gaussian")
STATISTICS = ("last", "running", "batch")
MOMENTA = ("exp", "sigmoid")
GRACE = 3  # [ours] meta-gradients in a row that are not finite, before a run stops


@dataclass(frozen=True)
class Teaching:
    """A meta-training: what teaches, which learners, and how the outer loop descends."""

    treatment: str = "gtn"
    curriculum: str = "full"
    replacement: bool = True  # [C] shuffles draw with replacement; False: a permutation
    inner_steps: int = 32  # [F] of the 98.9 %; the released configuration runs 64
    batch: int = 128  # [C]
    learners: int = 1  # [C] a worker's; their gradients are averaged
    meta_batch: int = 128  # [C] real rows of an outer loss
    outer_steps: int = 2000  # [F] the axis of Fig. 1c
    outer_lr: float = 0.02  # [C] Adam; times the number of workers, of which there is one here
    last_lr: float = 0.1  # [C] of outer_lr, where the cosine ends
    beta: float = 0.999  # [C] Adam's second; .9 on CIFAR-10
    eps: float = 1e-8  # [C] Adam's; 1e-5 on CIFAR-10
    first_rate: float = 0.02  # [C] of every inner step; learned
    first_momentum: float = 0.5  # [C] of every inner step; learned
    momentum: str = "exp"  # [C] exp may pass 1; [ours] sigmoid may not
    period: int = 0  # [C] outer losses after every so many steps, 1; [ours] 0: after the last one
    truncation: int = 0  # [ours] last steps that gradients go through; 0: all
    segment: int = 1  # [C] steps between remembered weights; 0: the whole graph is kept
    statistics: str = "last"  # [C] what centres a learner's units on real data
    weight_norm: bool = True  # [C] of generator and learners
    noise: int = 128  # [C] numbers of z
    generator_hidden: int = 1024  # [C]
    generator_channels: tuple[int, int] = (128, 64)  # [C]
    labelled: int = 500  # [C] rows with labels, for treatment "semi"
    evaluated: int = 16  # [ours] fresh learners that a curriculum's accuracy is the mean of
    eval_every: int = 50  # [C]

    def __post_init__(self) -> None:
        require(self.treatment, TREATMENTS, "treatment")
        require(self.curriculum, CURRICULA, "curriculum")
        require(self.statistics, STATISTICS, "statistics")
        require(self.momentum, MOMENTA, "momentum")
        positive(self, "inner_steps", "batch", "learners", "meta_batch", "outer_steps", "noise")
        positive(self, "generator_hidden", "evaluated", "eval_every", "labelled")
        for name in ("outer_lr", "first_rate", "eps"):
            within(self, name, 0, 10, ends="high")
        within(self, "last_lr", 0, 1)
        within(self, "beta", 0, 1, ends="low")
        within(self, "first_momentum", 0, 1, ends="none")
        for name in ("period", "truncation", "segment"):
            within(self, name, 0)
        if self.truncation > self.inner_steps:
            raise Refused(
                f"truncation={self.truncation}: must be at most inner_steps={self.inner_steps}"
            )
        if len(self.generator_channels) != 2 or min(self.generator_channels) < 1:
            raise Refused(
                f"generator_channels={self.generator_channels}: must be two numbers, at least 1"
            )
        if self.treatment != "gtn" and self.curriculum != "full":
            raise Refused(
                f"curriculum={self.curriculum}: treatment '{self.treatment}' has no z to order; "
                + nearest("full", ["full"])
            )
        if self.evaluated % self.learners:
            raise Refused(
                f"evaluated={self.evaluated}: must be a multiple of learners={self.learners}"
            )
