"""From weights of operations to a cell, and back to the network that it was derived from."""

from __future__ import annotations

from dataclasses import replace

import pytest
import torch
from torch import nn

from papers.cells.network.darts import Cell
from papers.cells.network.operations import Place
from papers.cells.space.edge import SPACES
from papers.cells.space.genotype import Genotype, NodeCell
from papers.cells.space.published import PUBLISHED
from papers.cells.supernet.derivation import derive, derive_cell, derive_code, path, strongest
from papers.cells.supernet.node import OPERATIONS, Design, Supernet
from papers.cells.supernet.relaxation import Relaxation

DESIGN = Design(channels=4, cells=3)
TWO = replace(DESIGN, nodes=2)
THREE = ("sep_conv_3x3", "avg_pool_3x3", "none")
FOUR_NODES = [
    name
    for name, published in PUBLISHED.items()
    if len(published.genotype.normal) == 8
    and {op for op, _ in (*published.genotype.normal, *published.genotype.reduce)}
    <= set(OPERATIONS)
]


def drawn(seed: int = 0, edges: int = 14, scale: float = 1.0) -> torch.Tensor:
    stream = torch.Generator().manual_seed(seed)
    return scale * torch.randn(edges, 8, generator=stream, dtype=torch.float64)


def cell_of(alpha: torch.Tensor, design: Design = DESIGN, edges=None) -> NodeCell:
    return derive_cell(alpha.softmax(1), design, edges or design.operations(False))


# -- the rule -----------------------------------------------------------------------------------


def test_none_is_never_chosen_and_every_node_keeps_two_different_edges():
    alpha = drawn()
    alpha[:, 0] += 20  # none dominates everywhere
    cell = cell_of(alpha)
    for pairs in cell.nodes.values():
        assert len({source for _, source in pairs}) == 2
    assert "none" not in {op for op, _ in cell.pairs}
    assert cell.concat == (2, 3, 4, 5)


def test_none_has_a_say_in_which_edges_are_kept():
    """What none takes is lacking on its edge, though it is not chosen itself."""
    alpha = torch.zeros(14, 8, dtype=torch.float64)
    alpha[2:5, 4] = torch.tensor([1.2, 1.0, 1.1])  # the edges of node 3
    assert {source for _, source in cell_of(alpha).nodes[3]} == {0, 2}
    alpha[2, 0] = 3
    assert {source for _, source in cell_of(alpha).nodes[3]} == {1, 2}


def test_equal_weights_are_decided_by_order():
    """The lower source, and the first operation that is not none."""
    cell = cell_of(torch.zeros(14, 8))
    assert cell.pairs == (("max_pool_3x3", 0), ("max_pool_3x3", 1)) * 4


def test_raw_alphas_would_rank_the_edges_otherwise():
    """Rows (conv, pool, none): softmax keeps edges 1 and 2, raw numbers edges 0 and 1."""
    alpha = torch.zeros(5, 3)
    alpha[2:] = torch.tensor([[1, 0, 3], [0.9, 0, -3], [0.8, 0, -3]])
    cell = cell_of(alpha, TWO, (THREE,) * 5)
    assert cell.nodes[3] == (("sep_conv_3x3", 1), ("sep_conv_3x3", 2))
    raw = derive_cell(alpha, TWO, (THREE,) * 5)
    assert {source for _, source in raw.nodes[3]} == {0, 1}


def test_a_constant_added_to_a_row_changes_nothing():
    alpha = drawn(1)
    shifted = alpha + torch.linspace(-5, 5, 14, dtype=torch.float64)[:, None]
    assert cell_of(shifted) == cell_of(alpha)


def test_the_stronger_edge_comes_first():
    alpha = torch.zeros(14, 8)
    alpha[0, 4], alpha[1, 5] = 1, 2
    first, second = cell_of(alpha).nodes[2]
    assert (first, second) == (("sep_conv_5x5", 1), ("sep_conv_3x3", 0))


def test_the_rule_by_hand_on_random_numbers():
    alpha = drawn(2)
    shares, cell = alpha.softmax(1), cell_of(alpha)
    for node, pairs in cell.nodes.items():
        first = (0, 2, 5, 9)[node - 2]
        strength = shares[first : first + node, 1:].amax(1)
        best = strength.argsort(descending=True)[:2].tolist()
        expected = [(OPERATIONS[1 + int(shares[first + j, 1:].argmax())], j) for j in best]
        assert list(pairs) == expected


# -- reduced spaces -----------------------------------------------------------------------------


def test_edges_of_a_reduced_space_choose_among_their_own():
    """Numbers beyond an edge's operations are masked, however large."""
    narrow, wide = ("none", "skip_connect"), ("skip_connect", "sep_conv_3x3", "dil_conv_3x3")
    edges = (narrow, wide) * 2 + (narrow,)
    design = replace(TWO, normal=edges, reduce=edges)
    relaxation = Relaxation({"normal": edges}, 1e-3, seed=0)
    with torch.no_grad():
        relaxation.alphas["normal"][:, 2] = 50
    weights = relaxation.weights("normal")
    assert weights[0, 2] == 0
    torch.testing.assert_close(weights.sum(1), torch.ones(5))
    cell = derive_cell(weights, design, edges)
    assert cell.pairs[0] == ("dil_conv_3x3", 1)
    assert ("skip_connect", 0) in cell.pairs


