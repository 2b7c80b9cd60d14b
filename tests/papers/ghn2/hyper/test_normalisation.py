"""Normalised parameters keep activations in scale, whatever the shape; the roles say how."""

from __future__ import annotations

import pytest
import torch

from papers.ghn2 import graph
from papers.ghn2.graph import Parameter
from papers.ghn2.hyper.decoder import tiled
from papers.ghn2.hyper.normalisation import gain, squashed

pytestmark = pytest.mark.usefixtures("one_thread")
C = 64


def drawn(parameter: Parameter, shape, generator, **more) -> torch.Tensor:
    return torch.randn(shape, generator=generator) * gain(parameter, shape, C, **more)


@pytest.mark.parametrize(
    ("parameter", "shape", "beta"),
    [
        (Parameter("w", (64, 32, 3, 3)), (64, 32, 3, 3), 2),
        (Parameter("w", (64, 1, 3, 3), rectified=False), (64, 1, 3, 3), 1),
        (Parameter("w", (32, 32, 1, 7), rectified=False), (32, 32, 1, 7), 1),
        (Parameter("first", (512, 1, 3, 3)), (512, 1, 3, 3), 2),  # one channel goes in: by role
        (Parameter("w", (10, 256), graph.CLASS_WEIGHT), (10, 256, 1, 1), 2),
    ],
)
def test_variance_times_fan_in_is_beta(parameter, shape, beta):
    generator = torch.Generator().manual_seed(0)
    fan_in = shape[1] * shape[2] * shape[3]
    variance = torch.cat([drawn(parameter, shape, generator).flatten() for _ in range(20)]).var()
    assert float(variance) * fan_in == pytest.approx(beta, rel=0.05)


def test_positions_are_left_as_they_are():
    assert gain(Parameter("p", (1, 32, 11, 11), graph.POSITION), (1, 32, 11, 11), C) == 1


def test_ten_layers_keep_the_scale_and_raw_ones_do_not():
    generator = torch.Generator().manual_seed(0)
    weight, shape = Parameter("w", (C, C)), (C, C, 1, 1)

    def growth(scale: float) -> float:
        logs = []
        for _ in range(20):
            x = torch.randn(256, C, generator=generator).relu()
            first = (x**2).mean()
            for _ in range(10):
                x = (x @ (torch.randn(C, C, generator=generator) * scale).T).relu()
            logs.append(((x**2).mean() / first).log())
        return float(torch.stack(logs).mean().exp())

    assert 0.5 < growth(gain(weight, shape, C)) < 2
    assert growth(1.0) > 1e3


@pytest.mark.parametrize(("tile_aware", "growth"), [(False, 4.0), (True, 1.0)])
def test_copies_of_channels_add_up_unless_the_gain_knows(tile_aware, growth):
    """Inputs and weights are four copies: the second moment grows by four a layer."""
    generator = torch.Generator().manual_seed(0)
    wide, shape = 4 * C, (4 * C, 4 * C, 1, 1)
    scale = gain(Parameter("w", (wide, wide)), shape, C, tile_aware)
    x = torch.randn(512, C, generator=generator).relu().repeat(1, 4)
    ratios = []
    for _ in range(60):
        weight = tiled(torch.randn(1, C, C, generator=generator), (wide, wide))[0] * scale
        ratios.append(((x @ weight.T) ** 2).mean() / (x**2).mean() / 2)
    assert float(torch.stack(ratios).mean()) == pytest.approx(growth, rel=0.07)


def test_scales_lie_about_one_and_shifts_about_zero():
    p = torch.linspace(-15, 15, 301)
    scale, shift = squashed(p, graph.SCALE), squashed(p, graph.SHIFT)
    assert 0 < float(scale.min()) < float(scale.max()) < 2
    assert float(squashed(torch.zeros(1), graph.SCALE)) == 1
    assert -1 < float(shift.min()) < float(shift.max()) < 1
    torch.testing.assert_close(shift, -shift.flip(0))
    torch.testing.assert_close(squashed(p, graph.BIAS), shift, rtol=0, atol=0)
