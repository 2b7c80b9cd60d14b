"""The sampler: how often an operation is drawn, and what gradient it passes on."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace

import pytest
import torch
from scipy.stats import chisquare

from harness.paper import Refused
from papers.cells.supernet.relaxation import Relaxation, log_weights
from papers.gdas.config import Gdas
from papers.gdas.sampler import Sampler, gumbel, straight_through, temperature

OPS = ("none", "skip", "c3", "c5", "avg")
DRAWS = 100_000


def relaxation(scale: float = 1.0, edges: tuple[tuple[str, ...], ...] = (OPS,)) -> Relaxation:
    return Relaxation({"cell": edges}, scale, 3)


@pytest.mark.parametrize("tau", [0.1, 10.0])
def test_an_operation_is_drawn_as_often_as_its_weight_says(tau):
    own = relaxation()
    logs = log_weights(own, "cell").detach().expand(DRAWS, -1)  # every row an edge of its own
    noise = gumbel(logs.shape, torch.Generator().manual_seed(1))
    counts = Counter(straight_through(logs, noise, tau).argmax(1).tolist())
    expected = own.weights("cell").detach().double()[0]
    found = [counts[op] for op in range(len(OPS))]
    assert chisquare(found, (DRAWS * expected / expected.sum()).tolist()).pvalue > 1e-3


def test_what_is_drawn_does_not_depend_on_tau():
    logs = torch.randn(1000, 8).log_softmax(1)
    noise = gumbel(logs.shape, torch.Generator().manual_seed(1))
    samples = [straight_through(logs, noise, tau) for tau in (0.01, 0.1, 1.0, 10.0)]
    assert all(torch.equal(samples[0], other) for other in samples[1:])


def test_a_sample_is_one_hot_to_the_last_digit():
    logs = torch.randn(200, 8).log_softmax(1)
    noise = gumbel(logs.shape, torch.Generator().manual_seed(2))
    sample = straight_through(logs, noise, 0.7)
    assert sorted(set(sample.flatten().tolist())) == [0.0, 1.0]
    assert torch.equal(sample.sum(1), torch.ones(200))


@pytest.mark.parametrize("tau", [0.1, 1.0, 10.0])
def test_the_gradient_is_the_soft_samples(tau, double):
    """dL/dalpha_m = <dL/dh_k, o_k> p~_k (delta_km - p~_m) / tau, for an edge that sampled k."""
    alpha = torch.randn(6, 8, requires_grad=True)
    noise, slope = gumbel(alpha.shape, torch.Generator().manual_seed(4)), torch.randn(6)
    sample = straight_through(alpha.log_softmax(1), noise.double(), tau)
    drawn = sample.argmax(1)
    loss = (sample[torch.arange(6), drawn] * slope).sum()  # what a step's loss depends on
    (found,) = torch.autograd.grad(loss, alpha)
    soft = ((alpha.log_softmax(1) + noise) / tau).softmax(1).detach()
    chosen = soft[torch.arange(6), drawn]
    wanted = -(slope * chosen)[:, None] * soft / tau
    wanted[torch.arange(6), drawn] += slope * chosen / tau
    torch.testing.assert_close(found, wanted, rtol=0, atol=1e-6)
    assert found.abs().min() > 0 or tau < 1  # all eight logits learn


def test_an_edge_with_fewer_operations_never_has_what_it_lacks():
    own = relaxation(edges=(OPS, ("skip", "c3")))
    sampler = Sampler(Gdas(), 5)
    samples = torch.stack([sampler(own, "cell") for _ in range(200)])
    assert samples[:, 1, 2:].sum() == 0
    samples.square().sum().backward()
    assert torch.isfinite(own.alphas["cell"].grad).all()


def test_tau_falls_from_first_epoch_to_last():
    config = Gdas(epochs=5)
    taus = [temperature(config, turn, 20) for turn in range(20)]
    assert taus[0] == 10.0
    assert taus[-1] == pytest.approx(0.1)
    assert taus[3] == taus[0] > taus[4]  # four turns an epoch
    assert sorted(taus, reverse=True) == taus
    assert temperature(replace(config, epochs=1), 7, 20) == 10.0


def test_a_resumed_sampler_draws_what_the_other_would_have():
    own, one, other = relaxation(), Sampler(Gdas(), 5), Sampler(Gdas(), 6)
    one.cool(3, 10)
    one(own, "cell")
    other.load_state_dict(one.state_dict())
    assert other.tau == one.tau
    for _ in range(5):
        assert torch.equal(one(own, "cell"), other(own, "cell"))


@pytest.mark.parametrize(
    ("field", "value", "rule"),
    [
        ("lowest_tau", 0.0, "lowest_tau=0"),
        ("lowest_tau", 11.0, "lowest_tau=11"),
        ("tau", -1.0, "tau=-1"),
        ("epochs", 0, "epochs=0"),
        ("unsampled", "sparse", "sparse"),
    ],
)
def test_numbers_that_no_search_has_are_refused(field, value, rule):
    with pytest.raises(Refused, match=rule) as told:
        replace(Gdas(), **{field: value})
    assert "\n" not in str(told.value)
