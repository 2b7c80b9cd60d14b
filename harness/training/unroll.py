"""Differentiation through an inner training loop, by reverse and by forward mode.

An inner loop takes T gradient steps on the weights; the losses on its way and the weights at its
end are differentiable functions of the meta-parameters and of the initial weights:

    g_t = d loss(theta_t, meta, t) / d theta,   theta_{t+1}, slots_{t+1} = rule(theta_t, g_t, ...)

A hyper-parameter, an activation function, generated data or the weights of an architecture: all of
them are meta-parameters here, and are given as a tuple of tensors. Reverse mode (`run`) gives the
gradient of one outer loss by any number of meta-parameters; it remembers the whole loop, or only
every `segment`-th state, and computes the rest again. Forward mode (`tangents`) carries the
derivative along one direction at a time, in the memory of one step: for a few scalars.

Shapes: T inner steps, D directions; a loss is a scalar or one number for each stacked member (E).
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import torch
from torch import Tensor
from torch.autograd import forward_ad

Tensors = tuple[Tensor, ...]
Loss = Callable[[Tensors, Tensors, int], Tensor]  # (weights, meta, step) -> loss () or (E)
Rate = float | Callable[[Tensors], Tensor]  # a number, or a function of the meta-parameters


def rate_of(rate: Rate, meta: Tensors) -> Tensor | float:
    """Return the learning rate: what broadcasts against every tensor of weights."""
    return rate(meta) if callable(rate) else rate


class Rule(Protocol):
    """A differentiable update rule; slots are what it remembers from step to step."""

    def start(self, weights: Tensors) -> Tensors:
        """Return the slots before the first step."""

    def step(
        self, weights: Tensors, gradients: Tensors, slots: Tensors, meta: Tensors
    ) -> tuple[Tensors, Tensors]:
        """Return the next weights and slots; changes nothing in place."""


@dataclass(frozen=True)
class SGD:
    """m <- momentum m + g; theta <- theta - rate m."""

    rate: Rate
    momentum: float = 0.0

    def start(self, weights: Tensors) -> Tensors:
        """Return zero velocities, or nothing without momentum."""
        return tuple(torch.zeros_like(w) for w in weights) if self.momentum else ()

    def step(
        self, weights: Tensors, gradients: Tensors, slots: Tensors, meta: Tensors
    ) -> tuple[Tensors, Tensors]:
        """Return the next weights and velocities."""
        rate = rate_of(self.rate, meta)
        if self.momentum:
            slots = tuple(self.momentum * m + g for m, g in zip(slots, gradients, strict=True))
        moves = slots if self.momentum else gradients
        return tuple(w - rate * m for w, m in zip(weights, moves, strict=True)), slots


@dataclass(frozen=True)
class RMSProp:
    """v <- decay v + (1 - decay) g^2; theta <- theta - rate g / (sqrt v + eps).

    `first` is v before the first step. At v = 0 the root has no derivative: with `first` = 0 a
    weight whose first gradient is zero makes meta-gradients NaN.
    """

    rate: Rate
    decay: float = 0.9
    first: float = 0.0
    eps: float = 1e-8

    def start(self, weights: Tensors) -> Tensors:
        """Return the running squares before the first step."""
        return tuple(torch.full_like(w, self.first) for w in weights)

    def step(
        self, weights: Tensors, gradients: Tensors, slots: Tensors, meta: Tensors
    ) -> tuple[Tensors, Tensors]:
        """Return the next weights and running squares."""
        rate = rate_of(self.rate, meta)
        squares = tuple(
            self.decay * v + (1 - self.decay) * g * g
            for v, g in zip(slots, gradients, strict=True)
        )
        moved = tuple(
            w - rate * g / (v.sqrt() + self.eps)
            for w, g, v in zip(weights, gradients, squares, strict=True)
        )
        return moved, squares


@dataclass(frozen=True)
class Inner:
    """T steps of `rule` down the gradient of `loss(weights, meta, step)`."""

    loss: Loss
    rule: Rule
    steps: int

    def run(self, weights: Tensors, meta: Tensors, segment: int = 0) -> tuple[Tensor, Tensors]:
        """Train; return losses (T, ...) and the weights at the end, as functions of the inputs.

        With `segment` > 0 only the states at every `segment`-th step are kept for the backward
        pass, which runs each segment a second time: memory falls from T steps to T / segment
        states and `segment` steps, least at the root of T (see `segment_for`). Then only `meta`
        and `weights` carry gradients: what `loss` closes over is a constant.

        Raises:
            ValueError: steps or segment is out of range.
        """
        if self.steps < 1 or segment < 0:
            raise ValueError(f"steps={self.steps}, segment={segment}: at least 1 and at least 0")
        state = (*weights, *self.rule.start(weights))
        losses = []
        length = segment or self.steps
        for begin in range(0, self.steps, length):
            stretch = _Stretch(self, len(weights), begin, min(begin + length, self.steps))
            if segment:
                sizes = (len(state), len(meta))
                outputs = _Recomputed.apply(stretch, sizes, *state, *meta)  # type: ignore[no-untyped-call]
            else:
                outputs = stretch(state, meta)
            losses.append(outputs[0])
            state = tuple(outputs[1:])
        return torch.cat(losses), state[: len(weights)]

    def tangents(
        self, weights: Tensors, meta: Tensors, directions: Sequence[Tensors]
    ) -> tuple[Tensor, Tensor]:
        """Train once per direction; return losses (T, ...) and their derivatives (D, T, ...).

        A direction has the shapes of `meta`. The derivative of a gradient along a direction is a
        product of the Hessian with the tangent of the weights, which forward mode over reverse
        mode gives: theta' <- theta' - rate' g - rate H theta' in the case of SGD. Nothing of a
        step outlives the next one.
        """
        runs = [self._along(weights, meta, direction) for direction in directions]
        if not runs:
            raise ValueError("directions=(): forward mode needs at least one")
        return runs[0][0], torch.stack([slopes for _, slopes in runs])

    def _along(self, weights: Tensors, meta: Tensors, direction: Tensors) -> tuple[Tensor, Tensor]:
        state = (*weights, *self.rule.start(weights))
        state, meta = (tuple(t.detach() for t in part) for part in (state, meta))
        moving = tuple(torch.zeros_like(t) for t in state)
        losses, slopes = [], []
        for step in range(self.steps):
            with forward_ad.dual_level():
                dual_meta = _dual(meta, direction)
                stretch = _Stretch(self, len(weights), step, step + 1, keep=False)
                outputs = [
                    forward_ad.unpack_dual(t) for t in stretch(_dual(state, moving), dual_meta)
                ]
            loss, *rest = (_parted(primal, tangent) for primal, tangent in outputs)
            losses.append(loss[0])
            slopes.append(loss[1])
            state, moving = (tuple(part) for part in zip(*rest, strict=True))
        return torch.cat(losses), torch.cat(slopes)


def segment_for(steps: int) -> int:
    """Return the segment length that keeps least in memory: about the root of T."""
    return max(1, math.isqrt(steps))


@dataclass(frozen=True)
class _Stretch:
    """Steps `begin` to `end` of an inner loop: (state, meta) -> (losses (t, ...), *state)."""

    inner: Inner
    weights: int  # how many of the state's tensors are weights; the rest are slots
    begin: int
    end: int
    keep: bool = True

    def __call__(self, state: Tensors, meta: Tensors) -> Tensors:
        weights, slots = state[: self.weights], state[self.weights :]
        losses = []
        for step in range(self.begin, self.end):
            weights = tuple(w if w.requires_grad else w.detach().requires_grad_() for w in weights)
            with torch.enable_grad():
                loss = self.inner.loss(weights, meta, step)
                gradients = torch.autograd.grad(loss.sum(), weights, create_graph=self.keep)
            weights, slots = self.inner.rule.step(weights, gradients, slots, meta)
            losses.append(loss)
        return torch.stack(losses), *weights, *slots


class _Recomputed(torch.autograd.Function):
    """A stretch that forgets its graph, and is run a second time when gradients come back."""

    @staticmethod
    def forward(ctx: Any, stretch: _Stretch, sizes: tuple[int, int], *inputs: Tensor) -> Tensors:
        """Return the stretch's outputs, without their graph."""
        ctx.stretch, ctx.sizes = stretch, sizes
        ctx.save_for_backward(*inputs)
        state = tuple(t.detach() for t in inputs)
        plain = _Stretch(stretch.inner, stretch.weights, stretch.begin, stretch.end, keep=False)
        return tuple(t.detach() for t in plain(state[: sizes[0]], state[sizes[0] :]))

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> tuple[Any, ...]:
        """Return the gradients of state and meta-parameters."""
        count = ctx.sizes[0]
        with torch.enable_grad():
            inputs = tuple(t.detach().requires_grad_() for t in ctx.saved_tensors)
            outputs = ctx.stretch(inputs[:count], inputs[count:])
            found = torch.autograd.grad(outputs, inputs, gradients, allow_unused=True)
        return (None, None, *found)


def _dual(tensors: Tensors, tangents: Tensors) -> Tensors:
    """Return tensors that carry tangents; they are leaves that ask for gradients."""
    pairs = zip(tensors, tangents, strict=True)
    return tuple(forward_ad.make_dual(t.detach().requires_grad_(), d) for t, d in pairs)


def _parted(primal: Tensor, tangent: Tensor | None) -> Tensors:
    """Return a value and its derivative, both without a graph; no tangent means zero."""
    value = primal.detach()
    return value, torch.zeros_like(value) if tangent is None else tangent.detach()
