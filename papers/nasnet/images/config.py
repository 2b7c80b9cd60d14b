"""How NASNet-A is trained on CIFAR-10."""

from __future__ import annotations

from dataclasses import dataclass

from papers.cells.child.native_config import NativeChildren


@dataclass(frozen=True)
class NativePublished(NativeChildren):
    """NASNet-A in the paper's network; the defaults are those of the authors' code."""
