"""What DARTS adds to a bilevel search: which gradient of alpha, and from which rows.

[P] the paper (arXiv:1806.09055v2), [ours] chosen here. Every study has a config of its own that
begins with these fields.
"""

from __future__ import annotations

from dataclasses import dataclass

from harness.paper import Refused, require, within
from papers.cells.supernet.config import Bilevel, rate_for

# The gradients of alpha, and how many forward and backward passes one update of alpha and w takes.
# Differentiating twice counts as three: its graph is one pass, the way back through it two.
PASSES = {
    "first_order": 2,  # alpha on val, w on train
    "second_order": 5,  # train at w, val at w', train at w + eps v and at w - eps v; then w
    "second_order_exact": 6,  # train at w, val at w', train differentiated twice (3); then w
    "joint": 1,  # one gradient of one loss for both
}


@dataclass(frozen=True)
class Darts(Bilevel):
    """How DARTS updates alpha and w.

    `gradient`: which gradient of alpha; `joint` updates alpha and w together, by one gradient of
    one loss. With `union` both are trained on all rows, those of training and validation, so that
    first order becomes coordinate descent (Sec. 3.3).
    """

    gradient: str = "second_order"
    union: bool = False
    radius: float = 0.01  # [P] Sec. 2.3, footnote 2: eps = radius / |v|

    def __post_init__(self) -> None:
        super().__post_init__()
        require(self.gradient, PASSES, "gradient of alpha")
        within(self, "radius", 1e-12, 10)
        if self.gradient == "joint" and not self.union:
            raise Refused("gradient='joint', union=False: one loss needs all rows; set union=true")

    @property
    def passes(self) -> int:
        """How many forward and backward passes of the search network a step takes."""
        return PASSES[self.gradient]


def reach(steps: int) -> dict[str, object]:
    """Return what a search of so many steps changes: alpha goes as far as in the paper's."""
    return {"steps": steps, "alpha_lr": rate_for(steps), "eval_every": -(-steps // 4)}
