"""Alpha's rate in short searches: chosen so that alpha can go as far as in the paper's search.

Adam moves each alpha by at most about its rate in a step, so rate times steps bounds the way.
"""

from __future__ import annotations

TRAVEL = 5.9  # the paper's search on CIFAR-10: 3e-4 times 19,550 steps (App. A.1.1)


def alpha_lr(steps: int, travel: float = TRAVEL) -> float:
    """Return the rate with which so many steps reach `travel`."""
    return round(travel / steps, 4)
