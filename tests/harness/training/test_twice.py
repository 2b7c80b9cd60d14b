"""Stacked layers equal torch's own, and so do their second derivatives."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor
from torch.nn import functional as F

from harness.training import twice

MEMBERS, ROWS, CHANNELS, OUTPUTS, LENGTH = 3, 5, 2, 4, 11


def draw(*shape: int) -> Tensor:
    return torch.randn(*shape, dtype=torch.float64, requires_grad=True)


def native(x: Tensor, weight: Tensor, bias: Tensor, stride: int, padding: int) -> Tensor:
    """Return (E, N, O, M), member by member."""
    each = x if x.dim() == 4 else x.expand(len(weight), *x.shape)
    return torch.stack(
        [F.conv1d(a, w, b, stride, padding) for a, w, b in zip(each, weight, bias, strict=True)]
    )


def second(out: Tensor, inputs: tuple[Tensor, ...]) -> list[Tensor]:
    """Return value, gradients, and the gradients of a number made of the gradients."""
    torch.manual_seed(1)
    scalar = (out * torch.randn(out.shape, dtype=out.dtype)).sin().sum()
    gradients = torch.autograd.grad(scalar, inputs, create_graph=True)
    again = sum((g * torch.randn(g.shape, dtype=g.dtype)).cos().sum() for g in gradients)
    return [out, *gradients, *torch.autograd.grad(again, inputs)]


@pytest.mark.parametrize("shared", [True, False], ids=["shared input", "own inputs"])
@pytest.mark.parametrize(("kernel", "stride", "padding"), [(3, 1, 1), (5, 2, 2), (1, 1, 0)])
def test_convolutions_equal_the_native_ones_twice(
    shared: bool, kernel: int, stride: int, padding: int
):
    torch.manual_seed(0)
    x = draw(*(() if shared else (MEMBERS,)), ROWS, CHANNELS, LENGTH)
    inputs = (x, draw(MEMBERS, OUTPUTS, CHANNELS, kernel), draw(MEMBERS, OUTPUTS))
    own = twice.convolve(twice.batch_last(x), *inputs[1:], stride, padding).permute(0, 3, 1, 2)
    theirs = native(x, *inputs[1:], stride, padding)
    for ours, expected in zip(second(own, inputs), second(theirs, inputs), strict=True):
        torch.testing.assert_close(ours, expected, rtol=1e-10, atol=1e-10)


@pytest.mark.parametrize("name", ["max", "average"])
def test_pools_equal_the_native_ones_twice(name: str):
    torch.manual_seed(0)
    x = draw(MEMBERS, ROWS, CHANNELS, LENGTH)
    pool = {"max": twice.max_pool, "average": twice.average_pool}[name]
    own = pool(twice.batch_last(x), 3, 2, 1).permute(0, 3, 1, 2)
    flat = x.flatten(0, 1)
    theirs = F.max_pool1d(flat, 3, 2, 1) if name == "max" else F.avg_pool1d(flat, 3, 2, 1)
    for ours, expected in zip(second(own, (x,)), second(theirs.view_as(own), (x,)), strict=True):
        torch.testing.assert_close(ours, expected, rtol=1e-10, atol=1e-10)


def test_signals_of_any_rank_are_laid_out_with_the_batch_last():
    x = torch.randn(3, 7)
    assert twice.batch_last(x).shape == (1, 1, 7, 3)
    assert torch.equal(twice.batch_last(x)[0, 0].T, x)
    assert twice.batch_last(torch.randn(3, 2, 7)).shape == (1, 2, 7, 3)
    assert twice.batch_last(torch.randn(4, 3, 2, 7)).shape == (4, 2, 7, 3)


def test_shapes_that_do_not_fit_are_refused():
    weight = torch.randn(2, 4, 3, 5)
    with pytest.raises(ValueError, match=r"x=\(3, 3, 9, 6\): must be \(1 or 2, 3, L, N\)"):
        twice.convolve(torch.randn(3, 3, 9, 6), weight)
    with pytest.raises(ValueError, match="kernel=5: longer than 4 positions"):
        twice.convolve(torch.randn(2, 3, 4, 6), weight)


def test_pools_of_what_is_not_finite_are_torchs():
    """A network that has blown up gives NaN to be seen, and no index out of range."""
    x = torch.randn(2, 3, 9, 4, generator=torch.Generator().manual_seed(0))
    x[0, 0] = float("nan")
    x[0, 1, 4] = float("nan")
    x[1, 0] = float("-inf")
    x[1, 1, 0] = float("inf")
    flat = x.permute(0, 3, 1, 2).flatten(0, 1)
    native = F.max_pool1d(flat, 3, 2, 1).unflatten(0, (2, 4)).permute(0, 2, 3, 1)
    torch.testing.assert_close(twice.max_pool(x, 3, 2, 1), native, equal_nan=True)
