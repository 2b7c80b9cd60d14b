"""The numbers that every bilevel search has; no torch, so that declarations may read them.

[P] DARTS (arXiv:1806.09055v2), [C] its authors' code. A searcher's config begins with these fields
and adds its own.
"""

from __future__ import annotations

from dataclasses import dataclass

from harness.paper import within

# how far alpha can go in DARTS's search on CIFAR-10: 3e-4 times 19,550 steps (App. A.1.1)
TRAVEL = 5.9
UNSAMPLED = ("dense", "skip")  # what becomes of weights that a step has not used


@dataclass(frozen=True)
class Bilevel:
    """How alpha and w are updated; the defaults are those of DARTS's search on CIFAR-10."""

    alpha_lr: float = 3e-4  # [P] App. A.1.1; Adam
    alpha_beta1: float = 0.5  # [P] App. A.1.1
    alpha_beta2: float = 0.999  # [P] App. A.1.1
    alpha_decay: float = 1e-3  # [P] App. A.1.1; added to the gradient
    alpha_init: float = 1e-3  # [C] times N(0, 1); the text says zeros
    lr: float = 0.025  # [P] App. A.1.1; SGD under a cosine
    lowest_lr: float = 0.001  # [C]; the text says 0
    momentum: float = 0.9  # [P] App. A.1.1
    weight_decay: float = 3e-4  # [P] App. A.1.1
    clip: float = 5.0  # [C] norm of all gradients of w together

    def __post_init__(self) -> None:
        within(self, "alpha_lr", 0, 10)
        within(self, "alpha_beta1", 0, 0.9999)
        within(self, "alpha_beta2", 0, 0.9999)
        within(self, "momentum", 0, 0.9999)
        within(self, "lr", 1e-9, 100)
        within(self, "lowest_lr", 0, self.lr)
        within(self, "clip", 1e-9)
        for name in ("alpha_decay", "alpha_init", "weight_decay"):
            within(self, name, 0)


def rate_for(steps: int, travel: float = TRAVEL) -> float:
    """Return alpha's rate with which so many steps reach `travel`.

    Adam moves each alpha by at most about its rate in a step, so rate times steps bounds the way:
    in short searches the rate is raised until alpha can go as far as in the paper's.
    """
    return round(travel / steps, 4)
