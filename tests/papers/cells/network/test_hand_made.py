"""A reduction cell that is made by hand: what it computes, in both networks, and its weights."""

import pytest
import torch
from torch import nn
from torch.nn import functional as F

from harness.paper import Refused
from harness.training.metrics import parameters
from papers.cells.network import hand_made
from papers.cells.network.darts import Cell, Layout, Network
from papers.cells.network.operations import PRIMITIVES, Place, build
from papers.cells.space.hand_made import CONVOLUTION, HAND_MADE, POOLING
from papers.cells.space.published import HAND_REDUCED
from papers.cells.supernet.derivation import derive_cell, only, path
from papers.cells.supernet.node import Design, Kind, MixedCell, Supernet
from papers.cells.supernet.node_fast import FastSupernet

F1 = HAND_REDUCED["GDAS_F1"].genotype
EDGES = Design().edges
CHOSEN = [0] * len(EDGES)  # of a reduction cell: the one operation that an edge has


@pytest.fixture(autouse=True)
def available():
    with hand_made.available():
        yield


def given():
    """Return a small search network's design, with the cell as its reduction cell."""
    return Design(channels=4, cells=3, reduce=only(HAND_MADE))


def by_hand(cell, older, newer):
    """Return what the cell says, written out: two convolutions and two poolings side by side."""
    inputs = [cell.older(older), cell.newer(newer)]
    convolutions, pools = (
        [o for o in cell.operations if isinstance(o, nn.Sequential) and (len(o) == 7) == many]
        for many in (True, False)
    )
    outputs = []
    for x, (relu, wide, high, norm, again, mixing, last) in zip(inputs, convolutions, strict=True):
        assert (wide.groups, high.groups) == (8, 8)
        assert (wide.stride, high.stride) == ((1, 2), (2, 1))
        outputs.append(last(mixing(again(norm(high(wide(relu(x))))))))
    for x, (_, norm) in zip(inputs, pools, strict=True):
        outputs.append(norm(F.max_pool2d(x, 3, 2, 1)))
    return torch.cat(outputs, dim=1)


def test_the_cell_puts_two_convolutions_and_two_poolings_side_by_side():
    torch.manual_seed(0)
    cell = Cell(HAND_MADE, Place(8, 2, 2), (6, 10), halve=False)
    older, newer = torch.randn(2, 6, 8, 8), torch.randn(2, 10, 8, 8)
    out = cell(older, newer, nn.Identity())
    assert out.shape == (2, 32, 4, 4)
    assert torch.equal(out, by_hand(cell, older, newer))


def test_its_operations_are_there_within_the_block_only():
    known = set(PRIMITIVES)
    with hand_made.available():  # in another such block, the fixture's
        assert set(PRIMITIVES) == known
    assert set(PRIMITIVES) == known
    assert set(hand_made.OPERATIONS) == {op for op, _ in HAND_MADE.pairs} <= known


def test_elsewhere_such_a_cell_is_refused(monkeypatch):
    for name in hand_made.OPERATIONS:
        monkeypatch.delitem(PRIMITIVES, name)
    with pytest.raises(Refused, match="unknown operation with a module 'grouped_conv_3x3'"):
        Network(Layout(F1))
    with pytest.raises(Refused, match="must be different known operations"):
        given()
    with pytest.raises(Refused, match="within"), hand_made.available():
        raise Refused("within")
    assert not set(hand_made.OPERATIONS) & set(PRIMITIVES)


