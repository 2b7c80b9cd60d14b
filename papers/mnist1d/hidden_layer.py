"""A network of one hidden layer, its gradient, and the derivatives of that gradient, by hand.

What differentiates through an inner training loop (meta-learning a rate or an activation function)
asks each inner step for the loss, its gradient, and later for products with second derivatives.
On a net of some thousand weights autograd spends its time on bookkeeping; written out, a step is
some twenty calls. E independent members are stacked along a leading axis.

    z = x W + b,  a = phi(z) + noise,  logits = a V + c,  loss = mean cross-entropy

Shapes: E members, N batch, I inputs, H hidden, K classes, P = (I + 1) H + (H + 1) K weights. The
weights are one vector (E, P) that holds W, b, V, c in this order; x comes with a column of ones.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple, Protocol

import torch
from torch import Tensor, nn

from harness.training import device


@dataclass(frozen=True)
class Sizes:
    """Inputs, hidden units and classes of the network."""

    inputs: int
    hidden: int
    classes: int

    @property
    def weights(self) -> int:
        """How many weights the network has: 2,560 with 40-50-10, 6,538 with 40-128-10."""
        return (self.inputs + 1) * self.hidden + (self.hidden + 1) * self.classes

    def split(self, weights_EP: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """Return views: W above b (E, I + 1, H), V (E, H, K), c (E, 1, K)."""
        cuts = ((self.inputs + 1) * self.hidden, self.hidden * self.classes, self.classes)
        first, second, bias = weights_EP.split(cuts, dim=-1)
        first = first.unflatten(-1, (self.inputs + 1, self.hidden))
        return first, second.unflatten(-1, (self.hidden, self.classes)), bias.unsqueeze(-2)


def initial(sizes: Sizes, seed: int) -> Tensor:
    """Return one member's weights (P) in PyTorch's default initialisation, from a fresh stream."""
    with device.seeded(seed):
        first = nn.Linear(sizes.inputs, sizes.hidden)
        second = nn.Linear(sizes.hidden, sizes.classes)
    parts = (first.weight.T, first.bias, second.weight.T, second.bias)
    return torch.cat([part.detach().flatten() for part in parts])


def with_ones(x: Tensor) -> Tensor:
    """Return signals (..., I) with a last column of ones (..., I + 1), for the biases."""
    return torch.cat([x, x.new_ones(*x.shape[:-1], 1)], dim=-1)


class Bend(NamedTuple):
    """What an activation function is at given points, each (E, N, H)."""

    value: Tensor
    slope: Tensor
    curvature: Tensor  # may be empty where nothing is differentiated through the training


class Activation(Protocol):
    """An element-wise function that knows its own derivatives."""

    def bend(self, z: Tensor) -> Bend:
        """Return phi, phi' and phi'' at z."""


class Tape(NamedTuple):
    """What the gradient of one batch leaves for its own differentiation."""

    x: Tensor  # (E, N, I + 1)
    slope: Tensor  # phi'(z), (E, N, H)
    curvature: Tensor  # phi''(z), (E, N, H)
    hidden: Tensor  # a, (E, N, H)
    probability: Tensor  # (E, N, K)
    residual: Tensor  # dloss / dlogits, (E, N, K)
    pulled: Tensor  # dloss / da, (E, N, H)


def logits(
    sizes: Sizes, weights_EP: Tensor, x: Tensor, activation: Activation, noise: Tensor
) -> Tensor:
    """Return (E, N, K) of signals (N, I + 1), with noise (E, 1, H) on the hidden units."""
    first, second, bias = sizes.split(weights_EP)
    z = torch.bmm(x.expand(len(weights_EP), -1, -1), first)
    return torch.baddbmm(bias, activation.bend(z).value + noise, second)


def gradient(
    sizes: Sizes,
    weights_EP: Tensor,
    x: Tensor,
    onehot: Tensor,
    activation: Activation,
    noise: Tensor | None = None,
) -> tuple[Tensor, Tensor, Tape]:
    """Return each member's loss (E), its gradient (E, P), and the tape.

    Of signals x (N, I + 1) and labels as one-hot rows (N, K), shared by the members; the noise
    (E, 1, H) is added to the hidden units.
    """
    rows, x = len(onehot), x.expand(len(weights_EP), -1, -1)
    first, second, bias = sizes.split(weights_EP)
    bend = activation.bend(torch.bmm(x, first))
    hidden = bend.value if noise is None else bend.value + noise
    log_probability = torch.baddbmm(bias, hidden, second).log_softmax(-1)
    probability = log_probability.exp()
    loss = -(log_probability * onehot).sum((-1, -2)) / rows
    residual = (probability - onehot) / rows
    pulled = torch.bmm(residual, second.transpose(1, 2))
    first_gradient = torch.bmm(x.transpose(1, 2), pulled * bend.slope)
    second_gradient = torch.bmm(hidden.transpose(1, 2), residual)
    parts = (first_gradient.flatten(1), second_gradient.flatten(1), residual.sum(1))
    return (
        loss,
        torch.cat(parts, dim=1),
        Tape(x, bend.slope, bend.curvature, hidden, probability, residual, pulled),
    )


class Adjoint(NamedTuple):
    """Derivatives of s = loss_weight * loss + <direction, gradient>."""

    weights: Tensor  # (E, P); with loss_weight 0 this is the Hessian times the direction
    value: Tensor  # with respect to phi(z), (E, N, H)
    slope: Tensor  # with respect to phi'(z), (E, N, H)


def adjoint(
    sizes: Sizes, weights_EP: Tensor, tape: Tape, direction_EP: Tensor, loss_weight: float
) -> Adjoint:
    """Differentiate s = loss_weight * loss + <direction, gradient> by the weights and by phi.

    Every line is the adjoint of one line of `gradient`, in reverse order.
    """
    x, slope, curvature, hidden, probability, residual, pulled = tape
    _, second, _ = sizes.split(weights_EP)
    to_first, to_second, to_bias = sizes.split(direction_EP)
    to_bent = torch.bmm(x, to_first)  # of dloss / dz = pulled * slope
    to_slope = to_bent * pulled
    to_pulled = to_bent.mul_(slope)
    to_residual = torch.bmm(to_pulled, second)
    to_residual.baddbmm_(hidden, to_second).add_(to_bias)
    to_logits = to_residual.sub_((to_residual * probability).sum(-1, keepdim=True))
    to_logits.mul_(probability).div_(x.shape[1])
    if loss_weight:
        to_logits.add_(residual, alpha=loss_weight)
    to_hidden = torch.bmm(to_logits, second.transpose(1, 2))
    to_hidden.baddbmm_(residual, to_second.transpose(1, 2))
    to_z = (to_slope * curvature).addcmul_(to_hidden, slope)
    of_second = torch.bmm(to_pulled.transpose(1, 2), residual)
    of_second.baddbmm_(hidden.transpose(1, 2), to_logits)
    of_first = torch.bmm(x.transpose(1, 2), to_z)
    parts = (of_first.flatten(1), of_second.flatten(1), to_logits.sum(1))
    return Adjoint(torch.cat(parts, dim=1), to_hidden, to_slope)
