"""Edge cells: codes, texts, encodings, and moves through the space."""

from __future__ import annotations

import random
from collections import Counter

import pytest
from scipy.stats import chisquare

from harness.paper import Refused
from papers.cells.space.edge import T0, T0B, T1, T2, EdgeSpace, distance

SMALL = (T0, T0B, T1)
TEXT = "|c5~0|+|skip~0|avg~1|+|none~0|c3~1|c5~2|"


@pytest.mark.parametrize("space", [*SMALL, T2], ids=lambda space: space.name)
def test_codes_numbers_and_texts_round_trip(space: EdgeSpace):
    for number, code in enumerate(space.enumerate()):
        assert space.encode(code) == number
        assert space.decode(number) == code
        if number % 7 == 0:
            assert space.parse(space.text(code)) == code
            assert space.code(space.names(code)) == code


def test_the_text_is_nas_bench_201s():
    assert T2.parse(TEXT) == (3, 1, 4, 0, 2, 3)
    assert T2.text((3, 1, 4, 0, 2, 3)) == TEXT


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("|c7~0|+|skip~0|avg~1|+|none~0|c3~1|c5~2|", "entry 0"),
        ("|c5~0|+|skip~1|avg~1|+|none~0|c3~1|c5~2|", "node 2, edge 0"),
        ("|c5~3|+|skip~0|avg~1|+|none~0|c3~1|c5~2|", "node 1, edge 0"),
        ("|c5~0|+|skip~0|+|none~0|c3~1|c5~2|", "node 2 has 1 edges"),
        ("|c5~0|+|skip~0|avg~1|", "2 nodes"),
    ],
)
def test_a_bad_text_is_refused_with_its_position(text: str, said: str):
    with pytest.raises(Refused, match=said):
        T2.parse(text)


@pytest.mark.parametrize(
    ("code", "said"), [((0,) * 5, "6 edges"), ((0, 0, 9, 0, 0, 0), "entry 2")]
)
def test_a_bad_code_is_refused_with_its_position(code: tuple[int, ...], said: str):
    with pytest.raises(Refused, match=said):
        T2.check(code)


def test_a_mutation_changes_one_edge_uniformly_and_symmetrically():
    code, stream = (0, 1, 2, 3, 4, 0), random.Random(0)
    drawn = Counter(T2.mutate(code, stream) for _ in range(24_000))
    neighbours = T2.neighbours(code)
    assert set(drawn) == set(neighbours)
    assert len(neighbours) == 24
    assert all(distance(code, other) == 1 for other in neighbours)
    assert chisquare([drawn[other] for other in neighbours]).pvalue > 1e-3
    assert all(code in T2.neighbours(other) for other in neighbours)


def test_random_codes_are_uniform():
    stream = random.Random(1)
    counts = Counter(T0.random(stream) for _ in range(25_000))
    assert len(counts) == 125
    assert chisquare(list(counts.values())).pvalue > 1e-3


def test_encodings_for_predictors():
    code = T2.parse(TEXT)
    onehot = T2.onehot(code)
    assert len(onehot) == 30
    assert [onehot[5 * e : 5 * e + 5].index(1) for e in range(6)] == list(code)
    paths = T2.paths(code)
    assert len(paths) == 155
    # four paths; the two of length two share a block
    assert sum(paths) == 4
    adjacency, nodes = T2.graph(code)
    assert nodes == ["in", "c5", "skip", "avg", "none", "c3", "c5", "out"]
    arrows = {(i, j) for i in range(8) for j in range(8) if adjacency[i][j]}
    wanted = {(0, 1), (0, 2), (0, 4), (1, 3), (1, 5), (2, 6), (3, 6), (4, 7), (5, 7), (6, 7)}
    assert arrows == wanted
