"""The cart and its pole: many episodes at once (Barto, Sutton & Anderson 1983, appendix).

    q   = (F + m l w^2 sin a) / M
    w'  = (g sin a - q cos a) / (l (4/3 - m cos^2 a / M))
    v'  = q - m l w' cos a / M

x and v are place and speed of the cart, a and w angle and speed of the pole (m, m/s, rad, rad/s);
without their friction, of .0005 and .000002. A step of Euler's method is .02 s long. An episode
ends when the cart is more than 2.4 m from the middle or the pole more than 12 degrees from
upright. Every step that is taken is worth 1.

Shapes: ... episodes; the last axis of a state is (x, v, a, w).
"""

from __future__ import annotations

import math

import torch
from torch import Tensor

GRAVITY = 9.8  # m / s^2
POLE, CART = 0.1, 1.0  # kg
TOTAL = POLE + CART
HALF = 0.5  # m, half of the pole's length
ARM = POLE * HALF / TOTAL  # m l / M
FORCE = 10.0  # N, to the left or to the right
SECONDS = 0.02  # of one step
FAR = 2.4  # m
TILTED = math.radians(12)
SPREAD = 0.05  # of each number of a start, uniformly to both sides of 0


def starts(*shape: int, random: torch.Generator) -> Tensor:
    """Draw the states (..., 4) in which episodes begin: almost upright, in the middle."""
    return (2 * torch.rand(*shape, 4, generator=random) - 1) * SPREAD


def advance(state: Tensor, right: Tensor) -> Tensor:
    """Return the states (..., 4) one step later; `right` (...) bool: to which side the push is."""
    _, speed, angle, spin = state.unbind(-1)
    sine, cosine = angle.sin(), angle.cos()
    # products are added in one pass: what a step costs is the number of its operations
    force = right.to(state) * (2 * FORCE / TOTAL) - FORCE / TOTAL
    push = torch.addcmul(force, spin * spin, sine, value=ARM)
    bent = HALF * 4 / 3 - cosine * cosine * ARM
    turning = (GRAVITY * sine - cosine * push) / bent
    moving = torch.addcmul(push, turning, cosine, value=-ARM)
    return torch.add(state, torch.stack([speed, moving, spin, turning], -1), alpha=SECONDS)


def stands(state: Tensor) -> Tensor:
    """Tell which states (..., 4) are within the limits: (...) bool."""
    return (state[..., 0].abs() <= FAR) & (state[..., 2].abs() <= TILTED)
