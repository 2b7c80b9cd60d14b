"""Messages along graphs, level by level: equal to `propagation`, node by node, and faster.

A node hears from lower levels alone, along virtual edges too, so that all nodes of a level, of all
graphs of a meta-batch, are updated at once. Each node's message is made once and weighed for all
who hear it, by one matrix product a level. Gradients are written by hand: what a level needs is
in rows of one buffer, and those of the weights are products over all nodes at the end.

Shapes: V nodes of all graphs in the order of their levels, D width, M = D or 2D messages.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional as F  # noqa: N812

from papers.ghn2.hyper.propagation import GatedGraph


@dataclass(frozen=True)
class Sweep:
    """One direction: an order of the nodes by level, where levels begin, who hears whom.

    `edges` (V, V) and `virtual` (V, V): row v holds the weights of what v hears, both in this
    order; None where the model has no virtual edges. `order` (V) are the places of the nodes.
    """

    order: Tensor
    bounds: tuple[int, ...]  # 0, ..., V
    edges: Tensor
    virtual: Tensor | None


def propagate(model: GatedGraph, features: Tensor, forth: Sweep, back: Sweep) -> Tensor:
    """Return what nodes (V, D) become, in the order in which they came."""
    (w1, b1), (w2, b2) = _weights(model.message)
    if model.far is not None:
        (w3, b3), (w4, b4) = _weights(model.far)
        w1, b1 = torch.cat([w1, w3]), torch.cat([b1, b3])
        w2, b2 = torch.block_diag(w2, w4), torch.cat([b2, b4])
    cell = model.cell
    weights = (cell.weight_ih, cell.weight_hh, cell.bias_ih, cell.bias_hh, w1, b1, w2, b2)
    h = features
    for _ in range(model.rounds):
        for sweep in (forth, back):
            placed = h.index_select(0, sweep.order)
            moved: Tensor = Swept.apply(placed, sweep, *weights)  # type: ignore[no-untyped-call]
            h = torch.empty_like(moved).index_copy(0, sweep.order, moved)
    return h


def _weights(mlp: nn.Sequential) -> list[tuple[Tensor, Tensor]]:
    return [(layer.weight, layer.bias) for layer in mlp if isinstance(layer, nn.Linear)]


class Swept(torch.autograd.Function):
    """One sweep over all levels, with its gradient."""

    @staticmethod
    def forward(ctx: Any, h: Tensor, sweep: Sweep, *weights: Tensor) -> Tensor:
        """Update every level from the messages of those before it: (V, D) -> (V, D)."""
        w_ih, w_hh, b_ih, b_hh, w1, b1, w2, b2 = weights
        count, width = h.shape
        own = F.linear(h, w_hh, b_hh)  # what the gates know of the nodes themselves
        new, heard, hidden = (
            h.new_empty(h.shape),
            h.new_zeros(h.shape),
            h.new_empty(count, len(w1)),
        )
        told, gates = h.new_empty(count, len(w2)), h.new_empty(count, 3 * width)
        for low, high in zip(sweep.bounds, sweep.bounds[1:], strict=False):
            m = heard[low:high]
            if low:
                torch.mm(sweep.edges[low:high, :low], told[:low, :width], out=m)
                if sweep.virtual is not None:
                    m.addmm_(sweep.virtual[low:high, :low], told[:low, width:])
            come = F.linear(m, w_ih, b_ih)
            rz = (come[:, : 2 * width] + own[low:high, : 2 * width]).sigmoid_()
            r, z = rz[:, :width], rz[:, width:]
            n = torch.addcmul(come[:, 2 * width :], r, own[low:high, 2 * width :]).tanh_()
            torch.lerp(n, h[low:high], z, out=new[low:high])
            gates[low:high, : 2 * width], gates[low:high, 2 * width :] = rz, n
            torch.relu_(torch.addmm(b1, new[low:high], w1.T, out=hidden[low:high]))
            torch.relu_(torch.addmm(b2, hidden[low:high], w2.T, out=told[low:high]))
        ctx.sweep = sweep
        ctx.save_for_backward(h, own, new, heard, hidden, told, gates, w_ih, w_hh, w1, w2)
        return new

    @staticmethod
    def backward(ctx: Any, *grads: Tensor) -> tuple[Tensor | None, ...]:
        """Go through the levels in the other direction."""
        h, own, new, heard, hidden, told, gates, w_ih, w_hh, w1, w2 = ctx.saved_tensors
        sweep, width = ctx.sweep, h.shape[1]
        g = grads[0].clone()
        d_told, d_hidden = torch.zeros_like(told), torch.empty_like(hidden)
        d_come, d_own = torch.empty_like(gates), torch.empty_like(gates)
        deaf_told, deaf_hidden = told <= 0, hidden <= 0
        for high, low in zip(sweep.bounds[:0:-1], sweep.bounds[-2::-1], strict=True):
            d_told[low:high].masked_fill_(deaf_told[low:high], 0)
            torch.mm(d_told[low:high], w2, out=d_hidden[low:high])
            d_hidden[low:high].masked_fill_(deaf_hidden[low:high], 0)
            up = g[low:high].addmm_(d_hidden[low:high], w1)
            r, z, n = gates[low:high].split(width, 1)
            d_n = up * (1 - z) * (1 - n * n)
            d_z = up * (h[low:high] - n) * z * (1 - z)
            d_r = d_n * own[low:high, 2 * width :] * r * (1 - r)
            torch.cat([d_r, d_z, d_n], 1, out=d_come[low:high])
            torch.cat([d_r, d_z, d_n * r], 1, out=d_own[low:high])
            up.mul_(z)
            if low:
                d_m = d_come[low:high] @ w_ih
                d_told[:low, :width].addmm_(sweep.edges[low:high, :low].T, d_m)
                if sweep.virtual is not None:
                    d_told[:low, width:].addmm_(sweep.virtual[low:high, :low].T, d_m)
        return (
            g.addmm_(d_own, w_hh), None,
            d_come.T @ heard, d_own.T @ h, d_come.sum(0), d_own.sum(0),
            d_hidden.T @ new, d_hidden.sum(0), d_told.T @ hidden, d_told.sum(0),
        )  # fmt: skip
