"""The numbers that ENAS's searches of cells and networks share; no torch.

[P] the paper (arXiv:1802.03268), [C] the authors' code for CIFAR-10's micro space, [league] the
cell league's protocol, [ours] chosen here. Every study has a config of its own that has these
fields.
"""

from __future__ import annotations

from dataclasses import dataclass

from harness.paper import one_of, positive, require, within

POLICIES = ("controller", "frozen", "uniform")
PRESETS = ("free", "paper", "release")
FEWEST_SCORED = 100  # [league] rows of a batch whose statistics score a path


@dataclass(frozen=True)
class Learning:
    """Who proposes architectures, how theta is trained, and how one is derived in the end.

    `policy`: "controller" trains theta by REINFORCE, "frozen" leaves it as it was initialised,
    "uniform" has none. `preset`: how scores become logits (`papers.cells.searcher.policy`). Theta
    is updated after each of `rounds` equal stretches of the search, `updates` times on `samples`
    architectures, all of which are scored on the same validation rows. In the end `candidates` are
    drawn and scored, all on the same rows; the best one is trained.
    """

    policy: str = "controller"
    preset: str = "free"  # [ours]; [C] release
    theta_lr: float = 3.5e-3  # [C] Adam
    theta_beta1: float = 0.0  # [C]
    theta_eps: float = 1e-3  # [C]
    entropy: float = 1e-4  # [C] weight of a trajectory's entropy in its reward
    baseline_decay: float = 0.99  # [C] of the moving baseline
    samples: int = 10  # [C] architectures an update
    updates: int = 30  # [C] an epoch
    rounds: int = 150  # [C] one after each epoch
    candidates: int = 100  # [league]; [C] 10, on one batch, and a human picks

    def __post_init__(self) -> None:
        require(self.policy, POLICIES, "policy")
        require(self.preset, PRESETS, "preset")
        within(self, "theta_lr", 1e-9, 10)
        within(self, "theta_beta1", 0, 0.9999)
        within(self, "theta_eps", 1e-12, 1)
        within(self, "entropy", 0, 1e6)
        within(self, "baseline_decay", 0, 1, "low")
        positive(self, "samples", "updates", "rounds", "candidates")


@dataclass(frozen=True)
class Sharing:
    """How the shared weights are trained: SGD with Nesterov momentum under cosines.

    `cycles`: the rate starts anew so many times, each cycle twice as long as the one before.
    """

    batch: int = 160  # [C]
    steps: int = 42_300  # [C] 150 epochs of 282 batches
    lr: float = 0.05  # [C]
    lowest_lr: float = 0.0005  # [C]
    cycles: int = 4  # [C] 10 + 20 + 40 + 80 epochs
    momentum: float = 0.9  # [C]
    weight_decay: float = 2e-4  # [C] 1e-4 times the sum of squares: twice that in torch's terms
    clip: float = 5.0  # [C] norm; there of each tensor, and in effect of none

    def __post_init__(self) -> None:
        within(self, "batch", 2)
        positive(self, "steps")
        within(self, "lr", 1e-9, 100)
        within(self, "lowest_lr", 0, self.lr)
        one_of(self, "cycles", range(1, 7))
        within(self, "momentum", 1e-9, 0.9999)
        within(self, "weight_decay", 0, 1e6)
        within(self, "clip", 1e-9)


@dataclass(frozen=True)
class Searching(Sharing, Learning):
    """A search: shared weights along the paths that a policy proposes.

    `score_batch` validation rows score the architectures of an update, with their statistics.
    """

    score_batch: int = 160  # [C]

    def __post_init__(self) -> None:
        Learning.__post_init__(self)
        Sharing.__post_init__(self)
        within(self, "score_batch", FEWEST_SCORED)
