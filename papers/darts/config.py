"""The numbers of the bilevel search, with where each comes from.

[P] the paper (arXiv:1806.09055v2), [C] its authors' code, [ours] chosen here. Every study has a
config of its own that begins with these fields.
"""

from __future__ import annotations

from dataclasses import dataclass

from harness.paper import Refused, require, within

# The gradients of alpha, and how many forward and backward passes one update of alpha and w takes.
# Differentiating twice counts as three: its graph is one pass, the way back through it two.
PASSES = {
    "first_order": 2,  # alpha on val, w on train
    "second_order": 5,  # train at w, val at w', train at w + eps v and at w - eps v; then w
    "second_order_exact": 6,  # train at w, val at w', train differentiated twice (3); then w
    "joint": 1,  # one gradient of one loss for both
}


@dataclass(frozen=True)
class Bilevel:
    """How alpha and w are updated; the defaults are those of the search on CIFAR-10.

    `gradient`: which gradient of alpha; `joint` updates alpha and w together, by one gradient of
    one loss. With `union` both are trained on all rows, those of training and validation, so that
    first order becomes coordinate descent (Sec. 3.3).
    """

    gradient: str = "second_order"
    union: bool = False
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
    radius: float = 0.01  # [P] Sec. 2.3, footnote 2: eps = radius / |v|

    def __post_init__(self) -> None:
        require(self.gradient, PASSES, "gradient of alpha")
        within(self, "alpha_lr", 0, 10)
        within(self, "alpha_beta1", 0, 0.9999)
        within(self, "alpha_beta2", 0, 0.9999)
        within(self, "momentum", 0, 0.9999)
        within(self, "lr", 1e-9, 100)
        within(self, "lowest_lr", 0, self.lr)
        within(self, "clip", 1e-9)
        within(self, "radius", 1e-12, 10)
        for name in ("alpha_decay", "alpha_init", "weight_decay"):
            within(self, name, 0)
        if self.gradient == "joint" and not self.union:
            raise Refused("gradient='joint', union=False: one loss needs all rows; set union=true")
