"""A reduction cell that nobody searches for: GDAS's, beside which its normal cell is searched.

Dong & Yang 2019, arXiv:1910.04465, GDAS (FRC), as in the authors' code: each input goes through a
convolution in groups and, beside it, through pooling; the four are concatenated. A node sums two
operations, so each has `none` beside its own.
"""

from __future__ import annotations

from typing import Any

from harness.paper import Refused
from papers.cells.space.genotype import NodeCell

GROUPS = 8  # of the convolutions
STEP = GROUPS // 2  # reductions have twice and four times a network's channels
CONVOLUTION, POOLING, NOTHING = "grouped_conv_3x3", "max_pool_norm_3x3", "none"
HAND_MADE = NodeCell(
    (
        (CONVOLUTION, 0), (NOTHING, 1),
        (CONVOLUTION, 1), (NOTHING, 0),
        (POOLING, 0), (NOTHING, 1),
        (POOLING, 1), (NOTHING, 0),
    ),
    (2, 3, 4, 5),
)  # fmt: skip


def refuse_groups(config: Any, name: str) -> None:
    """Refuse channels of a network that its reduction cells cannot divide into groups."""
    value = getattr(config, name)
    if value % STEP:
        near = max(STEP, round(value / STEP) * STEP)
        raise Refused(
            f"{name}={value}: must be a multiple of {STEP}, for the {GROUPS} groups of the fixed "
            f"reduction cell; the nearest is {near}"
        )
