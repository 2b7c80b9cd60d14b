"""Operations of a cell: their shapes, their weights, and what they leave alone."""

import pytest
import torch

from harness.training.metrics import parameters
from papers.cells.network.operations import PRIMITIVES, Place, build

OPS_1D = sorted(set(PRIMITIVES) - {"conv_7x1_1x7", "conv_3x1_1x3"})


@pytest.mark.parametrize("stride", [1, 2])
@pytest.mark.parametrize("size", [32, 28, 7])
def test_all_operations_agree_in_shape(stride, size):
    for op in PRIMITIVES:
        out = build(op, Place(4, stride, 2))(torch.randn(2, 4, size, size))
        assert out.shape == (2, 4, -(-size // stride), -(-size // stride)), op
    for op in OPS_1D:
        out = build(op, Place(4, stride, 1))(torch.randn(2, 4, size))
        assert out.shape == (2, 4, -(-size // stride)), op


def test_an_average_at_the_border_counts_what_is_inside():
    x = torch.ones(1, 4, 7, 7)
    assert torch.equal(build("avg_pool_3x3", Place(4, 1, 2))(x), x)


def test_weights_of_operations():
    c = 6
    place, reduced = Place(c, dim=2), Place(c, 2, 2)
    for kernel, op in ((3, "sep_conv_3x3"), (5, "sep_conv_5x5"), (7, "sep_conv_7x7")):
        assert parameters(build(op, place)) == 2 * (kernel**2 * c + c * c) + 4 * c
    for kernel, op in ((3, "dil_conv_3x3"), (5, "dil_conv_5x5")):
        assert parameters(build(op, place)) == kernel**2 * c + c * c + 2 * c
    assert parameters(build("conv_7x1_1x7", place)) == 14 * c * c + 2 * c
    assert parameters(build("skip_connect", place)) == 0
    assert parameters(build("skip_connect", reduced)) == c * c + 2 * c


def test_no_operation_changes_its_input():
    for op in PRIMITIVES:
        x = torch.randn(2, 4, 8, 8)
        before = x.clone()
        build(op, Place(4, 2, 2))(x)
        assert torch.equal(x, before), op


def test_constant_images_stay_constant_under_average_pooling():
    pooled = build("avg_pool_3x3", Place(4, 1, 2))(torch.ones(1, 4, 5, 5))
    torch.testing.assert_close(pooled, torch.ones_like(pooled))


def test_pools_of_a_supernet_keep_no_statistics():
    norm = build("max_pool_3x3", Place(4, pooled_norm=True, tracked=False))[1]
    assert norm.running_mean is None
    assert build("max_pool_3x3", Place(4, pooled_norm=True))[1].running_mean is not None
