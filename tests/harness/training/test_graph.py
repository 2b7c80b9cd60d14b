"""Captured functions: what is copied, refused, honoured; on a GPU, that a graph does the same."""

from __future__ import annotations

import pytest
import torch
from torch import nn

from harness.paper import Refused
from harness.training.graph import Captured, CudaGraph
from tests.lab.recorders import Again


def drawn(*shape: int, seed: int = 0) -> torch.Tensor:
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed))


class Model:
    """A layer, and the loss and gradients of its outputs' squares."""

    def __init__(self, where: str = "cpu") -> None:
        torch.manual_seed(0)
        self.layer = nn.Linear(3, 2).to(where)

    def slopes(self, x: torch.Tensor, y: torch.Tensor) -> list[torch.Tensor]:
        loss = (self.layer(x) - y).square().mean()
        return [loss.detach(), *torch.autograd.grad(loss, list(self.layer.parameters()))]


def same(one, other) -> bool:
    return all(torch.equal(a, b) for a, b in zip(one, other, strict=True))


def test_a_replay_equals_the_function_bit_for_bit_and_is_captured_once():
    model, recorder = Model(), Again()
    captured = Captured(model.slopes, recorder)
    for seed in range(3):
        given = drawn(4, 3, seed=seed), drawn(4, 2, seed=seed + 10)
        assert same(captured(*given), model.slopes(*given))
    assert recorder.calls == ["warm", "capture", "replay", "replay", "replay"]


def test_inputs_are_copied_and_their_callers_keep_them():
    captured = Captured(lambda x: [x.mul_(2)], Again())
    x = drawn(3)
    for seed in range(2):
        given = drawn(3, seed=seed)
        (found,) = captured(given)
        assert torch.equal(given, drawn(3, seed=seed))
        assert torch.equal(found, 2 * given)
    (found,) = captured(x)
    x.zero_()
    assert torch.equal(found, 2 * drawn(3))


def test_outputs_are_buffers_that_the_next_call_overwrites():
    captured = Captured(lambda x: [2 * x, None], Again())
    first, nothing = captured(drawn(3))
    second, _ = captured(drawn(3, seed=1))
    assert nothing is None
    assert first is second
    assert torch.equal(second, 2 * drawn(3, seed=1))


def test_what_is_changed_in_place_is_honoured():
    model = Model()
    captured = Captured(model.slopes, Again())
    given = drawn(4, 3), drawn(4, 2)
    before = captured(*given)[0].clone()
    optimizer = torch.optim.SGD(model.layer.parameters(), lr=0.1)
    for rate in (0.1, 0.01):
        optimizer.param_groups[0]["lr"] = rate
        for weight, slope in zip(model.layer.parameters(), captured(*given)[1:], strict=True):
            weight.grad = slope.clone()
        optimizer.step()
    assert same(captured(*given), model.slopes(*given))
    assert captured(*given)[0] < before


def test_a_replay_draws_what_the_function_would_have_drawn():
    noisy = [nn.functional.dropout, Captured(lambda x: [nn.functional.dropout(x)], Again())]
    found = []
    for each in noisy:
        torch.manual_seed(5)
        found.append([torch.stack(list(each(torch.ones(50)))) for _ in range(3)])
    plain, captured = found
    assert same(captured, [one[None] for one in plain])
    assert not torch.equal(captured[0], captured[1])


@pytest.mark.parametrize(("given", "line"), [
    ((drawn(5, 3), drawn(4, 2)),
     "input 0: (5, 3) float32 on cpu; captured with (4, 3) float32 on cpu"),
    ((drawn(4, 3), drawn(4, 2).double()),
     "input 1: (4, 2) float64 on cpu; captured with (4, 2) float32 on cpu"),
    ((drawn(4, 3).to("meta"), drawn(4, 2)),
     "input 0: (4, 3) float32 on meta; captured with (4, 3) float32 on cpu"),
    ((drawn(4, 3),), "1 inputs; captured with 2"),
])  # fmt: skip
def test_an_input_of_another_kind_is_refused_and_nothing_is_copied(given, line):
    recorder = Again()
    captured = Captured(Model().slopes, recorder)
    captured(drawn(4, 3, seed=1), drawn(4, 2, seed=2))
    with pytest.raises(Refused) as refusal:
        captured(*given)
    assert str(refusal.value) == f"a captured function: {line}"
    assert same(captured.inputs, (drawn(4, 3, seed=1), drawn(4, 2, seed=2)))
    assert recorder.calls.count("replay") == 1


def test_a_layout_of_memory_is_that_of_the_first_call():
    last = drawn(2, 3, 4, 4).contiguous(memory_format=torch.channels_last)
    captured = Captured(lambda x: [x + 1], Again())
    for given in (last, drawn(2, 3, 4, 4, seed=1)):
        (found,) = captured(given)
        assert torch.equal(found, given + 1)
        assert captured.inputs[0].is_contiguous(memory_format=torch.channels_last)


def test_what_fails_at_the_capture_leaves_nothing_behind():
    tries = []

    def work(x):
        tries.append(x)
        if len(tries) == 1:
            raise RuntimeError("out of memory")
        return [x + 1]

    captured = Captured(work, Again())
    with pytest.raises(RuntimeError, match="out of memory"):
        captured(drawn(3))
    (found,) = captured(drawn(5))
    assert torch.equal(found, drawn(5) + 1)


WAITS = [
    lambda x: [x * float(x.sum())],
    lambda x: [x[x > 0]],
    lambda x: [x * 2 if (x > 0).any() else x],
    lambda x: [x + torch.tensor([1.0])],
]


@pytest.mark.parametrize("work", WAITS)
def test_work_that_waits_for_the_device_is_no_work_to_capture(work):
    """The stand-in refuses what a capture refuses, so tests without a GPU find it."""
    with pytest.raises(RuntimeError, match="when stream is capturing"):
        Captured(work, Again())(drawn(3))


@pytest.mark.gpu
@pytest.mark.parametrize("work", WAITS[:3])
def test_on_a_gpu_work_that_waits_is_refused_by_cuda_as_well(work):
    with pytest.raises(RuntimeError, match="captur"):
        Captured(work, CudaGraph())(drawn(3).cuda())


@pytest.mark.gpu
def test_on_a_gpu_a_graph_does_what_the_function_does_on_fresh_inputs():
    model = Model("cuda")
    captured = Captured(model.slopes, CudaGraph())
    for seed in range(3):
        given = drawn(4, 3, seed=seed).cuda(), drawn(4, 2, seed=seed + 10).cuda()
        found = [each.clone() for each in captured(*given)]
        for one, other in zip(found, model.slopes(*given), strict=True):
            torch.testing.assert_close(one, other)
        with torch.no_grad():
            model.layer.weight.mul_(0.5)  # in place: the next replay reads it


@pytest.mark.gpu
def test_on_a_gpu_replays_draw_afresh_and_warming_up_draws_nothing():
    captured = Captured(lambda x: [nn.functional.dropout(x)], CudaGraph())
    torch.manual_seed(5)
    plain = [nn.functional.dropout(torch.ones(999, device="cuda")) for _ in range(3)]
    torch.manual_seed(5)
    found = [captured(torch.ones(999, device="cuda"))[0].clone() for _ in range(3)]
    assert same(found, plain)
    assert not torch.equal(found[0], found[1])
