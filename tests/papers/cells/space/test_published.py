import pytest

from papers.cells.network.operations import PRIMITIVES
from papers.cells.space import published
from papers.cells.space.node import AMOEBA, DARTS, ENAS, NASNET
from papers.cells.space.published import ENAS_MACRO, ENAS_RECURRENT_TOKENS, PUBLISHED, RECURRENT

SPACES = {
    "DARTS_V1": DARTS,
    "DARTS_V2": DARTS,
    "GDAS_V1": DARTS,
    "PC_DARTS_cifar": DARTS,
    "PC_DARTS_image": DARTS,
    "P_DARTS": DARTS,
    "NASNet_A_slim": NASNET,
    "NASNet_A_darts": NASNET,
    "PNAS": NASNET,
    "AmoebaNet_A_tpu": AMOEBA,
    "AmoebaNet_A_darts": AMOEBA,
    "ENAS_micro": ENAS,
}


def test_every_genotype_is_of_its_space_and_cited():
    assert set(SPACES) == set(PUBLISHED)
    for name, space in SPACES.items():
        space.check(PUBLISHED[name].genotype)
        assert "arXiv:" in PUBLISHED[name].citation


def test_every_operation_can_be_built():
    assert set(published.SHORT.values()) <= set(PRIMITIVES)


def test_variants_of_a_cell_differ_as_said():
    slim, listed = (PUBLISHED[f"NASNet_A_{kind}"].genotype for kind in ("slim", "darts"))
    assert (slim.normal, slim.reduce) == (listed.normal, listed.reduce)
    assert set(slim.normal_concat) - set(listed.normal_concat) == {0}
    assert set(slim.reduce_concat) - set(listed.reduce_concat) == {3}
    assert listed.cell("normal").loose == listed.normal_concat
    assert listed.cell("reduce").loose == listed.reduce_concat
    tpu = PUBLISHED["AmoebaNet_A_tpu"].genotype
    assert tpu.cell("normal").loose == (3, 4, 6)
    assert tpu.reduce_concat == (2, 3, 4, 5, 6)


def test_enas_concatenates_its_loose_ends():
    genotype = PUBLISHED["ENAS_micro"].genotype
    assert genotype.normal_concat == (2, 3, 4, 5, 6)
    assert genotype.reduce_concat == (2, 4, 5, 6)


def test_enas_whole_network():
    assert len(ENAS_MACRO.ops) == len(ENAS_MACRO.skips) == 24
    assert [len(bits) for bits in ENAS_MACRO.skips] == list(range(24))
    assert sum(map(sum, ENAS_MACRO.skips)) / (24 * 23 / 2) == pytest.approx(0.355, abs=5e-4)


# --- recurrent cells


def tree(children, activation, node):
    """Return a rooted tree of activations as text, blind to the numbers of the nodes."""
    below = sorted(tree(children, activation, child) for child in children.get(node, ()))
    return f"{activation[node]}({' '.join(below)})"


def listed(cell):
    """Read a listing whose state 0 stands for the (tanh) root."""
    activation = {0: "tanh", **{n: name for n, (name, _) in enumerate(cell.nodes, start=1)}}
    children = {}
    for number, (_, state) in enumerate(cell.nodes, start=1):
        children.setdefault(state, []).append(number)
    return children, activation


def test_recurrent_cells_read_earlier_states():
    for cell in RECURRENT.values():
        assert all(0 <= state <= number for number, (_, state) in enumerate(cell.nodes))
    assert RECURRENT["DARTS_V2"].concat == tuple(range(1, 9))


def test_enas_recurrent_cell_is_the_same_in_three_numberings():
    children, activation = listed(RECURRENT["ENAS"])
    leaves = tuple(n for n in activation if n not in children)
    assert leaves == RECURRENT["ENAS"].concat

    names = ("tanh", "relu", "identity", "sigmoid")
    root, *rest = ENAS_RECURRENT_TOKENS
    released = {0: names[root]}
    edges = {}
    for number, (state, kind) in enumerate(zip(rest[::2], rest[1::2], strict=True), start=1):
        released[number] = names[kind]
        edges.setdefault(state, []).append(number)

    drawn = {1: (2, 3), 2: (4, 5, 6), 6: (7,), 7: (8,), 8: (9, 10, 11), 0: (1,)}
    relu = {2, 4, 7, 8, 9, 10, 11}
    figure = {n: "relu" if n in relu else "tanh" for n in range(12)}
    trees = [tree(children, activation, 0), tree(edges, released, 0), tree(drawn, figure, 0)]
    assert len({*trees}) == 1, trees
