"""An inner loop with a state: every path of its meta-gradient, in pieces and recomputed."""

from __future__ import annotations

from collections.abc import Callable

import pytest
import torch
from torch import Tensor, nn
from torch.func import jvp
from torch.nn.functional import conv1d, cross_entropy

from harness.training import ensemble, inner_loop, twice, unroll
from harness.training.inner_loop import SGD, InnerLoop, Tensors

STEPS, ROWS, CLASSES = 8, 6, 3
RULE = SGD(rate=lambda meta, t: meta[0][t].exp(), momentum=lambda meta, t: meta[1][t].exp())
REAL = 11  # rows of the outer batch


def draw(*shape: int, seed: int = 0) -> Tensor:
    random = torch.Generator().manual_seed(seed)
    return torch.randn(*shape, generator=random, dtype=torch.float64)


def problem(steps: int = STEPS) -> tuple[Tensors, Tensors, Tensors]:
    """Return weights of a small net, meta (log rates, log momenta, T batches), and its state."""
    weights = (draw(5, 4, seed=1), draw(4, CLASSES, seed=2))
    rates = (draw(steps, seed=3) / 4 - 1.5, draw(steps, seed=4) / 4 - 1)
    images = tuple(draw(ROWS, 5, seed=10 + t) for t in range(steps))
    return weights, (*rates, *images), (torch.zeros(4, dtype=torch.float64),)


def hidden(weights: Tensors, x: Tensor) -> Tensor:
    return (x @ weights[0]).tanh()


def loss(weights: Tensors, meta: Tensors, state: Tensors, step: int) -> tuple[Tensor, Tensors]:
    """The loss of a net that centres its hidden units, and remembers where their centre was."""
    rows = hidden(weights, meta[2 + step])
    mean = rows.mean(0)
    labels = (torch.arange(ROWS) + step) % CLASSES
    return cross_entropy((rows - mean) @ weights[1], labels), (0.3 * state[0] + 0.7 * mean,)


def outer(weights: Tensors, meta: Tensors, state: Tensors, done: int) -> Tensor:
    """The loss on a real batch of that step, centred by what the training remembers."""
    rows = hidden(weights, draw(REAL, 5, seed=100 + done)) - state[0]
    return cross_entropy(rows @ weights[1], torch.arange(REAL) % CLASSES)


def forgetful(weights: Tensors, meta: Tensors, state: Tensors, done: int) -> Tensor:
    """The same without the path through the state."""
    return outer(weights, meta, tuple(s.detach() for s in state), done)


def leaves(tensors: Tensors) -> Tensors:
    return tuple(t.clone().requires_grad_() for t in tensors)


def meta_gradient(
    loop: InnerLoop, segment: int = 0, steps: int = STEPS
) -> tuple[Tensor, list[Tensor]]:
    """Return the outer loss, and its gradients by weights, meta-parameters and state."""
    weights, meta, state = (leaves(part) for part in problem(steps))
    outcome = loop.run(weights, meta, state, segment=segment)
    total = outcome.outer.sum()
    found = torch.autograd.grad(total, (*weights, *meta, *state), allow_unused=True)
    assert all(g is not None for g in found)
    return total, list(found)


def difference(loop: InnerLoop, steps: int, place: int, along: Tensor, size: float) -> float:
    """Return the slope of the outer loss along a direction of one input, by a difference."""
    weights, meta, state = problem(steps)
    values = []
    for move in (size, -size):
        moved = [*weights, *meta, *state]
        moved[place] = moved[place] + move * along
        outcome = loop.run(tuple(moved[:2]), tuple(moved[2:-1]), (moved[-1],))
        values.append(outcome.outer.sum().item())
    return (values[0] - values[1]) / (2 * size)