@pytest.mark.parametrize("stride", [1, 2])
@pytest.mark.parametrize("size", [32, 28, 7])
def test_operations_have_the_shapes_of_all_others(stride, size):
    x = torch.randn(2, 8, size, size)
    before = x.clone()
    for op in hand_made.OPERATIONS:
        out = build(op, Place(8, stride, 2))(x)
        assert out.shape == (2, 8, -(-size // stride), -(-size // stride)), op
        assert torch.equal(x, before)


def test_what_drops_paths_leaves_alone_what_is_not_there():
    cell, seen = Cell(HAND_MADE, Place(8, 2, 2), (8, 8), halve=False), []
    x = torch.randn(2, 8, 8, 8)
    cell(x, x, lambda value: seen.append(value) or value)
    assert len(seen) == 4  # every operation, no `none`
    zeros = build("none", Place(8, 2, 2))(x)
    assert zeros.shape == (2, 8, 4, 4)
    assert not zeros.any()


def test_the_published_cell_has_as_many_weights_as_its_log_says():
    with torch.device("meta"):
        assert parameters(Network(Layout(F1))) == 2_543_014  # the log: 2.543 M; printed: 2.5 M
    c = 16
    assert parameters(build(CONVOLUTION, Place(c, 2, 2))) == 2 * 3 * c * c // 8 + c * c + 4 * c
    assert parameters(build(POOLING, Place(c, 2, 2))) == 2 * c


def test_the_network_trains():
    torch.manual_seed(0)
    network = Network(Layout(F1, 4, 3, auxiliary=True))
    network.drop_path = 0.3
    logits, second = network(torch.randn(2, 3, 16, 16))
    (logits.sum() + second.sum()).backward()
    assert all(p.grad is not None for p in network.cells[-1].parameters())


def test_a_search_network_has_the_same_cell_and_nothing_to_search_in_it():
    """Batch norms in search have no weights and no statistics; all else is equal."""
    torch.manual_seed(0)
    design = given()
    mixed = MixedCell(design, (8, 8), 8, Kind(reduction=True, follows=False))
    cell = Cell(HAND_MADE, Place(8, 2, 2), (8, 8), halve=False)
    pairs = [(mixed.preprocess0, cell.older), (mixed.preprocess1, cell.newer)]
    for place, (op, source) in enumerate(HAND_MADE.pairs):
        if op != "none":
            edge = mixed.mixed[EDGES.index((source, 2 + place // 2))]
            pairs.append((edge.operations[op], cell.operations[place]))
    for own, theirs in pairs:
        theirs.load_state_dict(own.state_dict(), strict=False)
    x = torch.randn(4, 8, 8, 8)
    searched = mixed(x, x, CHOSEN, False)
    torch.testing.assert_close(searched, cell(x, x, nn.Identity()), rtol=1e-5, atol=1e-6)
    norms = [m for m in mixed.modules() if isinstance(m, nn.BatchNorm2d)]
    assert not any(norm.affine or norm.track_running_stats for norm in norms)
    weights = torch.ones(len(EDGES), 1)  # softmaxed
    assert derive_cell(weights, design, design.operations(True)) == HAND_MADE
    assert path(HAND_MADE, design, design.operations(True)).count(0) == 8


def test_the_fast_form_agrees_with_the_loop(double):
    torch.manual_seed(0)
    loop = Supernet(given())
    fast = FastSupernet.of(loop)
    alpha = torch.randn(len(EDGES), 8, requires_grad=True)
    weights, x = (alpha.softmax(1), torch.ones(len(EDGES), 1)), torch.randn(3, 3, 8, 8)
    both = [net(x, *weights) for net in (loop, fast)]
    torch.testing.assert_close(*both, rtol=0, atol=1e-10)
    of = (alpha, *loop.parameters())
    found = [torch.autograd.grad(out.square().sum(), of, retain_graph=True) for out in both]
    for one, other in zip(*found, strict=True):
        torch.testing.assert_close(one, other, rtol=1e-9, atol=1e-9)


@pytest.mark.parametrize(
    ("place", "message"),
    [
        (Place(12, 2, 2), "channels=12: grouped_conv_3x3 has 8 groups; the nearest is 16"),
        (Place(3, 2, 2), "the nearest is 8"),
        (Place(8, 2, 1), "exists in two dimensions only"),
    ],
)
def test_what_cannot_be_is_refused(place, message):
    with pytest.raises(Refused, match=message):
        hand_made.grouped(place)
