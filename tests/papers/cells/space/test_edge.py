"""Edge cells: codes, encodings, moves through the space, and which codes are the same network."""

from __future__ import annotations

import itertools
import random
from collections import Counter

import pytest
from scipy.stats import chisquare

from harness.paper import Refused
from papers.cells.space import classes as classes_module
from papers.cells.space.classes import Graph, classes, dead, written
from papers.cells.space.edge import NB201, T0, T0B, T1, T2, EdgeSpace, distance

SMALL = (T0, T0B, T1)
TEXT = "|c5~0|+|skip~0|avg~1|+|none~0|c3~1|c5~2|"


@pytest.mark.parametrize(
    ("space", "codes", "dead_codes", "count"),
    [(T0, 125, 9, 60), (T0B, 729, 67, 99), (T1, 4096, 169, 941), (T2, 15625, 341, 5260)],
    ids=lambda value: getattr(value, "name", value),
)
def test_sizes_dead_codes_and_classes_are_those_of_the_specification(
    space: EdgeSpace, codes: int, dead_codes: int, count: int
):
    assert space.size == codes == len(list(space.enumerate()))
    assert dead(space) == dead_codes
    assert len(classes(space)) == count
    assert sum(map(len, classes(space).members)) == codes


@pytest.mark.slow
def test_nas_bench_201_counts_6466_by_its_own_rule_and_5260_exactly():
    assert len({written(NB201, code) for code in NB201.enumerate()}) == 6466
    assert len(classes(NB201)) == 5260


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


def test_isomorphic_codes_share_a_class_and_others_do_not():
    def of(*names: str) -> int:
        return classes(T2).of(T2.code(names))

    # the order of nodes 1 and 2 does not matter while nothing runs between them
    assert of("c3", "c5", "none", "none", "skip", "skip") == of(
        "c5", "c3", "none", "none", "skip", "skip"
    )
    # what reaches no output is not there
    assert of("c3", "none", "none", "c5", "none", "none") == of(
        "none", "none", "none", "c5", "none", "none"
    )
    # a convolution used twice is not two convolutions
    assert of("c3", "none", "skip", "none", "skip", "skip") != of(
        "c3", "c3", "none", "none", "skip", "skip"
    )
    # pooling a sum is not summing what was pooled
    assert of("skip", "skip", "none", "none", "avg", "avg") != of(
        "skip", "skip", "skip", "none", "none", "avg"
    )


def test_a_representative_has_no_dead_edge_and_survives_in_larger_spaces():
    for space in SMALL:
        for code in classes(space).representatives:
            graph = Graph(space, code)
            convolutions = [p for p, n in enumerate(graph.names) if n in ("c3", "c5")]
            assert set(convolutions) == set(graph.live)
            moved = space.subset(code, T2)
            assert Graph(T2, moved).canonical == graph.canonical


def test_canonical_forms_do_not_depend_on_the_order_of_weights():
    """Every way to number the weights is tried: the least text is the same from any start."""
    graph = Graph(T2, T2.code(("c3", "c3", "c3", "c3", "c3", "c3")))
    assert len(graph.live) == 6
    groups = [list(graph.live)]
    texts = {graph._written(graph.output, n) for n in classes_module._numberings(groups)}
    assert graph.canonical in texts


def test_dead_means_no_path_from_input_to_output():
    for code in itertools.islice(T1.enumerate(), 0, None, 5):
        names = dict(zip(T1.edges, T1.names(code), strict=True))
        reached = {0}
        for source, target in T1.edges:
            if source in reached and names[source, target] != "none":
                reached.add(target)
        # edges are in target-major order, so one pass suffices
        assert Graph(T1, code).dead == (3 not in reached)