@pytest.mark.parametrize("steps", [1, 3, 8])
@pytest.mark.parametrize("every", [0, 2])
def test_every_group_of_the_meta_gradient_is_a_central_difference(steps: int, every: int):
    loop = InnerLoop(loss, RULE, steps, outer=outer, every=every)
    _, found = meta_gradient(loop, steps=steps)
    for place, gradient in enumerate(found):
        along = draw(*gradient.shape, seed=50 + place)
        expected = difference(loop, steps, place, along, 1e-5)
        size = max(abs(expected), float(gradient.norm()) * 1e-3)
        assert abs(float((gradient * along).sum()) - expected) < 1e-6 * size + 1e-10, place


def test_without_the_path_through_the_state_the_gradient_is_another():
    _, exact = meta_gradient(InnerLoop(loss, RULE, STEPS, outer=outer))
    weights, meta, state = (leaves(part) for part in problem())
    outcome = InnerLoop(loss, RULE, STEPS, outer=forgetful).run(weights, meta, state)
    last = torch.autograd.grad(outcome.outer.sum(), meta[-1])[0]
    assert torch.nn.functional.cosine_similarity(last.flatten(), exact[-2].flatten(), 0) < 0.999
    along = draw(*last.shape, seed=7)
    loop = InnerLoop(loss, RULE, STEPS, outer=outer)
    expected = difference(loop, STEPS, len(exact) - 2, along, 1e-5)
    assert abs(float((last * along).sum()) - expected) > 1e-3 * abs(expected)


@pytest.mark.parametrize("segment", [1, 2, 3, STEPS, 99])
@pytest.mark.parametrize("every", [0, 1, 3])
def test_recomputed_segments_give_the_same_gradients(segment: int, every: int):
    loop = InnerLoop(loss, RULE, STEPS, outer=outer, every=every)
    plain, again = meta_gradient(loop), meta_gradient(loop, segment)
    torch.testing.assert_close(again, plain, rtol=1e-12, atol=1e-14)


@pytest.mark.filterwarnings("ignore:.torch.jit.script. is deprecated")  # torch's own
def test_rates_and_momenta_agree_with_forward_mode():
    """d outer / d rate_t and d momentum_t by forward mode over the whole loop."""
    weights, meta, state = problem()
    loop = InnerLoop(loss, RULE, STEPS, outer=outer)

    def scored(rates: Tensor, momenta: Tensor) -> Tensor:
        """A loop of its own: the inner gradient by torch.func, nothing of ours but the rule."""
        own, slots, held = weights, RULE.start(weights), state
        for step in range(STEPS):
            gradients, held = torch.func.grad(
                lambda w, held=held, step=step: loss(w, meta, held, step), has_aux=True
            )(own)
            own, slots = RULE.step(own, gradients, slots, (rates, momenta), step)
        return outer(own, meta, held, STEPS)

    _, found = meta_gradient(loop)
    for place in (0, 1):
        for step in (0, 3, STEPS - 1):
            along = [torch.zeros(STEPS, dtype=torch.float64) for _ in range(2)]
            along[place][step] = 1
            _, slope = jvp(scored, (meta[0], meta[1]), (along[0], along[1]))
            torch.testing.assert_close(found[2 + place][step], slope, rtol=1e-9, atol=1e-13)


def test_outer_losses_on_the_way_are_those_of_shorter_loops():
    weights, meta, state = problem()
    whole = InnerLoop(loss, RULE, STEPS, outer=outer, every=3)
    assert whole.scored == [3, 6, 8]
    found = whole.run(weights, meta, state).outer
    each = [
        InnerLoop(loss, RULE, steps, outer=outer).run(weights, meta, state).outer
        for steps in whole.scored
    ]
    torch.testing.assert_close(found, torch.cat(each), rtol=1e-12, atol=0)
    _, together = meta_gradient(whole)
    apart = [torch.zeros_like(g) for g in together]
    for steps in whole.scored:
        weights, meta, state = (leaves(part) for part in problem())
        score = InnerLoop(loss, RULE, steps, outer=outer).run(weights, meta, state).outer.sum()
        own = torch.autograd.grad(score, (*weights, *meta, *state), allow_unused=True)
        apart = [a if g is None else a + g for a, g in zip(apart, own, strict=True)]
    torch.testing.assert_close(together, apart, rtol=1e-10, atol=1e-13)


