"""The dominant eigenvalue of the Hessian of L_val by alpha (Zela et al. 2020, arXiv:1909.09656).

H     Hessian of the validation loss by all alphas together, at the present weights
v     `direction`, a unit vector: what power iteration has come to
"""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor

from papers.cells.supernet.bilevel import TINY, Tensors, gradients, norm


def dominant(
    loss: Tensor, alphas: Sequence[Tensor], direction: Tensors, iterations: int
) -> tuple[float, Tensors]:
    """Return the eigenvalue of H that is largest by size, with its sign, and its direction.

    Power iteration: v <- H v / |H v|; the value is the last Rayleigh quotient v'Hv. `loss` must be
    one that can be differentiated twice; each iteration is one pass through its gradients' graph.
    """
    slopes = gradients(loss, alphas, create_graph=True)
    value = torch.zeros(())
    for _ in range(iterations):
        length = norm(direction) + TINY
        v = tuple(part / length for part in direction)
        direction = product(slopes, alphas, v)
        value = torch.stack([(a * b).sum() for a, b in zip(v, direction, strict=True)]).sum()
    return float(value), direction


def product(slopes: Tensors, alphas: Sequence[Tensor], v: Tensors) -> Tensors:
    """Return H v from the gradients by alpha; H is symmetric, so that it is v'H as well."""
    return torch.autograd.grad(
        slopes, tuple(alphas), v, retain_graph=True, allow_unused=True, materialize_grads=True
    )


def start(alphas: Sequence[Tensor], seed: int) -> Tensors:
    """Return a random direction to begin with."""
    drawn = torch.Generator().manual_seed(seed)
    return tuple(torch.randn(a.shape, generator=drawn).to(a) for a in alphas)
