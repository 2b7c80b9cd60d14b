"""Spaces of node cells: sizes, integers, moves, encodings, and what they refuse."""

import itertools
import random
from collections import Counter

import pytest
from scipy import stats

from harness.paper import Refused
from papers.cells.space import node
from papers.cells.space.genotype import CELLS, Genotype, NodeCell, parse_cell
from papers.cells.space.node import AMOEBA, DARTS, ENAS, NASNET, NODE_SPACES, NodeSpace, graph
from papers.cells.space.published import PUBLISHED

V2 = PUBLISHED["DARTS_V2"].genotype
RELEASED = PUBLISHED["ENAS_micro"].genotype
SMALL = NodeSpace("small", 2, ("max_pool_3x3", "skip_connect"), distinct=True, concat="all")
SPACES = pytest.mark.parametrize("space", NODE_SPACES.values(), ids=NODE_SPACES)


def changes(one, other):
    """Return what differs: (cell, place, part) with part 0 an operation, 1 a state."""
    return [
        (name, place, part)
        for name in CELLS
        for place, pairs in enumerate(
            zip(one.cell(name).pairs, other.cell(name).pairs, strict=True)
        )
        for part in (0, 1)
        if pairs[0][part] != pairs[1][part]
    ]


# --- sizes


def test_sizes_of_the_spaces():
    assert DARTS.cell_size == 1_037_664_180
    assert ENAS.cell_size == 5_062_500_000_000
    assert f"{ENAS.size:.3e}" == "2.563e+25"
    assert node.micro_size_printed() == 600**4  # 1.3e11
    assert f"{node.macro_size():.3e}" == "1.606e+29"
    assert f"{node.tree_size():.1e}" == "6.7e+14"
    assert f"{node.tree_size_printed():.1e}" == "8.0e+15"
    assert NASNET.cell_size == (13**5 * 720) ** 2
    assert AMOEBA.cell_size == (8**5 * 720) ** 2


def test_size_is_what_can_be_drawn():
    stream = random.Random(0)
    drawn = {SMALL.random(stream).cell("normal") for _ in range(2000)}
    assert len(drawn) == SMALL.cell_size == 4 * 3 * 4


# --- round trips


@SPACES
def test_round_trips(space):
    """Text and integers for 2500 genotypes of each space, JSON for some."""
    stream = random.Random(7)
    for number in range(2500):
        genotype = space.random(stream)
        assert Genotype.parse(genotype.text) == genotype
        assert space.decode(space.encode(genotype)) == genotype
        if number % 5 == 0:
            assert Genotype.from_json(genotype.json()) == genotype


def test_integers_are_those_of_the_release():
    text = "avg_pool_3x3~0 sep_conv_3x3~0 | skip_connect~0 sep_conv_5x5~0"
    assert RELEASED.text.startswith(f"normal: {text}")
    assert ENAS.encode(RELEASED)[:8] == (0, 2, 0, 0, 0, 4, 0, 1)


# --- what is refused, and where


GOOD = "skip_connect~0 max_pool_3x3~1 | skip_connect~0 skip_connect~2 ; concat 2 3"


def test_a_space_refuses_what_it_does_not_have():
    cell = parse_cell(GOOD)
    with pytest.raises(Refused, match="normal: 2 nodes, but DARTS has 4"):
        DARTS.check(Genotype.of(cell, cell))
    other = parse_cell(GOOD.replace("max_pool_3x3", "max_pool_3x4"))
    with pytest.raises(Refused, match="reduce, node 2, pair 1 in small: 'max_pool_3x4'; did you"):
        SMALL.check(Genotype.of(cell, other))
    twice = parse_cell(
        "skip_connect~1 max_pool_3x3~1 | skip_connect~0 skip_connect~2 ; concat 2 3"
    )
    with pytest.raises(Refused, match="reduce, node 2: reads state 1 twice"):
        SMALL.check(Genotype.of(cell, twice))
    part = NodeCell(cell.pairs, (3,))
    with pytest.raises(Refused, match=r"normal: concat \(3,\), but small concatenates all"):
        SMALL.check(Genotype.of(part, cell))


def test_integers_that_are_no_genotype_are_refused():
    numbers = list(ENAS.encode(RELEASED))
    with pytest.raises(Refused, match="39 numbers, but ENAS micro has 40"):
        ENAS.decode(numbers[:-1])
    with pytest.raises(Refused, match="entry 3: operation 5 is not one of 0 to 4"):
        ENAS.decode([*numbers[:3], 5, *numbers[4:]])
    with pytest.raises(Refused, match="normal, node 2, pair 0"):
        ENAS.decode([2, *numbers[1:]])
    with pytest.raises(Refused, match="normal, node 2, pair 0"):
        ENAS.decode([-1, *numbers[1:]])


