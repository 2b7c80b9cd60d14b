"""The search network: its size, what an edge computes, and what a sample trains."""

from __future__ import annotations

from dataclasses import replace

import pytest
import torch
from torch import nn

from harness.paper import Refused
from papers.cells.network.operations import Place, build, relu_conv_norm
from papers.cells.supernet.node import OPERATIONS, STEM, Design, MixedCell, Supernet
from papers.cells.supernet.node_fast import FastSupernet
from tests.lab.supernets import SIGNALS, SMALL, VARIED, alphas, images, straight_through, supernet

pytestmark = pytest.mark.usefixtures("one_thread")

SEP3 = OPERATIONS.index("sep_conv_3x3")
NONE = [0] * 14


def onehot(path: list[int | None], ops: int = 8) -> torch.Tensor:
    rows = torch.zeros(14, ops, dtype=torch.float64)
    for edge, index in enumerate(path):
        if index is not None:
            rows[edge, index] = 1
    return rows.requires_grad_()


def first_cell(net: Supernet) -> MixedCell:
    return next(net.mixed_cells())


# -- size ---------------------------------------------------------------------------------------


@pytest.mark.slow
@pytest.mark.parametrize(
    ("channels", "cells", "dim", "inputs", "count"),
    [
        (16, 8, 2, 3, 1_930_618), (4, 3, 2, 3, 72_854), (8, 3, 2, 3, 209_442),
        (8, 5, 2, 3, 394_210), (8, 8, 2, 3, 597_890), (16, 5, 2, 3, 1_275_834),
        (6, 20, 2, 3, 897_640), (16, 8, 2, 1, 1_930_618 - 864), (4, 3, 2, 1, 72_854 - 216),
        (4, 3, 1, 1, 41_990), (8, 3, 1, 1, 147_714), (8, 5, 1, 1, 280_066),
        (16, 8, 1, 1, 1_580_026),
    ],
)  # fmt: skip
def test_parameters(channels, cells, dim, inputs, count):
    with torch.device("meta"):
        net = Supernet(Design(channels, cells, dim=dim, inputs=inputs))
    assert sum(p.numel() for p in net.parameters()) == count


def test_parameters_by_operation():
    with torch.device("meta"):
        net = Supernet(Design())
    found = dict.fromkeys(OPERATIONS[1:], 0)
    for name, weight in net.named_parameters():
        for op in found:
            found[op] += weight.numel() if f".{op}." in name else 0
    assert list(found.values()) == [0, 0, 40_960, 525_056, 668_416, 262_528, 334_208]
    kinds = [type(m) for m in net.modules()]
    assert (kinds.count(nn.Conv2d), kinds.count(nn.BatchNorm2d)) == (1395, 929)


@pytest.mark.parametrize(
    ("cells", "places"), [(3, (1, 2)), (5, (1, 3)), (8, (2, 5)), (14, (4, 9)), (20, (6, 13))]
)
def test_reductions(cells, places):
    assert Design(cells=cells).reductions == places


def test_edges_are_target_major():
    edges = Design().edges
    assert [edges.index((0, target)) for target in range(2, 6)] == [0, 2, 5, 9]


@pytest.mark.parametrize(
    "wrong",
    [
        {"cells": 2}, {"nodes": 0}, {"dim": 3}, {"normal": (("none",),)},
        {"reduce": (("conv",),) * 14}, {"reduce": (("none", "none"),) * 14},
    ],
)  # fmt: skip
def test_impossible_designs_are_refused(wrong):
    with pytest.raises(Refused):
        Supernet(replace(SMALL, **wrong))


def test_only_the_stem_s_norm_has_weights_and_none_has_statistics():
    for name, module in supernet(SMALL).named_modules():
        if isinstance(module, nn.BatchNorm2d):
            assert module.affine == name.startswith("stem.")
            assert not module.track_running_stats


def test_a_reduction_halves_the_size_and_doubles_the_channels():
    net, x = supernet(SMALL), images(SMALL, 9, 7)
    shapes = []
    for cell in net.mixed_cells():
        cell.register_forward_hook(lambda _m, _i, out: shapes.append(tuple(out.shape[1:])))
    net(x, VARIED, VARIED)
    assert shapes == [(16, 9, 7), (32, 5, 4), (64, 3, 2)]


# -- what an edge computes ----------------------------------------------------------------------


@pytest.mark.parametrize("build_net", [supernet, lambda d: FastSupernet.of(supernet(d))])
@pytest.mark.parametrize("design", [SMALL, SIGNALS])
def test_none_contributes_nothing(design, build_net):
    """Nodes that only `none` reaches are zero, hence all logits are the head's bias."""
    net, x = build_net(design), images(design, *(8,) * design.dim)
    for weights in (NONE, [None] * 14, onehot(NONE)):
        logits = net(x, weights, weights, hard=isinstance(weights, torch.Tensor))
        assert torch.equal(logits, net.head.bias.expand_as(logits))
    soft = net(x, onehot(NONE), onehot(NONE))
    torch.testing.assert_close(soft, net.head.bias.expand_as(soft))


@pytest.mark.parametrize("build_net", [supernet, lambda d: FastSupernet.of(supernet(d))])
def test_a_mixture_with_onehot_weights_is_the_path(build_net):
    net, x = build_net(SMALL), images(SMALL, 8, 8)
    path = [0 if index is None else index for index in VARIED]
    mixed = net(x, onehot(path), onehot(path))
    torch.testing.assert_close(mixed, net(x, path, path), rtol=1e-12, atol=1e-12)
    torch.testing.assert_close(net(x, path, path), net(x, VARIED, VARIED), rtol=0, atol=0)
    mixed.square().sum().backward()
    for cell in net.mixed_cells():
        for edge, index in enumerate(path):
            for name, module in cell.mixed[edge].operations.items():
                if name != OPERATIONS[index]:
                    assert all(not p.grad.any() for p in module.parameters())


