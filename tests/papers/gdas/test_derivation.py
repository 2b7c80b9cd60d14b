"""Two ways from weights to a cell, and whether a search agrees with itself."""

from __future__ import annotations

import torch

from papers.cells.supernet.derivation import derive as of_darts
from papers.cells.supernet.node import OPERATIONS, Design
from papers.cells.supernet.relaxation import Relaxation
from papers.gdas.derivation import WAYS, agreement, derive, release_cell, repeats
from papers.gdas.halves import Halves, half

DESIGN = Design(nodes=2)
EDGES = DESIGN.operations(False)
AT = {name: place for place, name in enumerate(OPERATIONS)}


def weights(*strong: tuple[int, str, float]) -> torch.Tensor:
    """Rows in which some operations of some edges stand out."""
    table = torch.full((len(DESIGN.edges), len(OPERATIONS)), 0.01)
    for edge, op, weight in strong:
        table[edge, AT[op]] = weight
    return table


ONE_EDGE = weights(
    (0, "sep_conv_3x3", 0.4), (0, "skip_connect", 0.3), (1, "max_pool_3x3", 0.2), (1, "none", 0.9),
    (2, "dil_conv_3x3", 0.5), (4, "avg_pool_3x3", 0.4),
)  # fmt: skip


def test_the_release_may_take_one_edge_twice_and_the_paper_may_not():
    paper, release = (WAYS[way](ONE_EDGE, DESIGN, EDGES) for way in ("paper", "release"))
    assert release.nodes[2] == (("sep_conv_3x3", 0), ("skip_connect", 0))
    assert paper.nodes[2] == (("sep_conv_3x3", 0), ("max_pool_3x3", 1))
    assert release.nodes[3] == paper.nodes[3] == (("dil_conv_3x3", 0), ("avg_pool_3x3", 2))
    found = derive("release", ONE_EDGE, ONE_EDGE, DESIGN)
    assert repeats(found) == 2  # node 2 of both cells
    assert repeats(derive("paper", ONE_EDGE, ONE_EDGE, DESIGN)) == 0
    assert agreement(derive("paper", ONE_EDGE, ONE_EDGE, DESIGN), found) == 3 / 4


def test_the_papers_way_is_darts():
    torch.manual_seed(0)
    both = [torch.randn(5, 8).softmax(1) for _ in range(2)]
    assert derive("paper", *both, DESIGN) == of_darts(*both, DESIGN)


def test_none_is_never_chosen_and_equal_weights_have_an_order():
    even = torch.full((5, 8), 0.125)
    assert release_cell(even, DESIGN, EDGES).nodes[2] == (
        ("max_pool_3x3", 0), ("avg_pool_3x3", 0),
    )  # fmt: skip
    only_none = weights(*((edge, "none", 0.9) for edge in range(5)))
    for way in WAYS.values():
        cell = way(only_none, DESIGN, EDGES)
        assert all(op != "none" for pairs in cell.nodes.values() for op, _ in pairs)


def test_halves_are_those_of_the_last_fifth():
    assert [half(turn, 20) for turn in (0, 15, 16, 17, 18, 19)] == [None, None, 0, 0, 1, 1]


def test_halves_remember_what_alpha_was_in_each():
    own = Relaxation({"normal": EDGES, "reduce": EDGES}, 0.0, 0)
    halves = Halves()
    for turn in range(20):
        with torch.no_grad():
            for alpha in own.alphas.values():
                alpha.zero_()
                alpha[:, AT["sep_conv_3x3" if turn < 18 else "skip_connect"]] = 2.0
        halves.note(own, turn, 20)
        if turn == 17:
            assert halves.derived(len) == []  # the second half has not begun
            resumed = Halves()
            resumed.load_state_dict(halves.state_dict())
            halves = resumed
    one, other = halves.derived(
        lambda sums: derive("paper", sums["normal"], sums["reduce"], DESIGN)
    )
    assert {op for op, _ in one.normal} == {"sep_conv_3x3"}
    assert {op for op, _ in other.normal} == {"skip_connect"}
    assert agreement(one, other) == 0.0
    assert agreement(one, one) == 1.0