def test_a_space_has_a_known_rule_and_a_node():
    with pytest.raises(Refused, match="rule of concatenation 'lose'; did you mean 'loose'"):
        NodeSpace("x", 2, ("skip_connect",), concat="lose")
    with pytest.raises(Refused, match="nodes=0"):
        NodeSpace("x", 0, ("skip_connect",))


# --- moving


@SPACES
def test_a_mutation_is_one_change_and_stays_in_the_space(space):
    stream = random.Random(3)
    genotype = space.random(stream)
    kinds = Counter()
    for _ in range(1000):
        child = space.mutate(genotype, stream)
        found = changes(genotype, child)
        space.check(child)  # acyclic: the states that a node reads come before it
        assert len(found) == (child != genotype)
        kinds[found[0][2] if found else None] += 1
        genotype = child
    assert stats.binomtest(kinds[None], 1000, 0.05).pvalue > 1e-3
    assert stats.binomtest(kinds[0], kinds[0] + kinds[1], 0.5).pvalue > 1e-3


def test_the_rate_of_identity_is_an_option():
    stream = random.Random(1)
    assert all(DARTS.mutate(V2, stream, identity=1.0) is V2 for _ in range(20))
    assert all(DARTS.mutate(V2, stream, identity=0.0) != V2 for _ in range(200))


@SPACES
def test_neighbours_are_all_single_changes(space):
    genotype = space.random(random.Random(5))
    found = space.neighbours(genotype)
    assert len(set(found)) == len(found)
    assert all(len(changes(genotype, other)) == 1 for other in found)
    # distinct: node i's pairs have i - 2 other states each; otherwise i - 1
    states = sum(2 * (i - 1 - space.distinct) for i in range(2, space.nodes + 2))
    assert len(found) == 2 * (2 * space.nodes * (len(space.ops) - 1) + states)
    assert all(genotype.canonical in {o.canonical for o in space.neighbours(n)} for n in found[:3])


def test_mutations_reach_every_neighbour():
    stream = random.Random(2)
    parent = SMALL.random(stream)
    drawn = Counter(SMALL.mutate(parent, stream, identity=0.0) for _ in range(2000))
    assert set(drawn) == set(SMALL.neighbours(parent))
    ops = [n for child, n in drawn.items() if changes(parent, child)[0][2] == 0]
    assert stats.chisquare(ops).pvalue > 1e-3


def test_the_concatenation_follows_a_changed_state_only():
    slim = PUBLISHED["NASNet_A_slim"].genotype  # concatenates what is no loose end
    for other in NASNET.neighbours(slim):
        name, _, part = changes(slim, other)[0]
        cell = other.cell(name)
        assert cell.concat == (slim.cell(name).concat if part == 0 else cell.loose)


# --- graphs and encodings


def test_rows_of_alpha():
    assert DARTS.offsets == (0, 2, 5, 9)
    assert len(DARTS.edges) == 14
    assert DARTS.edges[:5] == ((0, 2), (1, 2), (0, 3), (1, 3), (2, 3))
    assert DARTS.rows(V2.cell("normal")) == (0, 1, 2, 3, 6, 5, 9, 11)


def test_onehot_has_a_one_for_every_choice():
    bits = ENAS.onehot(RELEASED)
    assert len(bits) == 2 * 2 * sum(i + 5 for i in range(2, 7))
    assert sum(bits) == 2 * 2 * 2 * 5
    assert bits[:7] == [1, 0, 0, 0, 1, 0, 0]  # avg of state 0
    stream = random.Random(0)
    drawn = {ENAS.random(stream) for _ in range(300)}
    assert len({tuple(ENAS.onehot(g)) for g in drawn}) == len(drawn)


def test_graph_has_operations_as_nodes():
    cell = parse_cell("max_pool_3x3~0 skip_connect~1 | skip_connect~2 skip_connect~0 ; concat 3 1")
    adjacency, names = graph(cell)
    assert names == [
        "in", "in", "max_pool_3x3", "skip_connect", "skip_connect", "skip_connect", "out",
    ]  # fmt: skip
    places = itertools.product(range(7), repeat=2)
    found = {(a, b) for a, b in places if adjacency[a][b]}
    assert found == {(0, 2), (1, 3), (2, 4), (3, 4), (0, 5), (4, 6), (5, 6), (1, 6)}
