"""A step of training: its gradient, what it does with numbers that are none, and what resumes."""

from __future__ import annotations

from dataclasses import replace
from functools import partial

import pytest
import torch

from harness.trial import stream
from papers.ghn2 import testbed
from papers.ghn2.config import Training
from papers.ghn2.evaluation import accuracy, judge
from papers.ghn2.hyper.batch import Prepared
from papers.ghn2.hyper.config import Hyper, preset, small
from papers.ghn2.hyper.network import build
from papers.ghn2.space.draft import Frame
from papers.ghn2.space.splits import Pool, Space
from papers.ghn2.testbed import Rows
from papers.ghn2.training import Diverged, Trainer, descend_networks, losses_direct

pytestmark = pytest.mark.usefixtures("one_thread")
FRAME = Frame(1, (20,), 10)
MINI = Space("mini", FRAME)
TINY = Hyper(width=8, largest=4, kernel=(1, 7), most_channels=64)
CONFIG = Training(steps=4, meta_batch=2, batch=8, pool=4, drops=(0.5,))


def rows(count: int, seed: int = 0, dtype: torch.dtype = torch.float32) -> Rows:
    generator = torch.Generator().manual_seed(seed)
    x = torch.randn(count, 1, 20, generator=generator).to(dtype)
    return Rows(x, torch.arange(count) % 10)


def trainer(config: Training = CONFIG, seed: int = 0) -> Trainer:
    pool = Pool(MINI, config.pool, 0, ())
    return Trainer(build(TINY, seed), pool, testbed.Testbed(rows(32), rows(32, 1), FRAME), config,
                   partial(stream, seed))  # fmt: skip


def weights(one: Trainer) -> list[torch.Tensor]:
    return [p.detach().clone() for p in one.hyper.parameters()]


@pytest.mark.parametrize("name", ["ghn2", "ghn1", "mlp", "ghn3t"])
def test_backward_in_two_stages_is_backward_at_once(name):
    hyper = build(preset(name, TINY), 0).double()
    networks = MINI.split("train", 3)
    graphs = [Prepared(network.graph, hyper.hyper) for network in networks]
    batch = rows(8, dtype=torch.float64)
    losses = losses_direct(hyper, networks, graphs, batch.x, batch.y)
    direct = torch.autograd.grad(losses.mean(), list(hyper.parameters()))
    told = descend_networks(hyper, networks, graphs, batch.x, batch.y)
    torch.testing.assert_close(told, losses.detach(), rtol=0, atol=1e-12)
    for one, parameter in zip(direct, hyper.parameters(), strict=True):
        torch.testing.assert_close(one, parameter.grad, rtol=0, atol=1e-10)


def test_the_gradient_is_that_of_finite_differences():
    hyper = build(TINY, 0).double()
    networks = MINI.split("train", 2)
    graphs = [Prepared(network.graph, TINY) for network in networks]
    batch = rows(8, dtype=torch.float64)
    descend_networks(hyper, networks, graphs, batch.x, batch.y)
    generator, step = torch.Generator().manual_seed(3), 1e-6

    def loss() -> float:
        with torch.no_grad():
            return float(losses_direct(hyper, networks, graphs, batch.x, batch.y).mean())

    for parameter in (hyper.grids.channels.weight, hyper.grids.places.bias,
                      hyper.propagation.cell.weight_hh, hyper.propagation.far[0].weight,
                      hyper.vectors.rows.weight):  # fmt: skip
        flat, grad = parameter.data.view(-1), parameter.grad.view(-1)
        at = int(torch.multinomial(grad.abs() / grad.abs().sum(), 1, generator=generator))
        before = float(flat[at])
        flat[at] = before + step
        high = loss()
        flat[at] = before - step
        low = loss()
        flat[at] = before
        assert float(grad[at]) == pytest.approx((high - low) / (2 * step), rel=1e-4, abs=1e-9)