@pytest.mark.parametrize("segment", [0, 1])
def test_a_loop_goes_on_where_another_one_ended(segment: int):
    weights, meta, state = (leaves(part) for part in problem())
    whole = InnerLoop(loss, RULE, STEPS, outer=outer)
    expected = whole.run(weights, meta, state)
    first = InnerLoop(loss, RULE, 5).run(weights, meta, state, segment=segment)
    rest = InnerLoop(loss, RULE, STEPS - 5, first=5, outer=outer)
    found = rest.run(first.weights, meta, first.state, first.slots, segment=segment)
    torch.testing.assert_close(found.outer, expected.outer, rtol=1e-13, atol=0)
    torch.testing.assert_close(found.slots, expected.slots, rtol=1e-13, atol=1e-15)
    inputs = (*weights, *meta, *state)
    torch.testing.assert_close(
        torch.autograd.grad(found.outer.sum(), inputs),
        torch.autograd.grad(expected.outer.sum(), inputs),
        rtol=1e-11,
        atol=1e-14,
    )


def test_a_truncated_loop_keeps_the_velocity_and_gives_early_data_no_gradient():
    weights, meta, state = (leaves(part) for part in problem())
    with torch.no_grad():
        first = InnerLoop(loss, RULE, 5).run(weights, meta, state, segment=1)
    assert not any(t.requires_grad for t in (*first.weights, *first.slots, *first.state))
    rest = InnerLoop(loss, RULE, STEPS - 5, first=5, outer=outer)
    found = rest.run(first.weights, meta, first.state, first.slots, segment=1)
    expected = InnerLoop(loss, RULE, STEPS, outer=outer).run(weights, meta, state)
    torch.testing.assert_close(found.outer, expected.outer, rtol=1e-13, atol=0)
    gradients = torch.autograd.grad(found.outer.sum(), meta, allow_unused=True)
    moved = [g is not None and bool(g.abs().max() > 0) for g in gradients[2:]]
    assert moved == [False] * 5 + [True] * 3
    assert not gradients[0][:5].any() and gradients[0][5:].all()


def test_the_quadratic_with_rates_of_its_own_steps_has_a_closed_form():
    """loss = a w^2 / 2 - x_t w: w' = w (1 - r_t a) + r_t x_t."""
    curve, rates = 0.8, torch.tensor([0.3, 0.1, 0.5], dtype=torch.float64, requires_grad=True)
    data = tuple(torch.tensor(v, dtype=torch.float64, requires_grad=True) for v in (1.0, -2, 0.5))
    loop = InnerLoop(
        lambda w, m, s, t: (curve * w[0] ** 2 / 2 - m[1 + t] * w[0], ()),
        SGD(lambda m, t: m[0][t]),
        3,
    )
    start = torch.tensor(1.5, dtype=torch.float64)
    end = loop.run((start,), (rates, *data), segment=1).weights[0]
    r, x = [0.3, 0.1, 0.5], [1.0, -2, 0.5]
    path = [1.5]
    for t in range(3):
        path.append(path[-1] * (1 - r[t] * curve) + r[t] * x[t])
    assert end.item() == pytest.approx(path[-1], rel=1e-12)
    gradients = torch.autograd.grad(end, (rates, *data))
    after = [(1 - r[1] * curve) * (1 - r[2] * curve), 1 - r[2] * curve, 1.0]
    for t in range(3):
        assert gradients[1 + t].item() == pytest.approx(after[t] * r[t], rel=1e-12)
        slope = after[t] * (x[t] - curve * path[t])
        assert gradients[0][t].item() == pytest.approx(slope, rel=1e-12)


