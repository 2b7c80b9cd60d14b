"""How many numbers a language model of one recurrent cell has."""

from __future__ import annotations

from harness.training import metrics
from papers.text.cell import RecurrentCell
from papers.text.network import LanguageModel


def counted(words: int, cell: RecurrentCell) -> int:
    """Return the numbers of a language model with this cell; embedding and decoder are one."""
    return metrics.parameters(LanguageModel(words, cell.nodes.shape[1], cell))
