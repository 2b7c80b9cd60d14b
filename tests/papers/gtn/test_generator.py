"""The generator's fast form beside torch's own layers."""

from __future__ import annotations

import pytest
import torch
from torch.nn import functional as F

from papers.gtn import generator
from papers.gtn.doubling import doubled
from papers.gtn.generator import Generator, Sizes


@pytest.mark.parametrize("sides", [(7, 5), (6,)])
def test_doubling_is_upsampling_a_reflected_border_and_a_convolution(sides: tuple[int, ...]):
    random = torch.Generator().manual_seed(0)
    x = torch.randn(4, 3, *sides, generator=random, dtype=torch.float64, requires_grad=True)
    taps = (3,) * len(sides)
    weight = torch.randn(2, 3, *taps, generator=random, dtype=torch.float64, requires_grad=True)
    flat = len(sides) == 1
    wide = F.interpolate(x, scale_factor=2, mode="nearest")
    wide = F.pad(wide, (1, 1) if flat else (1, 1, 1, 1), mode="reflect")
    plain = (F.conv1d if flat else F.conv2d)(wide, weight)
    last = x.movedim((0, 1), (-1, -2))  # (S..., C, N)
    fast = doubled(last[None] if flat else last, weight).movedim((-1, -2), (0, 1))
    fast = fast[:, :, 0] if flat else fast
    torch.testing.assert_close(fast, plain, rtol=1e-12, atol=1e-12)
    arriving = torch.randn(plain.shape, generator=random, dtype=torch.float64)
    slopes = [torch.autograd.grad(made, (x, weight), arriving) for made in (fast, plain)]
    for own, other in zip(*slopes, strict=True):
        torch.testing.assert_close(own, other, rtol=1e-11, atol=1e-11)


@pytest.mark.parametrize(("sides", "channels"), [((16,), 1), ((8, 12), 3)])
def test_the_fast_generator_is_the_plain_one(
    sides: tuple[int, ...], channels: int, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(generator, "TOGETHER", 25)  # two of five steps at once
    sizes = Sizes(5, 12, (6, 4), channels, sides)
    made = Generator(sizes, torch.Generator().manual_seed(0)).double()
    random = torch.Generator().manual_seed(1)
    z = torch.randn(5, 12, 5, generator=random, dtype=torch.float64, requires_grad=True)
    targets = torch.eye(10, dtype=torch.float64)[torch.arange(60) % 10].view(5, 12, 10)
    fast, plain = made(z, targets), made.plain(z, targets)
    assert fast.shape == (5, 12, channels, *sides)
    torch.testing.assert_close(fast, plain, rtol=1e-11, atol=1e-11)
    arriving = torch.randn(plain.shape, generator=random, dtype=torch.float64)
    asked = [z, *made.parameters()]
    slopes = [torch.autograd.grad(out, asked, arriving) for out in (fast, plain)]
    for own, other in zip(*slopes, strict=True):
        torch.testing.assert_close(own, other, rtol=1e-10, atol=1e-10)
