"""Shared weights of an edge space: a path is the child, a one-hot mixture is the path (T6, T7)."""

from __future__ import annotations

import random
from collections.abc import Iterator

import pytest
import torch
from torch import Tensor, nn
from torch.nn.functional import cross_entropy, one_hot

from papers.cells.network.light import Light
from papers.cells.space.edge import T1, T2, Code
from papers.cells.supernet.edge import EdgeSupernet, Shared, build_supernet, steps

ROWS = 12


@pytest.fixture(autouse=True)
def double() -> Iterator[None]:
    torch.set_default_dtype(torch.float64)
    yield
    torch.set_default_dtype(torch.float32)


@pytest.fixture
def net() -> EdgeSupernet:
    return build_supernet(T2, 0)


@pytest.fixture
def batch() -> tuple[Tensor, Tensor]:
    generator = torch.Generator().manual_seed(0)
    labels = torch.randint(10, (ROWS,), generator=generator)
    return torch.randn(ROWS, 40, generator=generator), labels


def codes(count: int) -> list[Code]:
    stream = random.Random(7)
    return [T2.random(stream) for _ in range(count)]


def child(net: EdgeSupernet, code: Code) -> Light:
    """Return a light network that has the supernet's weights; its norms stay at 1 and 0."""
    network = Light(T2, code)
    shared = dict(net.named_parameters())
    state = network.state_dict()
    for name in state:
        part, _, rest = name.partition(".operations.")
        source = name
        if rest:
            edge, _, tail = rest.partition(".")
            source = f"{part}.operations.{edge}_{T2.ops[code[int(edge)]]}.{tail}"
        if source in shared:
            state[name] = shared[source]
    network.load_state_dict(state)
    return network.train()


def gradients(net: EdgeSupernet, logits: Tensor, labels: Tensor) -> dict[str, Tensor | None]:
    net.zero_grad()
    cross_entropy(logits, labels).backward()
    return {n: None if p.grad is None else p.grad.clone() for n, p in net.named_parameters()}


def assert_alike(one: dict[str, Tensor | None], other: dict[str, Tensor | None]) -> None:
    for name, value in one.items():
        assert (value is None) == (other[name] is None), name
        if value is not None:
            torch.testing.assert_close(value, other[name], rtol=1e-9, atol=1e-10)


def test_a_path_computes_what_the_child_with_its_weights_does(net: EdgeSupernet, batch):
    x, _ = batch
    for code in codes(12):
        torch.testing.assert_close(net(x, code), child(net, code)(x), rtol=1e-9, atol=1e-10)


def test_different_operations_give_different_outputs(net: EdgeSupernet, batch):
    """Guards against a loop whose closures all see the last operation."""
    x, _ = batch
    outputs = [net(x, (3, 3, 0, 3, 0, op)) for op in range(5)]
    for place, one in enumerate(outputs):
        for other in outputs[place + 1 :]:
            assert not torch.allclose(one, other)


def test_a_one_hot_mixture_is_the_path(net: EdgeSupernet, batch):
    x, y = batch
    for code in codes(6):
        weights = one_hot(torch.tensor(code), 5).double()
        torch.testing.assert_close(net(x, weights), net(x, code), rtol=1e-9, atol=1e-10)
        unused = gradients(net, net(x, weights), y)
        used = gradients(net, net(x, code), y)
        for name, value in used.items():
            if value is None:  # nothing, or nothing but zeros
                assert unused[name] is None or not unused[name].any(), name


def hard(logits: Tensor, code: Code) -> Tensor:
    probabilities = logits.softmax(1)
    return one_hot(torch.tensor(code), 5).double() - probabilities.detach() + probabilities


def test_a_hard_sample_is_the_path_and_runs_nothing_else(net: EdgeSupernet, batch):
    x, y = batch
    ran: list[nn.Module] = []
    for cell in (net.first, net.second):
        for operation in cell.operations.values():
            operation.register_forward_hook(lambda module, *_: ran.append(module))
    logits = torch.randn(6, 5, requires_grad=True)
    for code in codes(6):
        path = gradients(net, net(x, code), y)
        ran.clear()
        sample = net(x, hard(logits, code), hard=True)
        live = len(steps(T2, code))
        assert len(ran) <= 2 * live
        torch.testing.assert_close(sample, net(x, code), rtol=1e-9, atol=1e-10)
        assert_alike(path, gradients(net, sample, y))


def test_the_gradient_of_a_hard_sample_reaches_all_logits_of_its_edge(net: EdgeSupernet, batch):
    """GDAS: dL/dalpha_m = <dL/dy, o_k(x)> p_k (delta_mk - p_m), from the chosen operation."""
    x, y = batch
    logits, code = torch.randn(6, 5, requires_grad=True), (3, 2, 4, 1, 3, 2)
    weights = hard(logits, code)
    weights.retain_grad()
    cross_entropy(net(x, weights, hard=True), y).backward()
    assert weights.grad is not None and logits.grad is not None
    probabilities = logits.detach().softmax(1)
    for edge, chosen in enumerate(code):
        own = weights.grad[edge, chosen]
        assert torch.count_nonzero(weights.grad[edge]) == 1
        delta = one_hot(torch.tensor(chosen), 5).double()
        slopes = probabilities[edge, chosen] * (delta - probabilities[edge])
        torch.testing.assert_close(logits.grad[edge], own * slopes)


@pytest.mark.parametrize("kind", ["path", "mixture", "hard"])
def test_the_fast_form_equals_the_loop(net: EdgeSupernet, batch, kind: str):
    x, y = batch
    fast = Shared(net)
    for code in codes(6):
        found = []
        for form in (net, fast):
            logits = torch.linspace(-1, 1, 30).view(6, 5).requires_grad_()
            choice = {"path": code, "mixture": logits.softmax(1), "hard": hard(logits, code)}[kind]
            out = form(x, choice, kind == "hard")
            found.append((out.detach(), gradients(net, out, y), logits.grad))
        torch.testing.assert_close(found[0][0], found[1][0], rtol=1e-10, atol=1e-10)
        assert_alike(found[0][1], found[1][1])
        if kind != "path":
            torch.testing.assert_close(found[0][2], found[1][2], rtol=1e-9, atol=1e-10)


def test_none_contributes_nothing(net: EdgeSupernet, batch):
    x, _ = batch
    alone = net(x, (0, 0, 0, 3, 0, 0))
    torch.testing.assert_close(net(x, (3, 3, 3, 3, 0, 0)), alone)  # what none carries is dead
    dead = net(x, (3, 0, 0, 0, 0, 0))
    torch.testing.assert_close(dead, dead[:1].expand(ROWS, -1))


def test_scores_do_not_depend_on_what_ran_before(net: EdgeSupernet, batch):
    """T15: batch statistics keep no memory of other cells; there are none to keep."""
    x, _ = batch
    first = net(x, (3,) * 6)
    net(x + 5, (2,) * 6)
    torch.testing.assert_close(net(x, (3,) * 6), first, rtol=0, atol=0)
    assert not [name for name, _ in net.named_buffers()]


def test_norms_have_no_weights():
    net = build_supernet(T1, 0)
    norms = [m for m in net.modules() if isinstance(m, nn.BatchNorm1d)]
    assert norms
    assert not any(norm.affine or norm.track_running_stats for norm in norms)
