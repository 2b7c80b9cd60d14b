"""Bilevel optimisation of architecture and weights (Sec. 2.3, Eq. 3 to 8).

min over alpha of L_val(w*(alpha), alpha), where w*(alpha) = argmin over w of L_train(w, alpha);
w* is replaced by w after one step of its optimizer (Eq. 6).

    w     `weights`            w'   `virtual_weights(...)`       xi   `VirtualStep.lr`
    alpha `alphas`             v    gradient of L_val at w'      eps  `radius / |v|` (footnote 2)

Problems bring their losses; nothing here knows what a network or a batch is. A problem of one
number runs through the same code as a supernet (tests/papers/darts/test_bilevel.py).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any, Generic, TypeVar

import torch
from torch import Tensor

from harness.paper import Refused
from harness.training import optim
from harness.training.optim import placed
from papers.darts.config import Bilevel

Tensors = tuple[Tensor, ...]
Batch = TypeVar("Batch")
NEWEST = 0.05  # how much the newest step counts in what is smoothed
TINY = 1e-12  # keeps quotients of norms finite where a gradient vanishes


@dataclass(frozen=True)
class Problem(Generic[Batch]):
    """Weights, architecture, and the loss of a batch at the values that both have now.

    `twice` is the same loss, and its gradients can be differentiated again.

    Raises:
        Refused: a tensor is both: its weight optimizer would train alpha.
    """

    weights: Tensors
    alphas: Tensors
    loss: Callable[[Batch], Tensor]
    twice: Callable[[Batch], Tensor]

    def __post_init__(self) -> None:
        shared = {id(w) for w in self.weights} & {id(alpha) for alpha in self.alphas}
        if shared:
            raise Refused(f"weights: {len(shared)} of them are alphas; each must be one of both")


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


@dataclass(frozen=True)
class Hypergradient:
    """The gradient of alpha, `direct` - `implicit` (Eq. 7); implicit is xi times the product."""

    direct: Tensors
    implicit: Tensors = ()

    @property
    def total(self) -> Tensors:
        """Return what alpha descends along."""
        if not self.implicit:
            return self.direct
        return tuple(d - i for d, i in zip(self.direct, self.implicit, strict=True))

    def row(self) -> dict[str, Tensor]:
        """Return norms of both parts, and the cosine of the sum with the direct part."""
        values = {"direct_norm": norm(self.direct)}
        if self.implicit:
            values["implicit_norm"] = norm(self.implicit)
            values["cosine_first_order"] = cosine(self.total, self.direct)
        return values


Product = Callable[[Problem[Any], Any, Tensors], Tensors]


# -- formulas -------------------------------------------------------------------------------------


def gradients(loss: Tensor, of: Sequence[Tensor], create_graph: bool = False) -> Tensors:
    """Return the gradients of a loss; zeros for what it does not depend on."""
    return torch.autograd.grad(
        loss, tuple(of), create_graph=create_graph, allow_unused=True, materialize_grads=True
    )


def first_order(problem: Problem[Batch], val: Batch) -> Hypergradient:
    """Return the gradient of L_val(w, alpha): Eq. 7 with xi = 0."""
    return Hypergradient(gradients(problem.loss(val), problem.alphas))


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
            sides.append(gradients(problem.loss(train), problem.alphas))
    return tuple((plus - minus) / (2 * eps) for plus, minus in zip(*sides, strict=True))


def exact_product(problem: Problem[Batch], train: Batch, v: Tensors) -> Tensors:
    """Return the same derivative by differentiating twice (the Hessian part of Eq. 7)."""
    inner = gradients(problem.twice(train), problem.weights, create_graph=True)
    along = torch.stack([(g * d).sum() for g, d in zip(inner, v, strict=True)]).sum()
    if not along.requires_grad:  # the training loss does not depend on alpha
        return tuple(torch.zeros_like(alpha) for alpha in problem.alphas)
    return gradients(along, problem.alphas)


def norm(tensors: Sequence[Tensor]) -> Tensor:
    """Return the Euclidean norm of all tensors together."""
    length: Tensor = torch.linalg.vector_norm(torch.stack(torch._foreach_norm(list(tensors))))
    return length


def cosine(one: Tensors, other: Tensors) -> Tensor:
    """Return the cosine of the angle between two lists of tensors."""
    inner = torch.stack([(a * b).sum() for a, b in zip(one, other, strict=True)]).sum()
    angle: Tensor = inner / (norm(one) * norm(other) + TINY)
    return angle


def clipped(gradient: Tensors, limit: float) -> tuple[Tensors, Tensor | float]:
    """Return a gradient whose norm is at most `limit`, and the factor that it was scaled by."""
    if limit == float("inf"):
        return gradient, 1.0
    factor = (limit / (norm(gradient) + 1e-6)).clamp(max=1.0)
    return tuple(torch._foreach_mul(list(gradient), factor)), factor


# -- the search's step ----------------------------------------------------------------------------


class Optimizers(Generic[Batch]):
    """Adam for alpha, SGD for w, and the step that uses both (Alg. 1)."""

    def __init__(self, problem: Problem[Batch], config: Bilevel) -> None:
        self.problem, self.config = problem, config
        self.weights = optim.unfused_sgd(
            problem.weights, config.lr, config.momentum, config.weight_decay
        )
        self.alphas = torch.optim.Adam(
            problem.alphas,
            lr=config.alpha_lr,
            betas=(config.alpha_beta1, config.alpha_beta2),
            weight_decay=config.alpha_decay,
        )
        # training loss, norms and cosine, smoothed; tensors, so that nothing waits for the device
        self.last: dict[str, Tensor] = {}

    @property
    def stateful(self) -> dict[str, Any]:
        """What a resumed search restores."""
        return {"optimizers": self}

    def state_dict(self) -> dict[str, Any]:
        """Return both optimizers' state and the smoothed values."""
        both = {"weights": self.weights.state_dict(), "alphas": self.alphas.state_dict()}
        return {**both, "last": dict(self.last)}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Go on where another search was."""
        self.weights.load_state_dict(state["weights"])
        self.alphas.load_state_dict(state["alphas"])
        where = self.problem.weights[0].device
        self.last = {name: value.to(where) for name, value in state["last"].items()}

    def step(self, train: Batch, val: Batch, lr: float) -> None:
        """Update alpha on `val` (Eq. 7), then w on `train`."""
        optim.set_rate(self.weights, lr)
        if self.config.gradient == "joint":
            self._note({"train_loss": self._together(train)})
            return
        hyper = self.hypergradient(train, val)
        self._descend(self.alphas, self.problem.alphas, hyper.total)
        self._note({"train_loss": self.update(train), **hyper.row()})

    def update(self, train: Batch) -> Tensor:
        """Take one step of clipped SGD on w alone; return the loss before."""
        loss = self.problem.loss(train)
        own, _ = clipped(gradients(loss, self.problem.weights), self.config.clip)
        self._descend(self.weights, self.problem.weights, own)
        return loss.detach()

    def hypergradient(self, train: Batch, val: Batch) -> Hypergradient:
        """Return the gradient of alpha that the config asks for."""
        if self.config.gradient == "first_order":
            return first_order(self.problem, val)
        product: Product = exact_product
        if self.config.gradient == "second_order":
            product = partial(finite_difference, radius=self.config.radius)
        return second_order(self.problem, (train, val), self.virtual_step(), product)

    def virtual_step(self) -> VirtualStep:
        """Return what SGD would do next, with the buffers that it has now."""
        state, (group,) = self.weights.state, self.weights.param_groups
        buffers = [state[w].get("momentum_buffer") for w in self.problem.weights]
        return VirtualStep(group["lr"], self.config.momentum, self.config.weight_decay, buffers)

    def _together(self, batch: Batch) -> Tensor:
        """Update alpha and w by one gradient of one loss (Sec. 3.3, simultaneous)."""
        loss, count = self.problem.loss(batch), len(self.problem.alphas)
        both = gradients(loss, (*self.problem.alphas, *self.problem.weights))
        own, _ = clipped(both[count:], self.config.clip)
        self._descend(self.alphas, self.problem.alphas, both[:count])
        self._descend(self.weights, self.problem.weights, own)
        return loss.detach()

    def _note(self, values: dict[str, Tensor]) -> None:
        for name, value in values.items():
            before = self.last.get(name, value)
            self.last[name] = before + NEWEST * (value - before)

    @staticmethod
    def _descend(optimizer: torch.optim.Optimizer, of: Tensors, along: Tensors) -> None:
        for tensor, gradient in zip(of, along, strict=True):
            tensor.grad = gradient
        optimizer.step()
        optimizer.zero_grad()
