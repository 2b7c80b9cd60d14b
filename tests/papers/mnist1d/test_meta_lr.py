"""The hand-differentiated network, and the meta-gradient of a learning rate."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor

from harness.paper import Refused
from harness.training import ensemble, unroll
from papers.mnist1d import hidden_layer
from papers.mnist1d.hidden_layer import Sizes
from papers.mnist1d.meta_lr import training
from papers.mnist1d.meta_lr.config import MetaRate
from papers.signals import dataset, splits


class Streams:
    """What initial weights need of a trial."""

    def stream(self, name: str, member: int) -> int:
        return 100 + member


@pytest.fixture(scope="module")
def train() -> splits.Split:
    return splits.parts(dataset.generate(), "cpu")[0]


def inner(train: splits.Split, steps: int, members: int, kind=torch.float64) -> training.Inner:
    config = MetaRate(1.0, inner_steps=steps, members=members, published_init=members == 1)
    batches = [(x.to(kind), y.to(kind)) for x, y in training.batches(config, train)]
    weights = training.initial(config, Streams()).to(kind)  # type: ignore[arg-type]
    return training.Inner(training.network(config), weights, batches)


def test_the_network_has_the_published_number_of_weights():
    assert training.network(MetaRate(1.0)).weights == 2560
    assert Sizes(40, 128, 10).weights == 6538


def test_gradient_and_adjoint_are_autograds(train: splits.Split):
    run = inner(train, 1, 3)
    weights = run.weights.clone().requires_grad_()
    direction = torch.randn(
        3, 2560, dtype=torch.float64, generator=torch.Generator().manual_seed(1)
    )
    loss = run.loss((weights,), (), 0)
    (gradient,) = torch.autograd.grad(loss.sum(), weights, create_graph=True)
    total = 0.3 * loss.sum() + (gradient * direction).sum()
    (second,) = torch.autograd.grad(total, weights)
    found_loss, found, tape = hidden_layer.gradient(
        run.sizes, run.weights, *run.batches[0], training.Tanh()
    )
    adjoint = hidden_layer.adjoint(run.sizes, run.weights, tape, direction, 0.3)
    torch.testing.assert_close(found_loss, loss.detach(), rtol=1e-12, atol=1e-14)
    torch.testing.assert_close(found, gradient.detach(), rtol=1e-10, atol=1e-13)
    torch.testing.assert_close(adjoint.weights, second, rtol=1e-10, atol=1e-12)


def test_forward_reverse_and_finite_differences_agree(train: splits.Split):
    run, rate = inner(train, 10, 2), torch.tensor([0.7, 1.4], dtype=torch.float64)
    forward, reverse = run.forward(rate), run.reverse(rate)
    torch.testing.assert_close(forward, reverse, rtol=1e-10, atol=1e-13)
    step = 1e-5
    difference = (run.forward(rate + step)[0] - run.forward(rate - step)[0]) / (2 * step)
    torch.testing.assert_close(forward[1], difference, rtol=1e-7, atol=1e-9)


def test_both_modes_agree_in_float32_over_the_whole_run(train: splits.Split):
    run, rate = inner(train, 200, 1, torch.float32), torch.tensor([0.62])
    forward, reverse = run.forward(rate), run.reverse(rate)
    torch.testing.assert_close(forward[0], reverse[0], rtol=1e-5, atol=0)
    torch.testing.assert_close(forward[1], reverse[1], rtol=1e-4, atol=1e-5)


@pytest.mark.slow
@pytest.mark.filterwarnings(
    "ignore:.torch.jit.script. is deprecated"
)  # torch's own, of forward_ad
def test_the_shared_forward_mode_gives_the_same_slopes(train: splits.Split):
    run, rate = inner(train, 5, 2), torch.tensor([0.7, 1.4], dtype=torch.float64)
    rule = unroll.SGD(rate=lambda meta: meta[0][:, None])
    general = unroll.Inner(run.loss, rule, 5)
    losses, slopes = general.tangents((run.weights,), (rate,), [(torch.ones_like(rate),)])
    mean, slope = run.forward(rate)
    torch.testing.assert_close(losses.mean(0), mean, rtol=1e-12, atol=0)
    torch.testing.assert_close(slopes[0].mean(0), slope, rtol=1e-10, atol=1e-13)


def test_stacked_initial_weights_learn_as_one_by_one(train: splits.Split):
    run, rate = inner(train, 10, 3), torch.tensor([0.3, 0.7, 1.4], dtype=torch.float64)
    together = run.forward(rate)
    for member in range(3):
        alone = training.Inner(run.sizes, run.weights[member : member + 1], run.batches)
        loss, slope = alone.forward(rate[member : member + 1])
        torch.testing.assert_close(loss[0], together[0][member], rtol=1e-12, atol=0)
        torch.testing.assert_close(slope[0], together[1][member], rtol=1e-10, atol=1e-14)


@pytest.mark.parametrize(("start", "steps", "after"), [(0.15, 1, 0.392), (0.15, 4, 0.4909)])
def test_the_published_descent_begins_as_printed(
    train: splits.Split, start: float, steps: int, after: float
):
    run, rate = inner(train, 200, 1, torch.float32), torch.tensor([start])
    for _ in range(steps):
        rate = rate - 0.3 * run.forward(rate)[1]
    assert rate.item() == pytest.approx(after, abs=1e-3)


def test_the_authors_weights_are_those_of_torch_seed_0():
    config = MetaRate(1.5)
    torch.manual_seed(0)
    layers = torch.nn.Linear(40, 50), torch.nn.Linear(50, 10)
    first, second, bias = training.network(config).split(training.initial(config, Streams()))  # type: ignore[arg-type]
    assert torch.equal(first[0, :40], layers[0].weight.T)
    assert torch.equal(first[0, 40], layers[0].bias)
    assert torch.equal(second[0], layers[1].weight.T)
    assert torch.equal(bias[0, 0], layers[1].bias)


def test_the_comparison_counts_printed_rates_that_are_missed():
    path = [0.0] * 25
    for step, rate in training.PUBLISHED[1.5].items():
        if step < len(path):
            path[step] = rate
    path[6] += 0.002
    row = training.compare(1.5, path)
    assert row["deviating"] == 1
    assert row["max_deviation"] == pytest.approx(0.002)
    assert training.compare(0.5, path) == {}


@pytest.mark.parametrize(
    "wrong", [{"mode": "sideways"}, {"start": 0.0}, {"members": 2}, {"inner_steps": 0}]
)
def test_bad_configs_are_refused(wrong: dict[str, object]):
    with pytest.raises(Refused, match=next(iter(wrong))):
        MetaRate(**{"start": 1.5, **wrong})  # type: ignore[arg-type]


def test_the_plain_loss_is_the_hand_written_one(train: splits.Split):
    run = inner(train, 2, 2)
    first, second, bias = run.sizes.split(run.weights)
    x, onehot = run.batches[1]
    logits: Tensor = (x @ first).tanh() @ second + bias
    expected = ensemble.cross_entropy(logits, onehot.argmax(-1))
    torch.testing.assert_close(run.loss((run.weights,), (), 1), expected)
