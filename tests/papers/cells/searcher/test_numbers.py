"""Random numbers in rows: one search, turn by turn, draws what many draw at once."""

from __future__ import annotations

import numpy as np

from papers.cells.searcher.numbers import Numbers, below, rows


def test_one_search_draws_the_rows_of_the_stack_whatever_it_leaves_unused():
    stacked = rows([3, 8], 5, 4)
    for search, seed in enumerate((3, 8)):
        stream = Numbers(seed, 4)
        for turn in range(5):
            stream.begin()
            drawn = [stream.random() for _ in range(1 + turn % 4)]
            assert drawn == stacked[search, turn, : len(drawn)].tolist()


def test_a_choice_is_the_next_number_times_how_many_there_are():
    stacked, stream = rows([1], 1, 2000), Numbers(1, 2000)
    stream.begin()
    assert [stream.randrange(7) for _ in range(2000)] == below(stacked[0, 0], 7).tolist()
    counts = np.bincount(below(stacked[0, 0], 7))
    assert len(counts) == 7
    assert counts.min() > 200
    assert below(np.array([1 - 2.0**-53]), 7).tolist() == [6]


def test_a_stream_goes_on_where_another_was():
    one, other = Numbers(4, 3), Numbers(5, 3)
    one.begin()
    one.random()
    other.setstate(one.getstate())
    for _ in range(2):
        assert [one.random(), one.random()] == [other.random(), other.random()]
        one.begin()
        other.begin()
