"""How published cells are trained in NASNet's own network on CIFAR-10, as a declaration.

[P] NASNet (arXiv:1707.07012), App. A, and [C] its authors' code (TF-slim); AmoebaNet's paper says
otherwise in its own config. [ours] chosen here.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from harness.paper import within
from papers.cells.child.cifar_recipe import CifarRecipe
from papers.cells.child.config import ImageChildren
from papers.cells.network.sizes_config import even

NATIVE = CifarRecipe(batch=32, channels=32, layers=18)


@dataclass(frozen=True)
class NativeChildren(ImageChildren):
    """A cell in NASNet's network, three stacks of normal cells, by NASNet's recipe.

    `child_layers` are the normal cells. Drop path is the last cell's in the end.
    """

    child_channels: int = 32  # [C] and [P] 6 @ 768
    child_layers: int = 18  # [C] three stacks of N = 6
    child_batch: int = 32  # [C]
    child_steps: int = NATIVE.steps()  # [C] 600 epochs of 1,563 batches
    child_drop_path: float = 0.4  # [C] a share of .6 is kept
    child_lr: float = 0.025  # [C] under a cosine to 0
    child_decay: float = 5e-4  # [C]

    def __post_init__(self) -> None:
        within(self, "child_layers", 3)
        within(self, "child_lr", 1e-6, 10)
        within(self, "child_decay", 0, 1e6)
        super().__post_init__()
        even(self, "child_channels")

    @property
    def recipe(self) -> CifarRecipe:
        """The training; its length is the phase's."""
        return replace(super().recipe, lr=self.child_lr, weight_decay=self.child_decay)
