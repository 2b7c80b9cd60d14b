"""How many numbers the paper's recurrent networks have, counted without making one."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import torch

from harness.training import metrics
from papers.darts.recurrent.cell import OPERATIONS, Cell, DiscreteCell, MixedCell, offset
from papers.darts.recurrent.network import LanguageModel
from papers.text.published import RECURRENT

if TYPE_CHECKING:
    from harness.paper import Row
    from harness.trial import Trial
    from papers.darts.recurrent.config import Sizes


def run(config: Sizes, trial: Trial) -> Iterator[Row]:
    """Count the networks of Penn Treebank and WikiText-2, and the search network."""
    cell = RECURRENT["DARTS_V2"]
    with torch.device("meta"):
        ptb = DiscreteCell(cell, config.ptb_width)
        wt2 = DiscreteCell(cell, config.wt2_width)
        searched = MixedCell(config.nodes, config.search_width)
        row = {
            "ptb_parameters": counted(config.ptb_words, ptb),
            "wt2_parameters": counted(config.wt2_words, wt2),
            "search_parameters": counted(config.ptb_words, searched),
        }
    yield {**row, "alphas": len(OPERATIONS) * offset(config.nodes + 1)}


def counted(words: int, cell: Cell) -> int:
    """Return the numbers of a language model with this cell; embedding and decoder are one."""
    return metrics.parameters(LanguageModel(words, cell.nodes.shape[1], cell))