class Discrete(nn.Module):
    """A discrete cell built from primitives: one operation on each edge that there is."""

    def __init__(self, design, inputs, channels, path):
        super().__init__()
        place = Place(channels, 1, design.dim, affine=False, pooled_norm=True, tracked=False)
        self.preprocess0 = relu_conv_norm(place, 1, inputs[0])
        self.preprocess1 = relu_conv_norm(place, 1, inputs[1])
        self.edges = design.edges
        names = {str(e): OPERATIONS[i] for e, i in enumerate(path) if i}
        self.operations = nn.ModuleDict({e: build(name, place) for e, name in names.items()})

    def forward(self, s0, s1):
        values = [self.preprocess0(s0), self.preprocess1(s1)]
        for target in range(2, 6):
            values.append(torch.zeros_like(values[0]))
            for edge, (source, to) in enumerate(self.edges):
                if to == target and str(edge) in self.operations:
                    values[-1] = values[-1] + self.operations[str(edge)](values[source])
        return torch.cat(values[2:], dim=1)


def test_a_path_is_the_discrete_cell_with_the_same_weights():
    cell = first_cell(supernet(SMALL))
    width = STEM * SMALL.channels
    s0, s1 = (torch.randn(5, width, 8, 8, dtype=torch.float64) for _ in range(2))
    discrete = Discrete(SMALL, (width, width), SMALL.channels, VARIED).double()
    child = cell.child(VARIED)
    discrete.preprocess0.load_state_dict(child.pop("preprocess0").state_dict())
    discrete.preprocess1.load_state_dict(child.pop("preprocess1").state_dict())
    discrete.operations.load_state_dict(child.state_dict())
    torch.testing.assert_close(discrete(s0, s1), cell(s0, s1, VARIED, False), rtol=0, atol=0)
    own = {id(p) for p in cell.parameters()}
    assert not own & {id(p) for p in child.parameters()}


# -- samples (GDAS) -----------------------------------------------------------------------------


@pytest.mark.parametrize("build_net", [supernet, lambda d: FastSupernet.of(supernet(d))])
def test_a_sample_trains_what_it_ran_and_nothing_else(build_net):
    net, x, own = build_net(SMALL), images(SMALL, 8, 8), alphas()
    rows = [straight_through(alpha) for alpha in own]
    logits = net(x, *rows, hard=True)
    path = [row.argmax(1).tolist() for row in rows]
    torch.testing.assert_close(logits, net(x, *path))
    logits.square().sum().backward()
    for cell in net.mixed_cells():
        for mixed, index in zip(cell.mixed, path[cell.reduction], strict=True):
            for name, module in mixed.operations.items():
                ran = name == OPERATIONS[index]
                assert all((p.grad is not None) == ran for p in module.parameters())


def test_a_sample_runs_one_operation_an_edge():
    net, x, count = supernet(SMALL), images(SMALL, 8, 8), []
    for cell in net.mixed_cells():
        for mixed in cell.mixed:
            for module in mixed.operations.values():
                module.register_forward_hook(lambda *_: count.append(1))
    rows = onehot([1, 2, 3, 4, 5, 6, 7] * 2)
    net(x, rows, rows, hard=True)
    assert len(count) == 14 * 3
    net(x, rows, rows)
    assert len(count) == 14 * 3 + 7 * 14 * 3


@pytest.mark.parametrize("build_net", [supernet, lambda d: FastSupernet.of(supernet(d))])
def test_the_gradient_of_a_sample_reaches_all_logits(build_net):
    """dL/dalpha_m = <dL/dy, o_k> p_k (delta_mk - p_m) at temperature 1, k the sampled one."""
    net, x, (alpha, other) = build_net(SMALL), images(SMALL, 8, 8), alphas()
    alpha.data[0, SEP3] = 9.0
    row = straight_through(alpha)
    row.retain_grad()
    net(x, row, straight_through(other), hard=True).square().sum().backward()
    k, p = row.detach().argmax(1), alpha.detach().softmax(1)
    slope = row.grad.gather(1, k[:, None]) * p.gather(1, k[:, None])
    expected = slope * (nn.functional.one_hot(k, 8) - p)
    torch.testing.assert_close(alpha.grad, expected, rtol=1e-9, atol=1e-12)
    assert int((row.grad != 0).sum(1).max()) == 1


def test_weights_that_do_not_fit_are_refused():
    net, x = supernet(SMALL), images(SMALL, 8, 8)
    for one in (net, FastSupernet.of(net)):
        for weights in ([8, *NONE[1:]], NONE[1:], torch.ones(14, 7), torch.ones(13, 8)):
            with pytest.raises(Refused):
                one(x, weights, NONE)
        with pytest.raises(Refused, match="more than one"):
            one(x, torch.ones(14, 8, dtype=x.dtype), NONE, hard=True)


# -- the fast form ------------------------------------------------------------------------------


def test_the_loop_can_be_differentiated_twice():
    net, x, own = supernet(SMALL), images(SMALL, 8, 8), alphas()
    loss = net(x, *(a.softmax(1) for a in own)).square().sum()
    (first,) = torch.autograd.grad(loss, own[:1], create_graph=True)
    (second,) = torch.autograd.grad(first.square().sum(), own[:1])
    assert second.abs().max() > 0
