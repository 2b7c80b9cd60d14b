"""Kernels have the values and the gradients of torch's layers."""

from __future__ import annotations

import pytest
import torch

from papers.cells.network.fast import kernels

pytestmark = pytest.mark.usefixtures("prepared")


@pytest.mark.parametrize("kernel", [1, 3, 5])
def test_kernels_have_the_gradients_of_torchs_layers(double: None, kernel: int):
    x = torch.randn(2, 3, 7, 4, requires_grad=True)
    weight = torch.randn(2, 5, 3 * kernel, requires_grad=True)
    out = kernels.relu_convolve(x, weight, kernel)
    plain = torch.stack(
        [
            torch.nn.functional.conv1d(
                x[e].permute(2, 0, 1).relu(), weight[e].view(5, 3, kernel), padding=kernel // 2
            ).permute(1, 2, 0)
            for e in range(2)
        ]
    ).flatten(2)
    torch.testing.assert_close(out, plain)
    direction = torch.randn_like(out)
    ours = torch.autograd.grad(out, (x, weight), direction)
    theirs = torch.autograd.grad(plain, (x, weight), direction)
    for one, other in zip(ours, theirs, strict=True):
        torch.testing.assert_close(one, other)


def test_averages_and_norms_have_the_gradients_of_torchs_layers(double: None):
    x = torch.randn(2, 3, 7, 4, requires_grad=True)
    out = kernels.average(x)
    pool = torch.nn.AvgPool1d(3, 1, 1, count_include_pad=False)
    plain = pool(x.permute(0, 3, 1, 2).flatten(0, 1)).view(2, 4, 3, 7).permute(0, 2, 3, 1)
    torch.testing.assert_close(out, plain)
    direction = torch.randn_like(out)
    torch.testing.assert_close(*(torch.autograd.grad(y, x, direction)[0] for y in (out, plain)))
    rows, weight = torch.randn(5, 30, requires_grad=True), torch.randn(5, requires_grad=True)
    bias = torch.randn(5, requires_grad=True)
    ours, mean, variance = kernels.normalise(rows, weight, bias)
    theirs = torch.nn.functional.batch_norm(rows[None], None, None, weight, bias, True)[0]
    torch.testing.assert_close(ours, theirs)
    torch.testing.assert_close(mean, rows.mean(1))
    torch.testing.assert_close(variance, rows.var(1, correction=0))
    direction = torch.randn_like(ours)
    both = [torch.autograd.grad(y, (rows, weight, bias), direction) for y in (ours, theirs)]
    for one, other in zip(*both, strict=True):
        torch.testing.assert_close(one, other)
