"""Which codes of edge cells are the same network, and which are dead."""

from __future__ import annotations

import itertools

import pytest

from papers.cells.space import classes as classes_module
from papers.cells.space.classes import Graph, classes, dead, written
from papers.cells.space.edge import NB201, T0, T0B, T1, T2, EdgeSpace

SMALL = (T0, T0B, T1)


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
