"""The gradients of alpha that look one step of w ahead (Sec. 2.3, Eq. 6 to 8).

w* is replaced by w after one step of its optimizer (Eq. 6). What this shares with other gradient
searches, the problem and the step that uses both optimizers, is `papers.cells.supernet.bilevel`.

    w     `weights`            w'   `virtual_weights(...)`       xi   `VirtualStep.lr`
    alpha `alphas`             v    gradient of L_val at w'      eps  `radius / |v|` (footnote 2)
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

import torch
from torch import Tensor

from harness.training.optim import placed
from papers.cells.supernet.bilevel import (
    TINY,
    Batch,
    Hypergradient,
    Optimizers,
    Problem,
    Tensors,
    clipped,
    gradients,
    gradients_of_alpha,
    norm,
)
from papers.darts.config import Darts

Product = Callable[[Problem[Any], Any, Tensors], Tensors]


@dataclass(frozen=True)
class VirtualStep:
    """What the weights' optimizer would do next: rate xi, momentum, decay, its buffers m.

    `clip` bounds the norm of both gradients inside it, as the recurrent search does.
    """

    lr: float
    momentum: float = 0.0
    weight_decay: float = 0.0
    buffers: Sequence[Tensor | None] = ()
    clip: float = float("inf")


def second_order(
    problem: Problem[Batch], batches: tuple[Batch, Batch], step: VirtualStep, product: Product
) -> Hypergradient:
    """Return the gradient of L_val(w', alpha) (Eq. 7), the training batch first.

    `product` gives the derivative of <grad_w L_train, v> by alpha at w. Momentum and decay move
    w' but not how it depends on alpha; of a clipped gradient its factor is left.
    """
    train, val = batches
    inner, factor = clipped(gradients(problem.loss(train), problem.weights), step.clip)
    count = len(problem.alphas)
    with placed(problem.weights, virtual_weights(problem.weights, inner, step)):
        both = gradients(problem.loss(val), (*problem.alphas, *problem.weights))
    v, _ = clipped(both[count:], step.clip)
    implicit = tuple(step.lr * factor * h for h in product(problem, train, v))
    return Hypergradient(both[:count], implicit)


def virtual_weights(weights: Tensors, gradient: Tensors, step: VirtualStep) -> Tensors:
    """Return w' = w - xi (mu m + gradient + lambda w); nothing is changed."""
    own = [w.detach() for w in weights]
    moved = list(torch._foreach_add(list(gradient), own, alpha=step.weight_decay))
    for place, buffer in enumerate(step.buffers):
        if buffer is not None:
            moved[place] = moved[place] + step.momentum * buffer
    return tuple(torch._foreach_add(own, moved, alpha=-step.lr))


def finite_difference(problem: Problem[Batch], train: Batch, v: Tensors, radius: float) -> Tensors:
    """Return (grad_alpha L_train(w + eps v) - grad_alpha L_train(w - eps v)) / (2 eps) (Eq. 8).

    Around w, not around w'; eps = radius / |v|, the norm over all weights together.
    """
    eps = radius / (norm(v) + TINY)
    sides = []
    for sign in (1, -1):
        shifted = tuple(
            w.detach() + sign * eps * d for w, d in zip(problem.weights, v, strict=True)
        )
        with placed(problem.weights, shifted):
            sides.append(gradients_of_alpha(problem, train))
    return tuple((plus - minus) / (2 * eps) for plus, minus in zip(*sides, strict=True))


def exact_product(problem: Problem[Batch], train: Batch, v: Tensors) -> Tensors:
    """Return the same derivative by differentiating twice (the Hessian part of Eq. 7)."""
    inner = gradients(problem.twice(train), problem.weights, create_graph=True)
    along = torch.stack([(g * d).sum() for g, d in zip(inner, v, strict=True)]).sum()
    if not along.requires_grad:  # the training loss does not depend on alpha
        return tuple(torch.zeros_like(alpha) for alpha in problem.alphas)
    return gradients(along, problem.alphas)


class Architect(Optimizers[Batch]):
    """The optimizers of Alg. 1, with the gradient of alpha that the config asks for.

    It has the name that the authors' code gives it.
    """

    config: Darts

    def __init__(self, problem: Problem[Batch], config: Darts) -> None:
        order = "joint" if config.gradient == "joint" else "alpha_first"
        super().__init__(problem, config, order)

    def hypergradient(self, train: Batch, val: Batch) -> Hypergradient:
        """Return the gradient of alpha, of first or of second order."""
        if self.config.gradient == "first_order":
            return super().hypergradient(train, val)
        product: Product = exact_product
        if self.config.gradient == "second_order":
            product = partial(finite_difference, radius=self.config.radius)
        return second_order(self.problem, (train, val), self.virtual_step(), product)

    def virtual_step(self) -> VirtualStep:
        """Return what SGD would do next, with the buffers that it has now."""
        state, (group,) = self.weights.state, self.weights.param_groups
        buffers = [state[w].get("momentum_buffer") for w in self.problem.weights]
        return VirtualStep(group["lr"], self.config.momentum, self.config.weight_decay, buffers)