def test_an_edge_that_is_only_none_is_the_weakest():
    assert strongest([1.0], ["none"]) == (-1.0, 0)
    assert strongest([0.7, 0.1, 0.2], ["none", "skip_connect", "sep_conv_3x3"]) == (0.2, 2)
    assert strongest([0.5, 0.5], ["skip_connect", "sep_conv_3x3"]) == (0.5, 0)


def test_an_edge_cell_takes_every_edge_s_strongest_operation():
    space = SPACES["T2"]
    weights = drawn(3, len(space.edges))[:, : len(space.ops)].softmax(1)
    code = derive_code(weights, space)
    for edge, op in enumerate(code):
        allowed = [place for place, name in enumerate(space.ops) if name != "none"]
        assert op == max(allowed, key=lambda place: float(weights[edge, place]))


# -- there and back -----------------------------------------------------------------------------


def test_the_published_cells_of_four_nodes_are_known():
    assert {"DARTS_V1", "DARTS_V2", "GDAS_V1", "P_DARTS", "PC_DARTS_cifar"} <= set(FOUR_NODES)


@pytest.mark.parametrize("name", FOUR_NODES)
def test_a_published_genotype_comes_back_from_its_weights(name):
    genotype = PUBLISHED[name].genotype
    alphas = []
    for kind in ("normal", "reduce"):
        chosen = path(genotype.cell(kind), DESIGN, DESIGN.operations(kind == "reduce"))
        assert sum(op is not None for op in chosen) == 8
        alpha = torch.zeros(14, 8)
        for edge, op in enumerate(chosen):
            if op is not None:
                alpha[edge, op] = 10
        alphas.append(alpha)
    found = derive(*(alpha.softmax(1) for alpha in alphas), DESIGN)
    assert found.canonical == genotype.canonical
    assert Genotype.from_json(found.json()) == found
    assert Genotype.parse(found.text) == found


def test_both_orders_of_a_pair_are_one_cell():
    alpha = torch.zeros(14, 8)
    alpha[0, 4], alpha[1, 5] = 2, 1
    other = alpha.clone()
    other[0, 4], other[1, 5] = 1, 2
    one, two = cell_of(alpha), cell_of(other)
    assert one != two
    assert one.canonical == two.canonical
    assert hash(one.canonical) == hash(two.canonical)


class Discrete(nn.Module):
    """The network in which only a genotype's operations exist, normalised as in the search."""

    def __init__(self, supernet: Supernet, genotype: Genotype) -> None:
        super().__init__()
        design = supernet.design
        self.stem, self.head = supernet.stem, supernet.head
        self.cells = nn.ModuleList()
        place = Place(design.channels, 1, design.dim, False, pooled_norm=True, tracked=False)
        inputs, halve = (3 * design.channels,) * 2, False
        for mixed in supernet.mixed_cells():
            stride = 1 + mixed.reduction
            place = replace(place, channels=place.channels * stride, stride=stride)
            kind = genotype.cell("reduce" if mixed.reduction else "normal")
            cell = Cell(kind, place, inputs, halve).double()
            chosen = path(kind, design, design.operations(mixed.reduction))
            parts = mixed.child(chosen)
            cell.older.load_state_dict(parts["preprocess0"].state_dict())
            cell.newer.load_state_dict(parts["preprocess1"].state_dict())
            for number, (_, source) in enumerate(kind.pairs):
                edge = design.edges.index((source, 2 + number // 2))
                cell.operations[number].load_state_dict(parts[str(edge)].state_dict())
            self.cells.append(cell)
            inputs, halve = (inputs[1], cell.channels), mixed.reduction

    def forward(self, x):
        older = newer = self.stem(x)
        for cell in self.cells:
            older, newer = newer, cell(older, newer, nn.Identity())
        return self.head(newer.flatten(2).mean(-1))


@pytest.mark.parametrize("dim", [1, 2])
def test_a_supernet_with_onehot_weights_is_the_derived_network(dim):
    torch.manual_seed(4)
    design = replace(DESIGN, dim=dim)
    supernet = Supernet(design).double()
    genotype = derive(drawn(5).softmax(1), drawn(6).softmax(1), design)
    x = torch.randn(5, 3, *(8,) * dim, dtype=torch.float64)
    expected = Discrete(supernet, genotype)(x)
    paths = [path(genotype.cell(kind), design, OPS) for kind in ("normal", "reduce")]
    torch.testing.assert_close(supernet(x, *paths), expected, rtol=1e-10, atol=1e-12)
    rows = [onehot(chosen) for chosen in paths]
    torch.testing.assert_close(supernet(x, *rows), expected, rtol=1e-10, atol=1e-12)


OPS = DESIGN.operations(False)


def onehot(chosen: list[int | None]) -> torch.Tensor:
    rows = torch.zeros(14, 8, dtype=torch.float64)
    for edge, op in enumerate(chosen):
        if op is not None:
            rows[edge, op] = 1
    return rows


def test_a_path_of_a_cell_has_its_edges_and_no_others():
    genotype = PUBLISHED["DARTS_V2"].genotype
    chosen = path(genotype.cell("normal"), DESIGN, OPS)
    names = {
        (DESIGN.edges[edge], OPERATIONS[op])
        for edge, op in enumerate(chosen)
        if op is not None
    }  # fmt: skip
    assert ((2, 5), "dil_conv_3x3") in names
    assert ((0, 5), "skip_connect") in names
    assert len(names) == 8