@pytest.mark.parametrize("segment", [0, 2])
def test_without_a_state_it_is_the_narrower_loop(segment: int):
    """`unroll.Inner`, on which published results rest, has the same losses and gradients."""
    weights, meta, _ = problem()

    def plain(weights: Tensors, meta: Tensors, step: int) -> Tensor:
        return cross_entropy(hidden(weights, meta[2 + step]) @ weights[1], torch.arange(6) % 3)

    ours, theirs = leaves(meta), leaves(meta)
    outcome = InnerLoop(
        lambda w, m, s, t: (plain(w, m, t), ()), SGD(lambda m, t: m[0][0].exp(), 0.9), STEPS
    ).run(weights, ours, segment=segment)
    losses, end = unroll.Inner(plain, unroll.SGD(lambda m: m[0][0].exp(), 0.9), STEPS).run(
        weights, theirs, segment=segment
    )
    torch.testing.assert_close(outcome.losses, losses, rtol=1e-13, atol=0)
    torch.testing.assert_close(
        torch.autograd.grad(outcome.losses.sum() + outcome.weights[0].sum(), (ours[0], ours[4])),
        torch.autograd.grad(losses.sum() + end[0].sum(), (theirs[0], theirs[4])),
        rtol=1e-12,
        atol=1e-14,
    )


def test_the_rule_is_torchs_own_for_twenty_steps():
    weights, _, _ = problem()
    rates = [0.05 + 0.01 * t for t in range(20)]
    batches = [draw(ROWS, 5, seed=t) for t in range(20)]

    def step_loss(w: Tensors, t: int) -> Tensor:
        return cross_entropy(hidden(w, batches[t]) @ w[1], torch.arange(ROWS) % CLASSES)

    rule = SGD(lambda m, t: torch.tensor(rates[t]), 0.9)
    end = InnerLoop(lambda w, m, s, t: (step_loss(w, t), ()), rule, 20).run(weights).weights
    own = leaves(weights)
    optimizer = torch.optim.SGD(own, lr=1, momentum=0.9)
    for t in range(20):
        optimizer.param_groups[0]["lr"] = rates[t]
        optimizer.zero_grad()
        step_loss(own, t).backward()
        optimizer.step()
    torch.testing.assert_close(tuple(own), end, rtol=1e-6, atol=1e-7)


def test_members_do_not_see_each_other():
    starts = torch.tensor([2.0, 3.0], dtype=torch.float64)
    rates = torch.tensor([0.1, 0.4], dtype=torch.float64, requires_grad=True)
    loop = InnerLoop(
        lambda w, m, s, t: (w[0] ** 2 / 2, ()), SGD(lambda m, t: m[0]), 3,
        outer=lambda w, m, s, t: w[0],
    )  # fmt: skip
    outcome = loop.run((starts,), (rates,), segment=1)
    assert outcome.losses.shape == (3, 2) and outcome.outer.shape == (1, 2)
    (slopes,) = torch.autograd.grad(outcome.outer.sum(), rates)
    expected = [-3 * s * (1 - r) ** 2 for s, r in ((2.0, 0.1), (3.0, 0.4))]
    assert slopes.tolist() == pytest.approx(expected, rel=1e-12)


def test_each_step_is_computed_twice_when_recomputed_and_no_more():
    """Nested checkpoints are quadratic; this is what guards against them."""
    calls = []

    def counted(w: Tensors, m: Tensors, s: Tensors, t: int) -> tuple[Tensor, Tensors]:
        calls.append(t)
        return loss(w, m, s, t)

    for segment, expected in ((0, STEPS), (1, 2 * STEPS), (3, 2 * STEPS), (STEPS, 2 * STEPS)):
        calls.clear()
        meta_gradient(InnerLoop(counted, RULE, STEPS, outer=outer), segment)
        assert len(calls) == expected, segment


def test_the_inputs_stay_as_they_were():
    weights, meta, state = problem()
    before = [t.clone() for t in (*weights, *meta, *state)]
    for segment in (0, 3):
        InnerLoop(loss, RULE, STEPS, outer=outer).run(weights, meta, state, segment=segment)
    after = (*weights, *meta, *state)
    assert not any(t.requires_grad for t in after)
    assert all(torch.equal(a, b) for a, b in zip(before, after, strict=True))


# --- layers with a first-order gradient only


