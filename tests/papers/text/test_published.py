"""Published recurrent cells against what their papers print and draw."""

from __future__ import annotations

from papers.text.published import ENAS_RECURRENT_TOKENS, RECURRENT


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
