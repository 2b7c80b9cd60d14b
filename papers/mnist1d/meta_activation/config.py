"""What the authors chose, with where they printed it.

[P] the paper (arXiv:2011.14439v5), [N] the authors' notebook, [ours] not in the paper.
"""

from __future__ import annotations

from dataclasses import dataclass

from harness.paper import Refused, positive, require, within

EVALUATIONS = ("table", "direct")
FIXED = ("relu", "elu", "swish", "tanh")
DATASETS = ("digits", "mnist", "cifar10_subset")


@dataclass(frozen=True)
class Protocol:
    """The inner training run, the same for learned and for fixed activation functions."""

    inner_steps: int = 301  # [N] 300 and the one that an inclusive loop adds
    scored_steps: int = 200  # [N] the meta-loss is the mean of the last 200 losses
    inner_lr: float = 0.01  # [N] of the RMSProp-like rule
    decay: float = 0.4  # [N] v <- .4 v + .6 g^2, with v = 1 before the first step
    batch_size: int = 100  # [N]; rows in stored order
    hidden: int = 128  # [N] 40-128-10
    noise: float = 0.1  # [N] of U(-1, 1), once per step and hidden unit, shared by the batch
    examples: int = 10_000  # [N] seed 42; 8,000 to train on
    scored_rows: int = 500  # [N] the first test rows
    fresh: int = 5  # [ours] trainings from fresh weights that measure an activation function
    members: int = 4  # [ours] replicates, stacked; [N] one

    def __post_init__(self) -> None:
        positive(self, "inner_steps", "scored_steps", "batch_size", "hidden", "scored_rows")
        positive(self, "fresh", "members")
        if self.scored_steps > self.inner_steps:
            raise Refused(
                f"scored_steps={self.scored_steps}: at most the {self.inner_steps} steps"
            )
        within(self, "decay", 0, 1, ends="low")
        within(self, "noise", 0)
        if self.examples % 10 or self.examples < 100:
            raise Refused(f"examples={self.examples}: must be a multiple of 10 (classes), >= 100")


@dataclass(frozen=True)
class Learned(Protocol):
    """An activation function ELU + 0.2 N that descends its meta-gradient."""

    outer_steps: int = 301  # [N]
    outer_lr: float = 0.3  # [N] plain gradient descent
    clamp: float = 0.1  # [N] of every entry of the meta-gradient
    units: int = 100  # [N] N is 1-100-1, tanh; [P] says 1-100-100-1
    share: float = 0.2  # [N] of N in the activation function
    resample_inner: bool = False  # [N] from outer step 1 on, one init and one stream of noise
    evaluation: str = "table"  # [ours] N from a table; "direct" is the oracle, ten times slower
    eval_every: int = 20  # [ours] outer steps between two looks at the test set

    def __post_init__(self) -> None:
        super().__post_init__()
        require(self.evaluation, EVALUATIONS, "evaluation")
        positive(self, "outer_steps", "units", "eval_every")


@dataclass(frozen=True)
class Fixed(Protocol):
    """A well-known activation function under the same protocol."""

    activation: str = "relu"

    def __post_init__(self) -> None:
        super().__post_init__()
        require(self.activation, FIXED, "activation")


@dataclass(frozen=True)
class Transfer(Learned):
    """The learned function in a small CNN on images, beside the well-known ones."""

    members: int = 1  # [ours] one function per trial, learned on MNIST-1D in the same trial
    fresh: int = 1
    resample_inner: bool = True  # [ours] a function for other nets should have seen several
    dataset: str = "mnist"  # [P] MNIST and CIFAR-10, qualitatively; the code is unpublished
    activations: tuple[str, ...] = ("learned", *FIXED)
    steps: int = 2000  # [ours] Adam
    image_batch: int = 128  # [ours]
    image_lr: float = 1e-3  # [ours]
    measure_every: int = 50  # [ours]

    def __post_init__(self) -> None:
        super().__post_init__()
        require(self.dataset, DATASETS, "dataset")
        for name in self.activations:
            require(name, ("learned", *FIXED), "activation")
        if "learned" not in self.activations:
            raise Refused(f"activations={self.activations}: must hold 'learned'")
        if self.members != 1:
            raise Refused(f"members={self.members}: a transfer trial has one learned function")
        positive(self, "steps", "image_batch", "measure_every")


def refuse_rate(config: Transfer) -> None:
    """Refuse rates that Adam cannot take."""
    within(config, "image_lr", 0, 100)


REFUSALS = {Transfer: refuse_rate}  # asked by the plan, before any work
