"""The meta-gradient of an activation function: through all inner steps, in reverse mode.

Two ways to the same number. `direct` evaluates N at every hidden unit of every row and leaves the
derivatives to autograd: as the authors do, and the oracle. `table` evaluates N on a grid once, and
walks back through the inner steps by hand; what it collects for the table's coefficients flows on
into the meta-parameters by autograd, once per outer step.

Shapes: E members, P weights, T inner steps, H hidden, U units of N.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import torch
from torch import Tensor

from harness.training import ensemble, unroll
from harness.training.unroll import Tensors
from papers.mnist1d import hidden_layer
from papers.mnist1d.meta_activation import inner as inner_loop
from papers.mnist1d.meta_activation.activation import Learnable, Table, Tabulated
from papers.mnist1d.meta_activation.inner import EPS, FIRST, Inner, Record


class Draw(NamedTuple):
    """What an inner run starts from and meets: weights (E, P), noise (T, E, H) and (T, E, U)."""

    weights: Tensor
    hidden_noise: Tensor
    network_noise: Tensor


@dataclass(frozen=True)
class Outcome:
    """Meta-loss (E), its gradient by the meta-parameters, and the trained weights (E, P)."""

    loss: Tensor
    gradients: Tensors
    weights: Tensor


def leaves(meta: Tensors) -> Tensors:
    """Return the meta-parameters as leaves of a fresh graph."""
    return tuple(t.detach().requires_grad_() for t in meta)


def table(inner: Inner, draw: Draw, meta: Tensors, share: float) -> Outcome:
    """Return the outcome of one inner run, by table and by hand."""
    learnable = Learnable(leaves(meta), share)
    coefficients, offsets = learnable.table(), learnable.offsets(draw.network_noise)
    lookup, shifts = Table(coefficients), offsets.detach()
    losses, weights, records = inner_loop.train(
        inner, draw.weights, draw.hidden_noise, lambda t: Tabulated(lookup, shifts[t]), keep=True
    )
    to_offsets = walk_back(inner, records)
    gradients = torch.autograd.grad(
        (coefficients, offsets),
        learnable.meta,
        (lookup.gradient.view_as(coefficients), to_offsets),
    )
    loss = losses[-inner.protocol.scored_steps :].mean(0)
    return Outcome(loss, gradients, weights)


def walk_back(inner: Inner, records: list[Record]) -> Tensor:
    """Fill the table's gradient from the last step to the first; return the offsets', (T, E)."""
    rate, decay = inner.protocol.inner_lr, inner.protocol.decay
    to_weights = torch.zeros_like(records[0].weights)
    to_squares, to_offsets = torch.zeros_like(to_weights), []
    while records:
        weights, gradient, squares, call, tape = records.pop()
        assert isinstance(call, Tabulated)
        root = squares.sqrt()
        ratio = to_weights / (root + EPS)  # of theta - rate g / (root + eps), by both of its parts
        to_squares.add_(ratio * gradient / ((root + EPS) * root), alpha=rate / 2)
        to_gradient = (gradient * to_squares).mul_(2 * (1 - decay)).sub_(ratio, alpha=rate)
        to_squares.mul_(decay)
        score = inner.scores(len(records))
        back = hidden_layer.adjoint(inner.sizes, weights, tape, to_gradient, score)
        to_weights.add_(back.weights)
        call.give(back.value, back.slope)
        to_offsets.append(back.value.sum((1, 2)))
    return torch.stack(to_offsets[::-1])


def direct(inner: Inner, draw: Draw, meta: Tensors, share: float) -> Outcome:
    """Return the outcome of one inner run by autograd through evaluations of N.

    N's hidden units at every row would fill gigabytes over all steps, so segments are recomputed.
    """

    def loss(weights: Tensors, meta: Tensors, step: int) -> Tensor:
        learnable = Learnable(meta, share)
        x, onehot = inner.batches[step]
        first, second, bias = inner.sizes.split(weights[0])
        offset = learnable.offsets(draw.network_noise[step][None])[0]
        hidden = learnable.direct(x @ first, offset) + draw.hidden_noise[step][:, None]
        return ensemble.cross_entropy(hidden @ second + bias, onehot.argmax(-1))

    rule = unroll.RMSProp(inner.protocol.inner_lr, inner.protocol.decay, FIRST, EPS)
    run = unroll.Inner(loss, rule, len(inner.batches))
    parameters = leaves(meta)
    losses, (weights,) = run.run((draw.weights,), parameters, segment=8)
    scored = losses[-inner.protocol.scored_steps :].mean(0)
    gradients = torch.autograd.grad(scored.sum(), parameters)
    return Outcome(scored.detach(), gradients, weights.detach())


EVALUATIONS = {"table": table, "direct": direct}
