"""The macro space: what it draws, and the networks that are built from it."""

from __future__ import annotations

from random import Random

import pytest
import torch
from torch import nn

from harness.paper import Refused
from papers.cells.network.operations import Place
from papers.cells.space.genotype import CELLS, INPUTS, Genotype, NodeCell
from papers.gtn.cifar.network import MacroNetwork, operation
from papers.gtn.cifar.norm import Memory, Norm, Remembering
from papers.gtn.cifar.space import NODES, OPS, SPACE

WIDTH, SIDE = 8, 16


def drawn(seed: int) -> Genotype:
    return SPACE.random(Random(seed))


def alike(op: str) -> Genotype:
    """Return two cells that have one operation: a chain, so that inputs are read and carried."""
    pairs = tuple((op, max(0, node - 1)) for node in range(INPUTS, INPUTS + NODES) for _ in "ab")
    cell = NodeCell(pairs, ())
    cell = NodeCell(pairs, cell.loose)
    return Genotype.of(cell, cell)


def test_the_space_has_eleven_operations_and_the_authors_number_of_cells():
    assert len(set(OPS)) == len(OPS) == 11
    assert SPACE.cell_size == (720 * 11**5) ** 2
    assert float(SPACE.size) == pytest.approx(1.8e32, rel=0.02)


@pytest.mark.parametrize("seed", range(40))
def test_what_is_drawn_is_valid_and_comes_back_from_text_and_json(seed: int):
    genotype = drawn(seed)
    assert SPACE.check(genotype) == genotype
    assert Genotype.parse(genotype.text) == genotype == Genotype.from_json(genotype.json())
    for name in CELLS:
        cell = genotype.cell(name)
        assert len(cell.pairs) == 2 * NODES and {op for op, _ in cell.pairs} <= set(OPS)
        read = set()
        for node, pairs in cell.nodes.items():
            assert all(0 <= j < node for _, j in pairs)
            read |= {j for _, j in pairs}
        assert set(cell.concat) == set(range(INPUTS + NODES)) - read


def test_every_operation_and_every_state_is_drawn():
    pairs = [p for seed in range(60) for name in CELLS for p in drawn(seed).cell(name).pairs]
    assert {op for op, _ in pairs} == set(OPS)
    assert {j for _, j in pairs} == set(range(INPUTS + NODES - 1))


@pytest.mark.parametrize("stride", [1, 2])
@pytest.mark.parametrize("op", OPS)
def test_an_operation_keeps_or_halves_the_size(op: str, stride: int):
    place = Remembering(WIDTH, stride)
    x = torch.randn(2, WIDTH, SIDE, SIDE)
    assert operation(op, place)(x).shape == (2, WIDTH, SIDE // stride, SIDE // stride)


def test_an_operation_of_another_space_is_refused():
    with pytest.raises(Refused, match="unknown operation of the macro space 'sep_conv_3x3'"):
        operation("sep_conv_3x3", Place(WIDTH, dim=2))


def test_small_pools_read_zeros_beyond_right_and_lower_edge():
    x = -torch.ones(1, WIDTH, 4, 4)
    largest = operation("max_pool_2x2", Remembering(WIDTH))(x)[0, 0]
    assert torch.equal(largest[:3, :3], -torch.ones(3, 3))
    assert not largest[3].any() and not largest[:, 3].any()
    mean = operation("avg_pool_2x2", Remembering(WIDTH))(x)[0, 0]
    assert mean[0, 0] == -1 and mean[0, 3] == mean[3, 0] == -0.5 and mean[3, 3] == -0.25


def test_stretched_convolutions_are_wide_and_then_high_and_share_a_stride():
    convs = [m for m in operation("conv_7x1_1x7", Remembering(WIDTH, 2)) if hasattr(m, "stride")]
    assert [(c.kernel_size, c.stride) for c in convs] == [((1, 7), (1, 2)), ((7, 1), (2, 1))]


@pytest.mark.parametrize("genotype", [*map(drawn, range(6)), *map(alike, OPS)], ids=str)
def test_every_architecture_builds_with_the_sizes_of_its_cells(genotype: Genotype):
    network = MacroNetwork(genotype, WIDTH, 1)
    shapes: list[tuple[int, ...]] = []
    for cell in network.cells:
        cell.register_forward_hook(lambda module, given, out: shapes.append(tuple(out.shape[1:])))
    logits, second = network(torch.randn(2, 3, SIDE, SIDE))
    assert logits.shape == (2, 10) and second is None
    widths = [len(genotype.cell(name).concat) for name in CELLS]
    normal, reduced = widths
    expected = [(normal, 1), (2 * reduced, 2), (2 * normal, 2), (4 * reduced, 4), (4 * normal, 4)]
    assert shapes == [(n * WIDTH, SIDE // by, SIDE // by) for n, by in expected]
    gradients = torch.autograd.grad(logits.square().sum(), list(network.parameters()))
    assert len(gradients) == len(list(network.parameters()))  # nothing that no one reads


def test_the_authors_network_has_eleven_cells_and_a_stem_three_times_as_wide():
    with torch.device("meta"):
        network = MacroNetwork(drawn(0))
    widths = [cell.channels // len(cell.concat) for cell in network.cells]
    assert widths == [32] * 3 + [64] * 4 + [128] * 4
    assert network.stem[0].out_channels == 96


# -- batch norm -----------------------------------------------------------------------------------


def test_a_memory_in_use_gives_what_torch_gives_and_remembers_the_last_batch():
    memory = Memory()
    own, torchs = Norm(4, memory).double(), nn.BatchNorm2d(4, momentum=1.0).double()
    with torch.no_grad():
        own.weight.uniform_(0.5, 2)
        own.bias.uniform_()
        torchs.weight.copy_(own.weight)
        torchs.bias.copy_(own.bias)
    for _ in range(2):
        x = torch.randn(5, 4, 3, 3).double() * 2 + 1
        with memory.used() as found:
            torch.testing.assert_close(own(x), torchs(x), rtol=1e-10, atol=1e-10)
            mean, variance = found
    torch.testing.assert_close(mean, torchs.running_mean, rtol=1e-12, atol=1e-12)
    torch.testing.assert_close(variance, torchs.running_var, rtol=1e-12, atol=1e-12)
    x = torch.randn(3, 4, 2, 2).double()
    with memory.used([mean, variance]):
        torch.testing.assert_close(own(x), torchs.eval()(x), rtol=1e-10, atol=1e-10)


def test_a_memory_not_in_use_is_torchs_own_batch_norm():
    own, torchs = Norm(4, Memory()), nn.BatchNorm2d(4)
    x = torch.randn(5, 4, 3, 3)
    assert torch.equal(own(x), torchs(x))
    assert torch.equal(own.eval()(x), torchs.eval()(x))
    assert torch.equal(own.running_var, torchs.running_var)