def test_steps_are_the_same_again_and_go_on_where_they_stopped():
    whole, parts, again = trainer(), trainer(), trainer()
    for turn in range(4):
        whole.update(turn, 4)
    for turn in range(2):
        parts.update(turn, 4)
    saved = {name: item.state_dict() if hasattr(item, "state_dict") else
             item.get_state() if hasattr(item, "get_state") else item
             for name, item in parts.stateful.items()}  # fmt: skip
    resumed = trainer(seed=0)
    torch.nn.init.zeros_(resumed.hyper.vectors.rows.weight)
    for name, item in resumed.stateful.items():
        if hasattr(item, "load_state_dict"):
            item.load_state_dict(saved[name])
        elif hasattr(item, "set_state"):
            item.set_state(saved[name])
        elif isinstance(item, dict):
            item.update(saved[name])
        else:
            item[:] = saved[name]
    for turn in range(2, 4):
        resumed.update(turn, 4)
    for turn in range(4):
        again.update(turn, 4)
    for one, other, third in zip(weights(whole), weights(resumed), weights(again), strict=True):
        assert torch.equal(one, other)
        assert torch.equal(one, third)


def test_a_step_without_a_finite_loss_changes_nothing_and_is_counted():
    one = trainer()
    one.update(0, 4)
    before = weights(one)
    one.bed.train.x.fill_(float("nan"))
    one.update(1, 4)
    assert one.counts["skipped"] == 1
    for a, b in zip(before, weights(one), strict=True):
        assert torch.equal(a, b)
    one.bed.train.x.fill_(0.5)
    one.update(2, 4)
    assert (one.counts["skipped"], one.counts["in_a_row"]) == (1, 0)


def test_too_many_such_steps_end_the_training():
    one = trainer(replace(CONFIG, failures=2))
    one.bed.train.x.fill_(float("nan"))
    one.update(0, 4)
    with pytest.raises(Diverged, match="2 steps in a row"):
        one.update(1, 4)


def test_meta_batches_that_are_too_large_are_drawn_again_and_counted():
    sizes = sorted(len(network.graph) for network in Pool(MINI, 4, 0, ()))
    one = trainer(replace(CONFIG, most_nodes=sizes[0] + sizes[1]))
    for turn in range(4):
        one.update(turn, 4)
    assert one.counts["redrawn"] > 0
    assert one.told()["redrawn"] == one.counts["redrawn"]


def test_the_rate_falls_to_a_tenth_at_each_drop():
    config = replace(CONFIG, drops=(2 / 3, 5 / 6))
    rates = [config.rate(turn, 6) for turn in range(6)]
    assert rates == pytest.approx([1e-3] * 4 + [1e-4, 1e-5])


@pytest.mark.slow
def test_one_network_is_overfitted():
    config = replace(CONFIG, meta_batch=1, batch=64, pool=1, steps=600, drops=(), most_nodes=0)
    bed = testbed.Testbed(rows(64), rows(64), FRAME)
    one = Trainer(build(small("ghn2", 1), 0), MINI.split("train", 1), bed, config,
                  partial(stream, 0))  # fmt: skip
    found = []
    while len(found) < 12 and (not found or found[-1] < 0.95):  # how soon depends on rounding
        for turn in range(50):
            one.update(50 * len(found) + turn, config.steps)
        found.append(judge(one.hyper, one.networks, bed.train, 64).mean)
    assert found[0] < 0.6
    assert found[-1] >= 0.95


def test_batch_norm_goes_by_the_test_batch_and_nothing_else_does():
    bare = MINI.split("bnfree", 1)[0]
    normed = next(
        network
        for network in MINI.split("test", 8)
        if any(node.name == "bn" for node in network.graph.nodes)
    )
    x = rows(32).x
    for network, same in ((bare, True), (normed, False)):
        parameters = network.initial(0)
        whole = network.logits(parameters, x)
        halves = torch.cat([network.logits(parameters, part) for part in x.split(16)])
        assert torch.allclose(whole, halves, atol=1e-5) == same
        assert not list(network.module.buffers())


def test_a_result_that_is_no_number_is_wrong():
    network = MINI.split("test", 1)[0]
    parameters = {name: value * float("nan") for name, value in network.initial(0).items()}
    assert accuracy(network, parameters, rows(20), 10) == 0
