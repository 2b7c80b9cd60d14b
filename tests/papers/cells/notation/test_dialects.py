"""T5: NAS-Bench-201's and NASLib's notations convert both ways, and are not mixed up."""

from __future__ import annotations

import itertools

import pytest

from harness.paper import Refused
from papers.cells.notation import dialects
from papers.cells.notation.lines import edge_cell
from papers.cells.notation.source import Source
from papers.cells.space.edge import NB201

TEXT = "|nor_conv_3x3~0|+|none~0|avg_pool_3x3~1|+|skip_connect~0|nor_conv_1x1~1|none~2|"


def from_nb201(text):
    return edge_cell(Source(text), NB201)[1]


def test_every_code_round_trips_in_both():
    for code in itertools.islice(NB201.enumerate(), 0, None, 11):
        assert from_nb201(dialects.to_nb201(code)) == code
        assert dialects.from_naslib(dialects.to_naslib(code)) == code


def test_texts_are_nas_bench_201s():
    code = from_nb201(TEXT)
    assert NB201.names(code) == ("c3", "none", "avg", "skip", "c1", "none")
    assert dialects.to_nb201(code) == TEXT


def test_naslibs_edges_are_ordered_by_source():
    code = from_nb201(TEXT)
    # (1,2) 3x3, (1,3) zero, (1,4) identity, (2,3) average, (2,4) 1x1, (3,4) zero
    assert dialects.to_naslib(code) == (2, 1, 0, 4, 3, 1)
    assert dialects.to_naslib(code) != code


@pytest.mark.parametrize(
    ("numbers", "said"), [((0,) * 5, "6 edges"), ((0, 0, 7, 0, 0, 0), "entry 2")]
)
def test_bad_numbers_are_refused_with_their_position(numbers, said: str):
    with pytest.raises(Refused, match=said):
        dialects.from_naslib(numbers)
