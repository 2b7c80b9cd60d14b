"""How many numbers the paper's recurrent networks have (Tables 2 and 3)."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import torch

from papers.text.cell import OPERATIONS, DiscreteCell, MixedRecurrentCell, offset
from papers.text.parameters import counted
from papers.text.published import RECURRENT

if TYPE_CHECKING:
    from harness.paper import Row
    from harness.trial import Trial
    from papers.darts.recurrent.config import RecurrentSizes


def run(config: RecurrentSizes, trial: Trial) -> Iterator[Row]:
    """Count the networks of Penn Treebank and WikiText-2, and the search network."""
    cell = RECURRENT["DARTS_V2"]
    with torch.device("meta"):
        ptb = DiscreteCell(cell, config.ptb_width)
        wt2 = DiscreteCell(cell, config.wt2_width)
        searched = MixedRecurrentCell(config.nodes, config.search_width)
        row = {
            "ptb_parameters": counted(config.ptb_words, ptb),
            "wt2_parameters": counted(config.wt2_words, wt2),
            "search_parameters": counted(config.ptb_words, searched),
        }
    yield {**row, "alphas": len(OPERATIONS) * offset(config.nodes + 1)}
