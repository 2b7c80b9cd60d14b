"""How many numbers a language model has."""

from __future__ import annotations

from papers.text.cell import DiscreteCell
from papers.text.parameters import counted
from papers.text.published import RECURRENT


def test_embedding_and_decoder_are_one():
    cell = DiscreteCell(RECURRENT["DARTS_V2"], 6)
    assert counted(10, cell) == 10 * 6 + 10 + (4 + 8 * 2) * 36
