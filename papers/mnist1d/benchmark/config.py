"""What the authors chose, with where they printed it.

[P] the paper (arXiv:2011.14439v5), [N] the authors' notebooks, [ours] not in the paper.
"""

from __future__ import annotations

from dataclasses import dataclass

from harness.paper import Refused, positive, require, within

MODELS = ("logistic", "mlp", "cnn", "gru")
METHODS = ("knn", "linear_svm", "rbf_svm", "random_forest")
PERMUTATIONS = ("none", "a", "b", "c")


@dataclass(frozen=True)
class Training:
    """One neural model of the benchmark, trained in `members` copies that differ in their seed."""

    model: str  # [P] Fig. 2
    permutation: str = "none"  # which order of the 40 positions: see dataset.permutation
    lr: float = 1e-2  # [N] Adam, betas .9 and .999, eps 1e-8, no weight decay
    batch_size: int = 100  # [N]; rows in stored order, never shuffled
    steps: int = 6001  # [N] 6000 and the one that an inclusive loop adds
    eval_every: int = 250  # [N] after the update of steps 0, 250, ... 6000
    members: int = 16  # [ours] stacked seeds; [P] has 3 runs behind each printed interval
    fresh_rows: int = 10_000  # [ours] a second test set, seed 1234, to shrink the binomial noise

    def __post_init__(self) -> None:
        require(self.model, MODELS, "model")
        require(self.permutation, PERMUTATIONS, "permutation")
        positive(self, "batch_size", "steps", "eval_every", "members")
        within(self, "lr", 0, 10, ends="none")
        if self.fresh_rows < 0 or self.fresh_rows % 10:
            raise Refused(f"fresh_rows={self.fresh_rows}: must be 0 or a multiple of 10 (classes)")


@dataclass(frozen=True)
class Fit:
    """One non-neural classifier on the raw signals."""

    method: str
    neighbours: int = 10  # [N] k of the nearest-neighbour row
    penalty: float = 10.0  # [ours] C of the support vector machines
    trees: int = 300  # [ours] size of the random forest

    def __post_init__(self) -> None:
        require(self.method, METHODS, "method")
        positive(self, "neighbours", "trees")
        within(self, "penalty", 0, ends="none")
