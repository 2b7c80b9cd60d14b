"""Layers of our own compute what torch's do."""

from __future__ import annotations

import pytest
import torch
from torch import nn

from papers.ghn2.space.layers import (
    Attend,
    BatchNorm,
    ChannelLinear,
    ChannelNorm,
    Pointwise,
    Shift,
    Subsample,
)

pytestmark = pytest.mark.usefixtures("one_thread", "double")


@pytest.mark.parametrize("stride", [1, 2])
def test_a_pointwise_convolution_is_a_convolution(stride):
    own, plain = Pointwise(3, 5, 1, stride, bias=False), nn.Conv1d(3, 5, 1, stride, bias=False)
    plain.load_state_dict(own.state_dict())
    x = torch.randn(4, 3, 9)
    torch.testing.assert_close(own(x), plain(x), rtol=0, atol=1e-12)


def test_batch_norm_goes_by_the_batch_in_evaluation_too():
    own, plain = BatchNorm(3).eval(), nn.BatchNorm1d(3).train()
    x = torch.randn(4, 3, 9)
    torch.testing.assert_close(own(x), plain(x), rtol=0, atol=1e-12)


def test_channels_are_mapped_and_normalised_at_every_place():
    x = torch.randn(2, 6, 3, 4)
    norm, linear = ChannelNorm(6), ChannelLinear(6, 5)
    torch.testing.assert_close(norm(x)[1, :, 2, 3], nn.LayerNorm(6)(x[1, :, 2, 3]))
    wanted = linear.weight @ x[1, :, 2, 3] + linear.bias
    torch.testing.assert_close(linear(x)[1, :, 2, 3], wanted)


def test_attention_is_softmax_of_products_in_eight_heads():
    x = torch.randn(2, 3 * 16, 2, 3)
    got = Attend()(x).flatten(2)
    q, k, v = x.flatten(2).chunk(3, 1)
    for head in range(8):
        own = slice(2 * head, 2 * head + 2)
        weights = (q[0, own].T @ k[0, own] / 2**0.5).softmax(-1)
        torch.testing.assert_close(got[0, own], v[0, own] @ weights.T)


def test_a_shift_and_every_second_place_give_the_odd_ones():
    x = torch.arange(7.0).view(1, 1, 7)
    assert Subsample(1)(x).flatten().tolist() == [0, 2, 4, 6]
    assert Subsample(1)(Shift()(x)).flatten().tolist() == [1, 3, 5, 0]
