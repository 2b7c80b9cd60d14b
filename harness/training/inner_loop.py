"""An inner training loop that carries a state, differentiated in reverse mode.

    loss_t, state_{t+1} = loss(theta_t, meta, state_t, t)        g_t = d loss_t / d theta_t
    theta_{t+1}, slots_{t+1} = rule(theta_t, g_t, slots_t, meta, t)
    outer_n = outer(theta_{t+1}, meta, state_{t+1}, t + 1)       after every `every`-th step

`unroll.Inner` is the narrower form: no state, no step in its rules, no outer losses on the way;
results rest on its words, so it stays as it is. Here the state (the statistics of a batch, say)
goes in and out of the loss and carries gradients; rate and momentum may be functions of the step;
outer losses are taken inside the stretch that is recomputed; and a loop may begin where another
one ended, with its slots: what truncation needs.

Shapes: T inner steps, n outer losses; a loss is a scalar or one number for each member (E).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple, Protocol

import torch
from torch import Tensor

Tensors = tuple[Tensor, ...]
Loss = Callable[[Tensors, Tensors, Tensors, int], tuple[Tensor, Tensors]]
Outer = Callable[[Tensors, Tensors, Tensors, int], Tensor]  # (weights, meta, state, steps taken)
Number = float | Callable[[Tensors, int], Tensor]  # a number, or a function of (meta, step)


def value_of(number: Number, meta: Tensors, step: int) -> Tensor | float:
    """Return a rule's number at a step: what broadcasts against every tensor of weights."""
    return number(meta, step) if callable(number) else number


class Rule(Protocol):
    """A differentiable update rule; slots are what it remembers from step to step."""

    def start(self, weights: Tensors) -> Tensors:
        """Return the slots before the first step."""

    def step(
        self, weights: Tensors, gradients: Tensors, slots: Tensors, meta: Tensors, step: int
    ) -> tuple[Tensors, Tensors]:
        """Return the next weights and slots; changes nothing in place."""


@dataclass(frozen=True)
class SGD:
    """m <- momentum_t m + g; theta <- theta - rate_t m."""

    rate: Number
    momentum: Number = 0.0

    def start(self, weights: Tensors) -> Tensors:
        """Return zero velocities, or nothing without momentum."""
        moving = callable(self.momentum) or self.momentum
        return tuple(torch.zeros_like(w) for w in weights) if moving else ()

    def step(
        self, weights: Tensors, gradients: Tensors, slots: Tensors, meta: Tensors, step: int
    ) -> tuple[Tensors, Tensors]:
        """Return the next weights and velocities."""
        rate = value_of(self.rate, meta, step)
        if slots:
            momentum = value_of(self.momentum, meta, step)
            slots = tuple(momentum * m + g for m, g in zip(slots, gradients, strict=True))
        moves = slots or gradients
        return tuple(w - rate * m for w, m in zip(weights, moves, strict=True)), slots


class Outcome(NamedTuple):
    """What a loop returns: losses (T, ...), outer losses (n, ...), and all that it carried."""

    losses: Tensor
    outer: Tensor
    weights: Tensors
    slots: Tensors
    state: Tensors


@dataclass(frozen=True)
class InnerLoop:
    """`steps` steps of `rule` down the gradient of `loss`, of which the first has number `first`.

    `outer` is taken after the steps whose number (from 1) is a multiple of `every`, and after the
    last step; with `every` = 0 after the last one only.
    """

    loss: Loss
    rule: Rule
    steps: int
    first: int = 0
    outer: Outer | None = None
    every: int = 0

    def __post_init__(self) -> None:
        for name, low in (("steps", 1), ("first", 0), ("every", 0)):
            if getattr(self, name) < low:
                raise ValueError(f"{name}={getattr(self, name)}: must be at least {low}")

    @property
    def scored(self) -> list[int]:
        """The numbers of steps taken after which there is an outer loss."""
        if self.outer is None:
            return []
        last = self.first + self.steps
        return [done for done in range(self.first + 1, last + 1) if self._scores(done)]

    def _scores(self, done: int) -> bool:
        last = done == self.first + self.steps
        return self.outer is not None and (last or (self.every > 0 and done % self.every == 0))

    def run(
        self,
        weights: Tensors,
        meta: Tensors = (),
        state: Tensors = (),
        slots: Tensors | None = None,
        segment: int = 0,
    ) -> Outcome:
        """Train; everything that is returned is a function of all that is given.

        With `segment` > 0 only what is carried at every `segment`-th step is kept for the backward
        pass, which runs each segment a second time. Then what loss and outer loss close over is a
        constant, and what is random in them must be drawn before.

        Raises:
            ValueError: the segment is negative, or the loss has a first-order gradient only.
        """
        if segment < 0:
            raise ValueError(f"segment={segment}: must be at least 0")
        carried = (*weights, *(self.rule.start(weights) if slots is None else slots), *state)
        sizes = (len(weights), len(carried) - len(state), len(carried))
        losses, outer = [], []
        length, end = segment or self.steps, self.first + self.steps
        for begin in range(self.first, end, length):
            stretch = _Stretch(self, sizes, begin, min(begin + length, end))
            if segment:
                outputs = _Recomputed.apply(stretch, *carried, *meta)  # type: ignore[no-untyped-call]
            else:
                outputs = stretch(carried, meta)
            losses.append(outputs[0])
            outer.append(outputs[1])
            carried = tuple(outputs[2:])
        taken = [part for part in outer if len(part)]
        return Outcome(torch.cat(losses), torch.cat(taken or outer[:1]), *_parted(carried, sizes))


