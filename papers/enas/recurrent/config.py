"""The numbers of the recurrent study: how shared weights and theta are trained, and what else.

[P] the paper (arXiv:1802.03268), [E] the authors' second code for language models (enas_lm), which
their first one's errata point to, [league] as the other searches derive, [ours] chosen here. The
defaults search on the whole of WikiText-2; `papers/text/config.py` has the training.
"""

from __future__ import annotations

from dataclasses import dataclass

from harness.paper import positive, within
from papers.enas.learning import Learning
from papers.text.config import SearchedCell


@dataclass(frozen=True)
class RecurrentSearch(SearchedCell, Learning):
    """A search, and the training of the cell that it derives.

    The reward is `reward` over the perplexity of one window of the text that theta is trained on,
    `score_batch` streams side by side, the same window for all architectures of an update.
    Candidates are scored on the text that chooses.
    """

    preset: str = "paper"  # [P] T 5 and tau 2.5; [E] 2.25
    theta_lr: float = 5e-5  # [E] Adam
    theta_beta1: float = 0.9  # [E]
    theta_eps: float = 1e-8  # [E]
    entropy: float = 1e-5  # [E]
    baseline_decay: float = 0.999  # [E]
    updates: int = 25  # [E] an epoch
    rounds: int = 600  # [E] one after each epoch
    nodes: int = 8  # [E]
    reward: float = 80.0  # [P] over the perplexity
    search_steps: int = 279_000  # [E] 600 epochs, of WikiText-2
    search_batch: int = 128  # [E]
    search_width: int = 200  # [E]
    search_word_dropout: float = 0.1  # [E]
    search_lr: float = 20.0  # [E] SGD, constant, times length / bptt
    search_decay: float = 8e-7  # [E]
    search_clip: float = 0.1  # [E] norm of all gradients together
    score_batch: int = 128  # [E]
    search_every: int = 4650  # [ours] steps between two looks at the search: ten epochs

    def __post_init__(self) -> None:
        Learning.__post_init__(self)
        SearchedCell.__post_init__(self)
        within(self, "reward", 1e-9, 1e9)
        positive(self, "score_batch")
        within(self, "search_lr", 1e-9, 1000)
        within(self, "search_decay", 0, 1e6)
        within(self, "search_clip", 1e-9)
