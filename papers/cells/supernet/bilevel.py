"""Bilevel optimisation of architecture and weights: what all gradient searches share.

min over alpha of L_val(w*(alpha), alpha), where w*(alpha) = argmin over w of L_train(w, alpha)
(DARTS, arXiv:1806.09055v2, Eq. 3 and 4). A step moves alpha along a gradient of the validation
loss, w along one of the training loss; searchers differ in that gradient, in which of both goes
first, and in what becomes of weights that a step has not used.

    w     `weights`        alpha `alphas`

Problems bring their losses; nothing here knows what a network or a batch is. A problem of one
number runs through the same code as a supernet.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

import torch
from torch import Tensor

from harness.paper import Refused, require
from harness.training import optim
from papers.cells.supernet.config import UNSAMPLED, Bilevel

Tensors = tuple[Tensor, ...]
Batch = TypeVar("Batch")
NEWEST = 0.05  # how much the newest step counts in what is smoothed
TINY = 1e-12  # keeps quotients of norms finite where a gradient vanishes

ORDERS = ("alpha_first", "weights_first", "joint")


@dataclass(frozen=True)
class Problem(Generic[Batch]):
    """Weights, architecture, and the loss of a batch at the values that both have now.

    `twice` is the same loss, and its gradients can be differentiated again. A loss that samples an
    architecture draws a fresh one at every call.

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
class Hypergradient:
    """The gradient of alpha, `direct` - `implicit` (DARTS, Eq. 7).

    Implicit is what comes through w*: nothing, where a searcher leaves it out.
    """

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


# -- formulas -------------------------------------------------------------------------------------


def gradients(loss: Tensor, of: Sequence[Tensor], create_graph: bool = False) -> Tensors:
    """Return the gradients of a loss; zeros for what it does not depend on."""
    return torch.autograd.grad(
        loss, tuple(of), create_graph=create_graph, allow_unused=True, materialize_grads=True
    )


def gradients_of_alpha(problem: Problem[Batch], batch: Batch) -> Tensors:
    """Return alpha's gradients of a loss; those of the weights are not computed on the way.

    To ask autograd for alpha alone is not enough: functions that have their gradients by hand
    learn in the forward pass what will be asked of them.
    """
    with frozen(problem.weights):
        loss = problem.loss(batch)
        if not loss.requires_grad:  # it does not depend on alpha
            return tuple(torch.zeros_like(alpha) for alpha in problem.alphas)
        return gradients(loss, problem.alphas)


@contextmanager
def frozen(weights: Tensors) -> Iterator[None]:
    """Let weights be constants for the block."""
    trained = [w for w in weights if w.requires_grad]
    for w in trained:
        w.requires_grad_(False)
    try:
        yield
    finally:
        for w in trained:
            w.requires_grad_(True)


def first_order(problem: Problem[Batch], val: Batch) -> Hypergradient:
    """Return the gradient of L_val(w, alpha): as if w* were w (DARTS, Eq. 7 with xi = 0)."""
    return Hypergradient(gradients_of_alpha(problem, val))


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


def rate(config: Bilevel, turn: int, horizon: int) -> float:
    """Return w's learning rate at a turn: half a cosine from `lr` to `lowest_lr` (App. A.1.1)."""
    return optim.cosine(turn, horizon, config.lr, config.lowest_lr)


class Optimizers(Generic[Batch]):
    """Adam for alpha, SGD for w, and the step that uses both.

    `order`: "alpha_first" (DARTS, Alg. 1: w descends at the new alpha), "weights_first" (GDAS,
    Alg. 1: alpha descends at the new w), or "joint", by one gradient of one loss.
    `unsampled`: what becomes of weights that the step's loss does not depend on. "dense": their
    gradient is zero, so decay and momentum go on; "skip": they are left as they are.
    A searcher with another gradient of alpha overrides `hypergradient`.
    """

    def __init__(
        self,
        problem: Problem[Batch],
        config: Bilevel,
        order: str = "alpha_first",
        unsampled: str = "dense",
    ) -> None:
        require(order, ORDERS, "order of updates")
        require(unsampled, UNSAMPLED, "treatment of unsampled weights")
        self.problem, self.config = problem, config
        self.order, self.unsampled = order, unsampled
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
        """Update alpha on `val` and w on `train`, w at this rate."""
        optim.set_rate(self.weights, lr)
        if self.order == "joint":
            self._note({"train_loss": self.update_both(train)})
        elif self.order == "weights_first":
            loss = self.update(train)
            self._note({"train_loss": loss, **self.update_alpha(train, val).row()})
        else:
            hyper = self.update_alpha(train, val)
            self._note({"train_loss": self.update(train), **hyper.row()})

    def update(self, train: Batch) -> Tensor:
        """Take one step of clipped SGD on w alone; return the loss before."""
        loss = self.problem.loss(train)
        self._descend_weights(self._slopes(loss, self.problem.weights))
        return loss.detach()

    def update_alpha(self, train: Batch, val: Batch) -> Hypergradient:
        """Take one step of Adam on alpha alone; return the gradient."""
        hyper = self.hypergradient(train, val)
        _descend(self.alphas, self.problem.alphas, hyper.total)
        return hyper

    def update_both(self, batch: Batch) -> Tensor:
        """Update alpha and w by one gradient of one loss; return the loss before."""
        loss, count = self.problem.loss(batch), len(self.problem.alphas)
        both = self._slopes(loss, (*self.problem.alphas, *self.problem.weights))
        _descend(self.alphas, self.problem.alphas, both[:count])
        self._descend_weights(both[count:])
        return loss.detach()

    def hypergradient(self, train: Batch, val: Batch) -> Hypergradient:
        """Return the gradient of alpha; here of first order, which reads `val` alone."""
        return first_order(self.problem, val)

    def _slopes(self, loss: Tensor, of: Tensors) -> tuple[Tensor | None, ...]:
        """Return the gradients of a loss; for what it does not depend on zeros, or nothing."""
        dense = self.unsampled == "dense"
        return torch.autograd.grad(loss, of, allow_unused=True, materialize_grads=dense)

    def _descend_weights(self, slopes: Sequence[Tensor | None]) -> None:
        """Take a step of SGD; the norm that is clipped is that of all gradients there are."""
        own, _ = clipped(tuple(s for s in slopes if s is not None), self.config.clip)
        left = iter(own)
        along = [None if slope is None else next(left) for slope in slopes]
        _descend(self.weights, self.problem.weights, along)

    def _note(self, values: dict[str, Tensor]) -> None:
        for name, value in values.items():
            before = self.last.get(name, value)
            self.last[name] = before + NEWEST * (value - before)


def _descend(
    optimizer: torch.optim.Optimizer, of: Tensors, along: Sequence[Tensor | None]
) -> None:
    """Take an optimizer's step along given gradients; it leaves alone what has none."""
    for tensor, gradient in zip(of, along, strict=True):
        tensor.grad = gradient
    optimizer.step()
    optimizer.zero_grad()
