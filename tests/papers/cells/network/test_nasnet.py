"""NASNet's evaluation network: the authors' sizes, and every operation at every place."""

from __future__ import annotations

from dataclasses import replace

import pytest
import torch
from torch import nn

from harness.paper import Refused
from harness.training.metrics import parameters
from papers.cells.network.nasnet import (
    DENSE,
    POOLS,
    SEPARABLE,
    Layout,
    Network,
    mobile,
    operation,
)
from papers.cells.network.operations import FactorizedReduce, Place
from papers.cells.network.sizes import in_darts, in_nasnet
from papers.cells.space.node import CONTROLLED
from papers.cells.space.published import PUBLISHED

SLIM = PUBLISHED["NASNet_A_slim"].genotype
NAMES = ("skip_connect", "conv_1x1", "dil_conv_3x3", *SEPARABLE, *POOLS, *DENSE)


def test_the_authors_networks_have_their_sizes():
    """3.3 M for CIFAR-10, 5.3 M and 564 M multiply-adds in the mobile setting, 88.9 M and 23.8 B.

    5,289,978 trainable weights is also what Keras's NASNetMobile has.
    """
    assert in_nasnet(Layout(SLIM), 32)["parameters"] == 3_346_538
    small = in_nasnet(mobile(SLIM), 224)
    assert small["parameters"] == 5_289_978
    assert round(small["multiply_adds"] / 1e6) == 564
    large = Layout(SLIM, 168, 18, 1001, stem="imagenet", stem_channels=96)
    counts = in_nasnet(large, 331)
    assert counts["parameters"] == 88_757_183
    assert round(counts["multiply_adds"] / 1e9, 1) == 23.8


def test_in_darts_network_it_is_otherwise():
    assert in_darts(PUBLISHED["NASNet_A_darts"].genotype, 36, 20)["parameters"] == 3_830_950


@pytest.mark.parametrize("bottlenecks", [False, True])
@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize(("stride", "inputs"), [(1, 8), (2, 8), (1, 24), (2, 24)])
def test_operations_fit_their_place(name, stride, inputs, bottlenecks):
    made = operation(name, Place(8, stride, 2), inputs, bottlenecks)
    x = torch.randn(2, inputs, 9, 9)
    assert made(x).shape == (2, 8, *(2 * [-(-9 // stride)]))
    if name not in ("conv_3x1_1x3", "conv_7x1_1x7"):
        flat = operation(name, Place(8, stride, 1), inputs, bottlenecks)
        assert flat(x[..., 0]).shape == (2, 8, -(-9 // stride))


def test_the_spaces_thirteen_operations_are_there():
    assert len(CONTROLLED) == 13
    assert set(CONTROLLED) <= set(NAMES)


def test_an_identity_of_stride_two_is_relu_a_strided_convolution_and_a_norm():
    relu, convolution, norm = operation("skip_connect", Place(8, 2, 2), 8)
    assert isinstance(relu, nn.ReLU)
    assert isinstance(norm, nn.BatchNorm2d)
    assert (convolution.kernel_size, convolution.stride) == ((1, 1), (2, 2))
    assert isinstance(operation("skip_connect", Place(8, 1, 2), 8), nn.Identity)


def test_a_bottleneck_has_a_quarter_of_the_channels():
    made = operation("conv_7x1_1x7", Place(16, 1, 2), 16, True)
    wide, high = (
        m for m in made.modules() if isinstance(m, nn.Conv2d) and m.kernel_size != (1, 1)
    )
    assert wide.weight.shape == (4, 4, 1, 7)
    assert high.weight.shape == (4, 4, 7, 1)
    whole = parameters(operation("conv_7x1_1x7", Place(16, 1, 2), 16))
    assert parameters(operation("conv_7x1_1x7", Place(16, 1, 2), 16, True)) < whole / 3


def test_two_by_two_pooling_looks_ahead_and_not_beyond_the_end():
    x = torch.tensor([[[3.0, 1.0, 2.0]]])
    assert operation("max_pool_2x2", Place(1, 1, 1), 1)(x).tolist() == [[[3, 2, 2]]]
    assert operation("max_pool_2x2", Place(1, 2, 1), 1)(x).tolist() == [[[3, 2]]]
    assert operation("max_pool_2x2", Place(1, 1, 1), 1)(-x).tolist() == [[[-1, -1, -2]]]


def test_dilation_reaches_two_apart():
    made = operation("dil_sep_conv_3x3", Place(1, 1, 1), 1)
    dilations = [m.dilation for m in made.modules() if isinstance(m, nn.Conv1d) and m.padding[0]]
    assert dilations == [(2,), (2,)]
    coded = operation("dil_sep_conv_5x5", Place(1, 1, 1), 1)  # as the code for TPUs has it
    assert {m.dilation for m in coded.modules() if isinstance(m, nn.Conv1d)} == {(1,)}


@pytest.mark.parametrize("dim", [1, 2])
def test_a_small_network_learns_from_every_weight(dim):
    torch.manual_seed(0)
    network = Network(Layout(SLIM, 4, 3, inputs=1, dim=dim))
    logits, second = network(torch.randn(4, 1, *(dim * [16])))
    assert logits.shape == (4, 10)
    assert second is None
    logits.square().sum().backward()
    without = [name for name, weight in network.named_parameters() if weight.grad is None]
    assert without == []


def test_a_second_classifier_reads_the_cell_before_the_last_reduction_while_training():
    network = Network(Layout(SLIM, 4, 18, auxiliary=True))
    assert network.second == 12  # normal cell 11, after one reduction
    x = torch.randn(2, 3, 16, 16)
    assert network(x)[1].shape == (2, 10)
    assert network.eval()(x)[1] is None


def test_later_cells_drop_paths_more_often():
    network = Network(Layout(SLIM, 4, 3))
    assert isinstance(network.drops(4), nn.Identity)
    network.drop_path, network.stream = 0.4, torch.Generator().manual_seed(0)
    kept = [network.drops(number)(torch.ones(4000, 1)).count_nonzero() / 4000 for number in (0, 4)]
    assert kept == pytest.approx([1 - 0.4 / 5, 0.6], abs=0.03)
    assert isinstance(network.eval().drops(4), nn.Identity)


def test_older_inputs_are_read_as_they_are_where_they_fit():
    network = Network(Layout(SLIM, 4, 6))
    kinds = [type(cell.older).__name__ for cell in network.cells]
    assert kinds[0] == "Identity"  # the stem, three times as wide
    assert kinds[1] == kinds[2] == "Sequential"
    halved = [n for n, kind in enumerate(kinds) if kind == FactorizedReduce.__name__]
    assert halved == [3, 6]  # the cells after reductions


def test_what_no_network_has_is_refused():
    with pytest.raises(Refused, match="cells=2: each of three stacks"):
        Layout(SLIM, cells=2)
    with pytest.raises(Refused, match="unknown stem 'image'; did you mean 'imagenet'"):
        replace(Layout(SLIM), stem="image")
    with pytest.raises(Refused, match="unknown operation of NASNet's network 'sep_conv_9x9'"):
        operation("sep_conv_9x9", Place(4, 1, 2), 4)
    with pytest.raises(Refused, match="exists in two dimensions only"):
        operation("conv_7x1_1x7", Place(4, 1, 1), 4)
