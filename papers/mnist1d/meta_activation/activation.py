"""Activation functions: the well-known ones, and ELU + 0.2 N with a small network N.

N is 1-100-1 with tanh. The noise of its own hidden units comes after the tanh, so it adds one
random offset per call, 0.1 <w_2, u>, and leaves the rest of N as it is. That is why N can stand in
a table for a whole outer step while its noise is still exact: offsets are added outside of it.

Shapes: E members, N batch, H hidden, U units of N, M rows of the table (intervals).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn import functional as F  # noqa: N812

from harness.training import device
from harness.training.unroll import Tensors
from papers.mnist1d.hidden_layer import Bend

LOW, HIGH, STEP = -20.0, 20.0, 1 / 32  # the table's grid: a power of two, so positions are exact


def initial(units: int, seed: int) -> Tensors:
    """Return one member's N in PyTorch's default initialisation: w1, b1, w2 (U), b2 (1)."""
    with device.seeded(seed):
        first, second = nn.Linear(1, units), nn.Linear(units, 1)
    parts = (first.weight, first.bias, second.weight, second.bias)
    return tuple(part.detach().flatten().clone() for part in parts)


@dataclass(frozen=True)
class Learnable:
    """phi = ELU + share N of E members: w1, b1, w2 (E, U), b2 (E, 1) in this order."""

    meta: Tensors
    share: float

    def network(self, x: Tensor) -> Tensor:
        """Return N at x (E, n), without noise."""
        w1, b1, w2, b2 = self.meta
        return ((x[..., None] * w1[:, None] + b1[:, None]).tanh() @ w2[..., None])[..., 0] + b2

    def slope(self, x: Tensor) -> Tensor:
        """Return dN/dx at x (E, n)."""
        w1, b1, w2, _ = self.meta
        bent = (x[..., None] * w1[:, None] + b1[:, None]).tanh()
        return ((1 - bent * bent) @ (w1 * w2)[..., None])[..., 0]

    def offsets(self, noise_TEU: Tensor) -> Tensor:
        """Return what the noise of N's hidden units adds to phi at every step, (T, E)."""
        return self.share * (noise_TEU * self.meta[2]).sum(-1)

    def direct(self, z: Tensor, offset: Tensor) -> Tensor:
        """Return phi at z (E, N, H) by evaluating N: the oracle of the table."""
        learned = self.network(z.flatten(1)).view_as(z)
        return F.elu(z) + self.share * learned + offset[:, None, None]

    def table(self) -> Tensor:
        """Return `share` N as cubic polynomials of every interval, (4, E, M).

        Cubic Hermite interpolation of N and N' at the grid; beyond it, the tangents at its ends.
        The coefficients are a differentiable function of the meta-parameters.
        """
        members = len(self.meta[0])
        grid = torch.linspace(LOW, HIGH, round((HIGH - LOW) / STEP) + 1).to(self.meta[0])
        grid = grid.expand(members, -1)
        value, slope = self.share * self.network(grid), self.share * STEP * self.slope(grid)
        v0, v1, s0, s1 = value[:, :-1], value[:, 1:], slope[:, :-1], slope[:, 1:]
        rise = v1 - v0
        inner = torch.stack([v0, s0, 3 * rise - 2 * s0 - s1, s0 + s1 - 2 * rise])
        none = torch.zeros_like(value[:, :1])
        left = torch.stack([value[:, :1] - slope[:, :1], slope[:, :1], none, none])
        right = torch.stack([value[:, -1:], slope[:, -1:], none, none])
        return torch.cat([left, inner, right], dim=-1)


class Table:
    """The tables of E members, flat, and the gradient that has come back to them."""

    def __init__(self, table_4EM: Tensor) -> None:
        members, rows = table_4EM.shape[1:]
        self.flat = table_4EM.detach().flatten(1)
        self.gradient = torch.zeros_like(self.flat)
        first = round(-LOW / STEP) + 1  # the row of the interval that begins at 0
        starts = torch.arange(members, device=table_4EM.device, dtype=torch.int64) * rows
        self.zero = (starts + first)[:, None, None]
        self.ends = (-float(first), float(rows - 1 - first))


class Tabulated:
    """One call of phi: its value, slope and curvature from a table, and the way back into it."""

    def __init__(self, table: Table, offset: Tensor) -> None:
        self.table, self.offset = table, offset[:, None, None]  # offset: (E)
        self.rows = self.place = self.offset  # of the table, and in the interval: 0 to 1

    def bend(self, z: Tensor) -> Bend:
        """Return phi, phi' and phi'' at z (E, N, H); ELU is added as it is."""
        u = z * (1 / STEP)
        interval = u.floor().clamp_(*self.table.ends)
        u = u.sub_(interval)
        rows = (interval.long() + self.table.zero).flatten()
        self.rows, self.place = rows, u
        c0, c1, c2, c3 = self.table.flat.index_select(1, rows).view(4, *z.shape)
        cubic = c3 * u
        value = (c2 + cubic).mul_(u).add_(c1).mul_(u).add_(c0).add_(self.offset)
        slope = (3 * cubic).add_(c2, alpha=2).mul_(u).add_(c1).mul_(1 / STEP)
        curvature = cubic.mul_(6).add_(c2, alpha=2).mul_(1 / STEP**2)
        negative = z.clamp(max=0)
        below = negative.exp()
        value.add_(z.relu()).add_(below).sub_(1)
        slope.add_(below)
        curvature.addcmul_(below, negative.sign_(), value=-1)  # exp z below zero, 0 above
        return Bend(value, slope, curvature)

    def give(self, to_value: Tensor, to_slope: Tensor) -> None:
        """Add what flows back from phi and phi' of the last call to the table's gradient."""
        u, slope = self.place, to_slope * (1 / STEP)
        square = u * u
        back = u.new_empty(4, *u.shape)
        back[0] = to_value
        torch.addcmul(slope, to_value, u, out=back[1])
        torch.mul(square, to_value, out=back[2]).addcmul_(u, slope, value=2)
        torch.mul(back[2], u, out=back[3]).addcmul_(square, slope)
        self.table.gradient.index_add_(1, self.rows, back.flatten(1))


@dataclass(frozen=True)
class Known:
    """A well-known activation function with its slope; curvature is left out."""

    function: Callable[[Tensor], tuple[Tensor, Tensor]]

    def bend(self, z: Tensor) -> Bend:
        """Return phi and phi' at z."""
        value, slope = self.function(z)
        return Bend(value, slope, z[:0])


def relu(z: Tensor) -> tuple[Tensor, Tensor]:
    """Return max(z, 0) and its slope."""
    return z.relu(), (z > 0).to(z)


def elu(z: Tensor) -> tuple[Tensor, Tensor]:
    """Return z above zero, exp z - 1 below, and its slope."""
    slope = z.clamp(max=0).exp()
    return z.relu() + slope - 1, slope


def swish(z: Tensor) -> tuple[Tensor, Tensor]:
    """Return z sigmoid(z) and its slope."""
    gate = z.sigmoid()
    return z * gate, gate * (1 + z * (1 - gate))


def tanh(z: Tensor) -> tuple[Tensor, Tensor]:
    """Return tanh z and its slope."""
    value = z.tanh()
    return value, 1 - value * value


FUNCTIONS = {"relu": relu, "elu": elu, "swish": swish, "tanh": tanh}
