"""A recurrent cell as a picture in text."""

from __future__ import annotations

from pathlib import Path

from papers.text import architecture, draw
from papers.text.published import RECURRENT


def test_a_cell_is_drawn_below_the_states_that_it_reads(tmp_path: Path):
    architecture.save(RECURRENT["ENAS"], tmp_path)
    lines = draw.shown(tmp_path).splitlines()
    assert lines[0].startswith("tanh~0 tanh~1 relu~1")
    assert "|  |  |- s2  tanh" in lines
    assert any(line.endswith("s4  tanh  (not in the mean)") for line in lines)
    assert sum("|- s" in line for line in lines) == 12