Sizes = tuple[int, int, int]  # where weights, slots and state end among what is carried


def _parted(carried: Tensors, sizes: Sizes) -> tuple[Tensors, Tensors, Tensors]:
    return carried[: sizes[0]], carried[sizes[0] : sizes[1]], carried[sizes[1] : sizes[2]]


@dataclass(frozen=True)
class _Stretch:
    """Steps `begin` to `end`: (carried, meta) -> (losses (t, ...), outer (n, ...), *carried)."""

    loop: InnerLoop
    sizes: Sizes
    begin: int
    end: int

    def __call__(self, carried: Tensors, meta: Tensors, keep: bool = True) -> Tensors:
        weights, slots, state = _parted(carried, self.sizes)
        losses, outer = [], []
        for step in range(self.begin, self.end):
            # a view of what has a graph, a leaf of what has none: the inner gradient needs one
            weights = tuple(w if w.requires_grad else w.detach().requires_grad_() for w in weights)
            given = state
            with torch.enable_grad():
                loss, state = self.loop.loss(weights, meta, given, step)
                if keep and step == self.begin:
                    refuse_first_order(loss, (*weights, *meta, *given))
                gradients = torch.autograd.grad(loss.sum(), weights, create_graph=keep)
            if not keep:
                loss, state = loss.detach(), tuple(s.detach() for s in state)
            weights, slots = self.loop.rule.step(weights, gradients, slots, meta, step)
            losses.append(loss)
            if self.loop._scores(step + 1) and self.loop.outer is not None:
                outer.append(self.loop.outer(weights, meta, state, step + 1))
        scores = torch.stack(outer) if outer else losses[0].new_zeros(0)
        return torch.stack(losses), scores, *weights, *slots, *state


class _Recomputed(torch.autograd.Function):
    """A stretch that forgets its graph, and is run a second time when gradients come back."""

    @staticmethod
    def forward(ctx: Any, stretch: _Stretch, *inputs: Tensor) -> Tensors:
        """Return the stretch's outputs, without their graph."""
        ctx.stretch = stretch
        ctx.save_for_backward(*inputs)
        ctx.set_materialize_grads(False)  # a loss that nobody reads is not walked back from
        count = stretch.sizes[2]
        plain = tuple(t.detach() for t in inputs)
        return tuple(t.detach() for t in stretch(plain[:count], plain[count:], keep=False))

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor | None) -> tuple[Any, ...]:
        """Return the gradients of what was carried and of the meta-parameters."""
        count, needed = ctx.stretch.sizes[2], ctx.needs_input_grad[1:]
        pairs = zip(ctx.saved_tensors, needed, strict=True)
        with torch.enable_grad():
            inputs = tuple(t.detach().requires_grad_(asked) for t, asked in pairs)
            outputs = ctx.stretch(inputs[:count], inputs[count:])
            ends = [
                (output, gradient)
                for output, gradient in zip(outputs, gradients, strict=True)
                if gradient is not None and output.requires_grad
            ]
            asked = [t for t in inputs if t.requires_grad]
            if not (ends and asked):
                return (None, *(None for _ in inputs))
            heads, arriving = zip(*ends, strict=True)
            found = iter(torch.autograd.grad(heads, asked, arriving, allow_unused=True))
        return (None, *(next(found) if t.requires_grad else None for t in inputs))


def refuse_first_order(loss: Tensor, given: Tensors = ()) -> None:
    """Refuse a loss whose graph has a layer of which the gradient cannot be differentiated.

    What made the tensors that it is `given` is differentiated once only, and may be anything.

    torch's `once_differentiable` raises only where a second differentiation ends at that layer's
    own inputs; one that asks for a rate or for data alone goes round it, silently without a part.

    Raises:
        ValueError: names the layer's function, as `harness.training.ensemble`'s Conv1d and GRU.
    """
    for node in _nodes(loss, {t.grad_fn for t in given}):
        function = getattr(node, "_forward_cls", None)
        if function is not None and hasattr(function.backward, "__wrapped__"):
            raise ValueError(
                f"{function.__module__}.{function.__name__}: has a first-order gradient only; in "
                "an inner loop use harness.training.twice or torch's own layers"
            )


def _nodes(tensor: Tensor, ends: set[Any]) -> Iterator[Any]:
    """Yield the nodes of a tensor's graph up to some ends, each once."""
    seen: set[Any] = set(ends)
    waiting: Sequence[Any] = [tensor.grad_fn]
    while waiting:
        node, *waiting = waiting
        if node is not None and node not in seen:
            seen.add(node)
            yield node
            waiting = [*(before for before, _ in node.next_functions), *waiting]
