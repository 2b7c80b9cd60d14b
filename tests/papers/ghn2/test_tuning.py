"""Going on from parameters: the same batches, what orthogonal means, when a start is overtaken."""

from __future__ import annotations

import pytest
import torch

from papers.ghn2 import testbed
from papers.ghn2.space.draft import Frame
from papers.ghn2.space.splits import Space
from papers.ghn2.tuning import orthogonal, overtaken, trained

pytestmark = pytest.mark.usefixtures("one_thread")


@pytest.mark.parametrize(
    ("predicted", "random", "step"),
    [
        ((0.4, 0.5, 0.6), (0.1, 0.2, 0.3), 11.0),
        ((0.4, 0.4, 0.4), (0.1, 0.3, 0.5), 6.5),
        ((0.1, 0.2, 0.3), (0.4, 0.5, 0.6), 0.0),
        ((0.4, 0.1, 0.4), (0.1, 0.3, 0.5), 1.8),
    ],
)
def test_a_start_is_overtaken_where_the_lines_cross_for_good(predicted, random, step):
    assert overtaken((0, 3, 10), predicted, random) == pytest.approx(step)


@pytest.mark.parametrize("shape", [(4, 9), (9, 4), (6, 2, 3)])
def test_orthogonal_weights_are_so_and_keep_their_size(shape):
    weight = torch.randn(shape, generator=torch.Generator().manual_seed(0)).double()
    found = orthogonal({"w": weight, "b": weight.flatten()[:3]}, 0.0, 0)
    flat = found["w"].flatten(1)
    short = flat if flat.shape[0] <= flat.shape[1] else flat.T
    product = short @ short.T
    scale = product.diagonal().mean()
    torch.testing.assert_close(product, scale * torch.eye(len(short)).double())
    assert float(found["w"].norm()) == pytest.approx(float(weight.norm()))
    assert torch.equal(found["b"], weight.flatten()[:3])


def test_copies_of_rows_become_different_with_noise():
    weight = torch.randn(2, 8, generator=torch.Generator().manual_seed(0)).repeat(2, 1)
    flat = orthogonal({"w": weight}, 0.1, 0)["w"]
    off = (flat @ flat.T).fill_diagonal_(0).abs().max()
    assert float(off) < 1e-4 * float(flat.norm())


def test_longer_trainings_pass_through_shorter_ones():
    frame = Frame(1, (20,), 10)
    network = Space("mini", frame).split("test", 1)[0]
    generator = torch.Generator().manual_seed(0)
    rows = testbed.Rows(torch.randn(32, 1, 20, generator=generator), torch.arange(32) % 10)
    bed, start = testbed.Testbed(rows, rows, frame), network.initial(0)
    short, long = ([{n: v.clone() for n, v in values.items()} for values in trained(
        network, start, bed, steps, 0.05, 8, 1)] for steps in ((0, 2), (0, 1, 2, 3)))  # fmt: skip
    for name, value in start.items():
        assert torch.equal(short[0][name], value)
        assert torch.equal(short[1][name], long[2][name])
    assert any(not torch.equal(long[3][name], value) for name, value in long[2].items())
