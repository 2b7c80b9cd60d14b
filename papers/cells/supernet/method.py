"""What tells one gradient searcher from another, whatever network and rows it searches on."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from torch import Tensor

from papers.cells.rows import Batch
from papers.cells.supernet.bilevel import Optimizers, Problem
from papers.cells.supernet.relaxation import Relaxation

# what runs in training: of a relaxation and a type of cell, weights or samples (E, O)
Choose = Callable[[Relaxation, str], Tensor]


def mixture(relaxation: Relaxation, name: str) -> Tensor:
    """Return the weights of all operations (E, O): every one of them runs (DARTS, Eq. 2)."""
    return relaxation.weights(name)


@dataclass(frozen=True)
class Method:
    """How alpha and w are updated, and what runs meanwhile.

    `train` makes the optimizers of a problem, and their step takes so many forward and backward
    `passes`. `choose` is called anew for every loss; with `hard` its rows have at most one number
    that is not zero, and only that operation runs.
    """

    train: Callable[[Problem[Batch]], Optimizers[Batch]]
    passes: int = 2
    choose: Choose = mixture
    hard: bool = False
