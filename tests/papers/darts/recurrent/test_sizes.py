"""The paper's networks have as many numbers as it prints."""

from __future__ import annotations

from papers.darts.recurrent import sizes
from papers.darts.recurrent.config import RecurrentSizes


def test_parameters_are_those_of_the_paper():
    (row,) = sizes.run(RecurrentSizes(), None)  # type: ignore[arg-type]
    assert row["ptb_parameters"] == 22_960_000
    assert row["wt2_parameters"] == 33_127_878
    assert row["search_parameters"] == 4_810_000
    assert row["alphas"] == 36 * 5
