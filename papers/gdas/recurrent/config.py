"""The numbers of the recurrent search.

[P] the paper (arXiv:1910.04465), [D] DARTS's recurrent search (arXiv:1806.09055v2), which it
follows, [C] the authors' code (`exps-rnn/acc_rnn_search.py` and the command beside it), [ours]
chosen here. The defaults search on the whole of WikiText-2, where the authors' text is Penn
Treebank; `papers/text/config.py` has network and training.
"""

from __future__ import annotations

from dataclasses import dataclass

from papers.gdas.config import Gdas
from papers.text.config import SearchedCell


@dataclass(frozen=True)
class RecurrentSearch(Gdas, SearchedCell):
    """A search by samples, and the training of the cell that it derives.

    `released`: alpha is updated as the authors' code does. Where its gradient should be set to
    zero it takes a step, so that the gradients of all losses so far pile up, those of w's losses
    as well, and each update of alpha is two steps along their sum; alpha comes first; and every
    activation runs, those that are not sampled at weight 0, so that all have a gradient.
    """

    lowest_tau: float = 1.0  # [C] 10 to 1
    epochs: int = 200  # [C]
    search_steps: int = 48_000  # [C] 200 epochs, of WikiText-2; DARTS: 50
    alpha_lr: float = 3e-3  # [C] [D]
    alpha_beta1: float = 0.9  # [C] [D]
    lr: float = 20.0  # [C] [D] SGD without momentum, times length / bptt
    lowest_lr: float = 20.0  # [C] [D] constant
    momentum: float = 0.0  # [C] [D]
    weight_decay: float = 5e-7  # [C] [D]
    clip: float = 0.25  # [C] [D] of w's gradient
    released: bool = False  # [ours]; [C] True

    def __post_init__(self) -> None:
        Gdas.__post_init__(self)
        SearchedCell.__post_init__(self)
