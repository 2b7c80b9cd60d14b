"""The tabulated activation function, and the meta-gradient through the inner training run."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
import torch
from torch import Tensor
from torch.nn import functional as F

from harness import trial as trials
from harness.paper import Refused
from papers.mnist1d import hidden_layer
from papers.mnist1d.meta_activation import activation, outer, training, transfer
from papers.mnist1d.meta_activation import inner as inner_loop
from papers.mnist1d.meta_activation.activation import Known, Learnable, Table, Tabulated
from papers.mnist1d.meta_activation.config import Fixed, Learned, Transfer
from papers.signals import splits

SHARE = 0.2
SHORT = Learned(members=2, inner_steps=10, scored_steps=7, examples=2000, units=20)


class Streams:
    """What the inner loop needs of a trial."""

    seed, device = 0, "cpu"

    def uses(self, dataset: str, digest: str) -> None:
        """Take note of nothing."""

    def stream(self, *names: str | int) -> int:
        return trials.stream(0, *names)


TRIAL: Any = Streams()


def meta(
    members: int = 2, units: int = 20, kind: torch.dtype = torch.float64
) -> tuple[Tensor, ...]:
    """Return meta-parameters that bend more than fresh ones do."""
    each = [activation.initial(units, seed) for seed in range(members)]
    return tuple(3 * torch.stack(part).to(kind) for part in zip(*each, strict=True))


@pytest.fixture(scope="module")
def short() -> inner_loop.Inner:
    return inner_loop.prepare(SHORT, TRIAL)


def case(inner: inner_loop.Inner, kind: torch.dtype) -> tuple[inner_loop.Inner, outer.Draw]:
    """Return the inner loop and what it meets in some precision."""
    batches = [(x.to(kind), y.to(kind)) for x, y in inner.batches]
    return inner_loop.Inner(inner.protocol, batches, inner.test), outer.Draw(
        inner_loop.initial(inner, TRIAL, "inner", 0).to(kind),
        inner_loop.noise(inner, SHORT.hidden, TRIAL, "inner", "hidden").to(kind),
        inner_loop.noise(inner, SHORT.units, TRIAL, "inner", "network").to(kind),
    )


def test_the_table_has_value_slope_and_curvature_of_the_function():
    learnable = Learnable(meta(), SHARE)
    random = torch.Generator().manual_seed(0)
    z = (8 * torch.randn(2, 5, 40, generator=random, dtype=torch.float64)).clamp(-19, 19)
    z.requires_grad_()
    offset = torch.tensor([0.1, -0.2], dtype=torch.float64)
    value = learnable.direct(z, offset)
    (slope,) = torch.autograd.grad(value.sum(), z, create_graph=True)
    (curvature,) = torch.autograd.grad(slope.sum(), z)
    found = Tabulated(Table(learnable.table()), offset).bend(z.detach())
    torch.testing.assert_close(found.value, value.detach(), rtol=0, atol=1e-6)
    torch.testing.assert_close(found.slope, slope.detach(), rtol=0, atol=1e-5)
    torch.testing.assert_close(found.curvature, curvature, rtol=0, atol=2e-3)


def test_beyond_the_table_the_function_goes_on_along_its_tangents():
    learnable = Learnable(meta(), SHARE)
    z = torch.tensor([-20.0, -31.5, -300.0, 20.0, 27.25, 300.0], dtype=torch.float64)
    found = Tabulated(Table(learnable.table()), torch.zeros(2)).bend(z.expand(2, 1, -1))
    ends = z.clamp(-20, 20).expand(2, -1)
    line = learnable.network(ends) + learnable.slope(ends) * (z - ends)
    expected = F.elu(z) + SHARE * line
    torch.testing.assert_close(found.value[:, 0], expected, rtol=1e-12, atol=1e-12)


def test_noise_on_the_hidden_units_of_n_is_one_offset_per_call():
    """N(x) with noise behind its tanh, written out, against the table's N plus an offset."""
    learnable = Learnable(meta(), SHARE)
    x = torch.linspace(-3, 3, 12, dtype=torch.float64).expand(2, -1)
    noise = torch.rand(4, 2, 20, dtype=torch.float64)
    w1, b1, w2, b2 = learnable.meta
    for step in range(4):
        hidden = (x[..., None] * w1[:, None] + b1[:, None]).tanh() + noise[step][:, None]
        noisy = (hidden * w2[:, None]).sum(-1) + b2
        offset = learnable.offsets(noise)[step]
        plain = learnable.direct(x[:, None], offset)[:, 0]
        torch.testing.assert_close(plain, F.elu(x) + SHARE * noisy, rtol=1e-12, atol=1e-14)


@pytest.mark.parametrize(("kind", "bound"), [(torch.float64, 1e-6), (torch.float32, 1e-4)])
def test_the_tables_meta_gradient_is_the_direct_one(
    short: inner_loop.Inner, kind: torch.dtype, bound: float
):
    inner, draw = case(short, kind)
    fast, oracle = (f(inner, draw, meta(kind=kind), SHARE) for f in (outer.table, outer.direct))
    torch.testing.assert_close(fast.loss, oracle.loss, rtol=1e-6, atol=0)
    torch.testing.assert_close(fast.weights, oracle.weights, rtol=0, atol=1e-6)
    for found, expected in zip(fast.gradients, oracle.gradients, strict=True):
        assert (found - expected).norm() <= bound * expected.norm()


