"""How the authors trained their cells on CIFAR-10.

[P] the paper (arXiv:1802.01548), Sec. 4 and App. B, from memory; [ours] chosen here.
"""

from __future__ import annotations

from dataclasses import dataclass

from harness.paper import require
from papers.cells.child.native_config import NATIVE, NativeChildren

NAMES = ("A", "B", "C", "D")
BATCHES = 391  # of 128 images an epoch


@dataclass(frozen=True)
class NativePublished(NativeChildren):
    """One of the published cells in the paper's network, with bottlenecks."""

    cell: str = "A"
    child_channels: int = 36  # [P] F
    child_batch: int = 128  # [P]
    child_steps: int = NATIVE.epochs * BATCHES  # [P] 600 epochs
    child_auxiliary: float = 0.5  # [P]
    child_drop_path: float = 0.3  # [P] a share of .7 is kept
    child_cutout: int = 0  # [P] of the 3.34 %
    child_lr: float = 0.024  # [P] under a cosine to 0

    def __post_init__(self) -> None:
        super().__post_init__()
        require(self.cell, NAMES, "published cell")
