"""What is raced does the same."""

from __future__ import annotations

import pytest

from papers.gtn import bench


@pytest.mark.parametrize("place", [0, 1, 3, 4])
def test_both_sides_of_a_race_agree(place: int):
    pair = bench.pairs()[place]
    pair.agree()
    assert pair.oracle() is not None and pair.fast() is not None