def test_the_meta_gradient_is_the_slope_of_the_meta_loss(short: inner_loop.Inner):
    inner, draw = case(short, torch.float64)
    start = meta()
    gradients = outer.table(inner, draw, start, SHARE).gradients
    random = torch.Generator().manual_seed(5)
    for place, part in enumerate(start):
        direction = torch.randn(part.shape, generator=random, dtype=torch.float64)
        losses = []
        for move in (1e-5, -1e-5):
            moved = [m + move * direction if k == place else m for k, m in enumerate(start)]
            losses.append(outer.table(inner, draw, tuple(moved), SHARE).loss)
        difference = (losses[0] - losses[1]) / 2e-5
        expected = (gradients[place] * direction).sum(1)
        torch.testing.assert_close(expected, difference, rtol=1e-4, atol=1e-8)


def test_members_do_not_see_each_other(short: inner_loop.Inner):
    inner, draw = case(short, torch.float64)
    together = outer.table(inner, draw, meta(), SHARE)
    alone = replace(inner, protocol=replace(SHORT, members=1))
    own = outer.Draw(draw.weights[1:], draw.hidden_noise[:, 1:], draw.network_noise[:, 1:])
    single = outer.table(alone, own, tuple(part[1:] for part in meta()), SHARE)
    torch.testing.assert_close(single.loss[0], together.loss[1], rtol=1e-12, atol=0)
    for one, both in zip(single.gradients, together.gradients, strict=True):
        torch.testing.assert_close(one[0], both[1], rtol=1e-9, atol=1e-13)


@pytest.mark.parametrize("name", activation.FUNCTIONS)
def test_well_known_functions_are_torchs_with_their_slopes(name: str):
    torchs = {"relu": F.relu, "elu": F.elu, "swish": F.silu, "tanh": torch.tanh}
    z = torch.linspace(-4, 4, 50, dtype=torch.float64, requires_grad=True)
    expected = torchs[name](z)
    (slope,) = torch.autograd.grad(expected.sum(), z)
    found = Known(activation.FUNCTIONS[name]).bend(z.detach())
    torch.testing.assert_close(found.value, expected.detach(), rtol=1e-12, atol=1e-14)
    torch.testing.assert_close(found.slope, slope, rtol=1e-12, atol=1e-14)


@pytest.mark.parametrize("again", [False, True])
def test_inner_runs_repeat_their_draws_unless_they_are_resampled(
    short: inner_loop.Inner, again: bool
):
    config = replace(SHORT, resample_inner=again)
    search = training.Search(config, TRIAL, short)
    first, second, third = (search.draw(turn) for turn in range(3))
    assert not torch.equal(first.weights, second.weights)
    assert torch.equal(second.weights, third.weights) is not again
    assert torch.equal(first.hidden_noise, third.hidden_noise) is not again
    assert torch.equal(first.network_noise, third.network_noise) is not again


def test_noise_is_drawn_per_step_and_unit_and_shared_by_the_batch(short: inner_loop.Inner):
    noise = inner_loop.noise(short, 128, TRIAL, "any")
    assert noise.shape == (10, 2, 128)
    assert noise.abs().max() <= 0.1
    assert noise.std().item() == pytest.approx(0.1 / 3**0.5, rel=0.05)
    assert not torch.equal(noise[:, 0], noise[:, 1])


def test_the_meta_loss_counts_the_last_steps_only(short: inner_loop.Inner):
    weights = [short.scores(step) for step in range(10)]
    assert weights == [0.0] * 3 + [1 / 7] * 7


def test_an_outer_step_is_clamped_in_every_entry(short: inner_loop.Inner):
    config = replace(SHORT, clamp=1e-5)
    search = training.Search(config, TRIAL, short)
    before = search.meta
    search.update(0)
    moves = torch.cat([(a - b).abs().flatten() for a, b in zip(before, search.meta, strict=True)])
    assert moves.max().item() == pytest.approx(0.3e-5, rel=1e-2)


@pytest.mark.parametrize("name", ["learned", "swish"])
def test_a_function_in_a_cnn_has_the_gradient_of_autograd(short: inner_loop.Inner, name: str):
    search = training.Search(SHORT, TRIAL, inner_loop.prepare(SHORT, TRIAL))
    search.meta = tuple(part[:1] for part in meta(kind=torch.float32))
    z = torch.randn(3, 4, 5, 5, generator=torch.Generator().manual_seed(2), requires_grad=True)
    (found,) = torch.autograd.grad(transfer.phi(name, search)(z).square().sum(), z)
    learnable = Learnable(search.meta, SHARE)
    direct = learnable.direct(z.flatten(1)[None], torch.zeros(1))[0].view_as(z)
    value = direct if name == "learned" else F.silu(z)
    (expected,) = torch.autograd.grad(value.square().sum(), z)
    torch.testing.assert_close(found, expected, rtol=1e-4, atol=1e-4)


def test_all_functions_are_measured_on_the_same_weights_and_noise(short: inner_loop.Inner):
    call = Known(activation.relu)
    once, again = (inner_loop.measure(short, TRIAL, 0, lambda step: call) for _ in range(2))
    other = inner_loop.measure(short, TRIAL, 1, lambda step: call)
    assert once == again
    assert once[0]["mean_loss"] != other[0]["mean_loss"]
    assert isinstance(short.test, splits.Split)
    assert short.sizes == hidden_layer.Sizes(40, 128, 10)


def test_bad_configs_are_refused():
    for wrong in ({"evaluation": "guess"}, {"scored_steps": 999}, {"decay": 1.0}, {"fresh": 0}):
        with pytest.raises(Refused, match=next(iter(wrong))):
            Learned(**wrong)  # type: ignore[arg-type]
    with pytest.raises(Refused, match="activation"):
        Fixed(activation="rellu")
    with pytest.raises(Refused, match="members"):
        Transfer(members=2)
    with pytest.raises(Refused, match="learned"):
        Transfer(activations=("relu",))