def in_a_loop(convolved) -> float:
    """Return d last loss / d rate of a convolution in a loop of four steps."""
    x, y = draw(4, 6, 1, 9), torch.arange(6) % 3
    start = (draw(1, 3, 1, 3, seed=5) / 2, draw(1, 3, seed=6) / 2)

    def loss(w: Tensors, m: Tensors, s: Tensors, t: int) -> tuple[Tensor, Tensors]:
        return ensemble.cross_entropy(convolved(w, x[t]).tanh().mean(-1), y), ()

    rate = torch.tensor(0.5, dtype=torch.float64, requires_grad=True)
    outcome = InnerLoop(loss, SGD(lambda m, t: m[0]), 4).run(start, (rate,))
    return torch.autograd.grad(outcome.losses[-1].sum(), rate)[0].item()


def natively(w: Tensors, x: Tensor) -> Tensor:
    return conv1d(x, w[0][0], w[1][0], padding=1)[None]


def by_hand(w: Tensors, x: Tensor) -> Tensor:
    layer = ensemble.stack([nn.Conv1d(1, 3, 3, padding=1).double()])
    return torch.func.functional_call(layer, {"weight_EOCk": w[0], "bias_EO": w[1]}, (x,))


def by_slices(w: Tensors, x: Tensor) -> Tensor:
    return twice.convolve(twice.batch_last(x), *w, padding=1).permute(0, 3, 1, 2)


def test_a_stacked_convolution_of_first_order_is_refused_where_it_would_be_wrong():
    """`unroll.Inner` takes it, and its derivative is another number than the native layer's."""
    assert in_a_loop(by_slices) == pytest.approx(in_a_loop(natively), rel=1e-10)
    with pytest.raises(ValueError, match=r"ensemble\._Convolution: has a first-order"):
        in_a_loop(by_hand)


def test_a_stacked_gru_is_refused_too():
    layer = ensemble.stack([nn.GRU(1, 2, batch_first=True).double()])
    names = [name for name, _ in layer.named_parameters()]

    def loss(w: Tensors, m: Tensors, s: Tensors, t: int) -> tuple[Tensor, Tensors]:
        out, _ = torch.func.functional_call(layer, dict(zip(names, w, strict=True)), (x,))
        return out.square().mean(), ()

    x = draw(4, 5, 1)
    weights = tuple(p.detach() for p in layer.parameters())
    with pytest.raises(ValueError, match=r"ensemble\._Recurrence: has a first-order"):
        InnerLoop(loss, SGD(0.1), 2).run(weights)


def test_what_made_the_data_may_have_a_gradient_of_first_order():
    """It is differentiated once: what a native layer makes has the same gradient."""
    x, kernel = draw(6, 1, 9), draw(1, 3, 1, 3, seed=7)
    y, start = torch.arange(6) % 3, (draw(3, 9, seed=8),)

    def slope(make: Callable[[Tensors, Tensor], Tensor]) -> Tensor:
        free = kernel.clone().requires_grad_()
        made = make((free, torch.zeros(1, 3, dtype=torch.float64)), x)[0].mean(1)

        def loss(w: Tensors, m: Tensors, s: Tensors, t: int) -> tuple[Tensor, Tensors]:
            return cross_entropy(m[0].tanh() @ w[0].T, y), ()

        outcome = InnerLoop(loss, SGD(0.5), 3).run(start, (made,))
        return torch.autograd.grad(outcome.losses[-1], free)[0]

    torch.testing.assert_close(slope(by_hand), slope(natively), rtol=1e-10, atol=1e-12)


def test_numbers_out_of_range_are_refused():
    for changed, said in (
        ({"steps": 0}, "steps=0: must be at least 1"),
        ({"first": -1}, "first=-1"),
        ({"every": -2}, "every=-2"),
    ):
        with pytest.raises(ValueError, match=said):
            InnerLoop(loss, RULE, **{"steps": 1, **changed})
    weights, meta, state = problem()
    with pytest.raises(ValueError, match="segment=-1"):
        InnerLoop(loss, RULE, 1).run(weights, meta, state, segment=-1)
    assert inner_loop.value_of(0.25, meta, 3) == 0.25
