"""Many small models at once: parameters stacked along a leading member axis.

Adam and SGD are element-wise and members do not interact, so stacked training equals training one
after another (a test shows it); it is faster because one call serves all members.

A model takes part without a change when its forward keeps to layers that have a stacked twin here
(Linear, Conv1d, GRU) and to operations that ignore leading axes. Inputs without a member axis are
shared by all members.

Shapes: E members, N batch, C channels, L length, H hidden; k kernel.
"""

from __future__ import annotations

import copy
from collections.abc import Callable, Sequence
from typing import Any

import torch
from torch import Tensor, nn
from torch.autograd.function import once_differentiable
from torch.nn import functional as F  # noqa: N812


class Linear(nn.Module):
    """E linear layers: (N, I) or (E, N, I) -> (E, N, O)."""

    def __init__(self, members: Sequence[nn.Linear]) -> None:
        super().__init__()
        self.weight_EIO = _stack([m.weight.T for m in members])
        self.bias_E1O = _stack([m.bias[None] for m in members])

    def forward(self, x: Tensor) -> Tensor:
        """Apply member e's layer to its rows."""
        members = len(self.weight_EIO)
        x_ENI = x if x.dim() == 3 else x.expand(members, *x.shape)
        return torch.baddbmm(self.bias_E1O, x_ENI, self.weight_EIO)


class Conv1d(nn.Module):
    """E convolutions: (N, C, L) or (E, N, C, L) -> (E, N, O, M), M positions.

    The memory behind the result has the batch last, (E, O, M, N): then every copy of the unfolding
    moves whole rows of N numbers, and the next layer finds its input in the same order.
    """

    def __init__(self, members: Sequence[nn.Conv1d]) -> None:
        super().__init__()
        first = members[0]
        self.stride, self.padding = int(first.stride[0]), int(first.padding[0])
        self.weight_EOCk = _stack([m.weight for m in members])
        self.bias_EO = _stack([m.bias for m in members if m.bias is not None])

    def forward(self, x: Tensor) -> Tensor:
        """Convolve member e's rows with its kernels."""
        x_ECLN = (x if x.dim() == 4 else x[None]).permute(0, 2, 3, 1)
        out_EOMN: Tensor = _Convolution.apply(  # type: ignore[no-untyped-call]
            x_ECLN, self.weight_EOCk, self.bias_EO, (self.stride, self.padding)
        )
        return out_EOMN.permute(0, 3, 1, 2)


class _Convolution(torch.autograd.Function):
    """Unfold, then one matrix product per member; the gradient folds back by k additions."""

    @staticmethod
    def forward(
        ctx: Any, x_ECLN: Tensor, weight_EOCk: Tensor, bias_EO: Tensor, layout: tuple[int, int]
    ) -> Tensor:
        """Return (E, O, M, N); x may have one member that all weights share."""
        members, outputs, _, kernel = weight_EOCk.shape
        stride, padding = layout
        padded = F.pad(x_ECLN, (0, 0, padding, padding))
        positions = (padded.shape[2] - kernel) // stride + 1
        reach = stride * (positions - 1) + 1
        taps = [padded[:, :, k : k + reach : stride] for k in range(kernel)]
        columns = torch.stack(taps, dim=2).flatten(3).flatten(1, 2)  # (E or 1, C k, M N)
        columns = columns.expand(members, -1, -1)
        weight = weight_EOCk.flatten(2)
        ctx.save_for_backward(columns, weight_EOCk)
        ctx.shape, ctx.stride, ctx.padding, ctx.reach = padded.shape, stride, padding, reach
        out = torch.baddbmm(bias_EO[:, :, None], weight, columns)
        return out.view(members, outputs, positions, -1)

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, gradient_EOMN: Tensor) -> tuple[Tensor | None, ...]:
        """Return the gradients of input, weight and bias."""
        columns, weight_EOCk = ctx.saved_tensors
        members, _, channels, kernel = weight_EOCk.shape
        gradient = gradient_EOMN.contiguous().flatten(2)
        weight_gradient = torch.bmm(gradient, columns.transpose(1, 2)).view_as(weight_EOCk)
        bias_gradient = gradient.sum(-1)
        if not ctx.needs_input_grad[0]:
            return None, weight_gradient, bias_gradient, None
        unfolded = torch.bmm(weight_EOCk.flatten(2).transpose(1, 2), gradient)
        unfolded = unfolded.view(members, channels, kernel, -1, ctx.shape[-1])
        folded = gradient.new_zeros(members, *ctx.shape[1:])
        for k in range(kernel):
            folded[:, :, k : k + ctx.reach : ctx.stride] += unfolded[:, :, k]
        input_gradient = folded.narrow(2, ctx.padding, ctx.shape[2] - 2 * ctx.padding)
        if ctx.shape[0] != members:  # all members saw the same input
            input_gradient = input_gradient.sum(0, keepdim=True)
        return input_gradient, weight_gradient, bias_gradient, None


class GRU(nn.Module):
    """E one-layer GRUs, batch first: (N, L, I) or (E, N, L, I) -> (E, N, L, D H), last state."""

    def __init__(self, members: Sequence[nn.GRU]) -> None:
        super().__init__()
        first = members[0]
        if first.num_layers != 1 or not first.batch_first or not first.bias or first.dropout:
            raise ValueError("GRU: a stacked twin exists for one batch-first layer with bias")
        suffixes = ("", "_reverse") if first.bidirectional else ("",)
        self.directions, self.hidden = len(suffixes), first.hidden_size

        def gather(name: str) -> nn.Parameter:
            each = [[getattr(m, name + suffix) for suffix in suffixes] for m in members]
            return _stack([torch.stack(directions) for directions in each])

        self.input_weight = gather("weight_ih_l0")  # (E, D, 3H, I), gates r, z, n
        self.input_bias = gather("bias_ih_l0")
        self.hidden_weight = gather("weight_hh_l0")
        self.hidden_bias = gather("bias_hh_l0")

    def forward(self, x: Tensor) -> tuple[Tensor, Tensor]:
        """Run both directions of all members side by side; directions count as members."""
        members, directions = self.input_weight.shape[:2]
        x = x if x.dim() == 4 else x.expand(members, *x.shape)
        both = torch.stack([x, x.flip(-2)][:directions], dim=1).transpose(2, 3)  # (E, D, L, N, I)
        weight = self.input_weight.transpose(2, 3)[:, :, None]
        gates = torch.matmul(both, weight) + self.input_bias[:, :, None, None]
        states: Tensor = _Recurrence.apply(  # type: ignore[no-untyped-call]
            gates.flatten(0, 1),
            self.hidden_weight.flatten(0, 1).transpose(1, 2),
            self.hidden_bias.flatten(0, 1)[:, None],
        )
        out = states.unflatten(0, (members, directions)).transpose(2, 3)  # (E, D, N, L, H)
        forward, *backward = out.unbind(1)
        joined = torch.cat([forward, *(b.flip(-2) for b in backward)], dim=-1)
        return joined, states[:, -1]


class _Recurrence(torch.autograd.Function):
    """The recurrence of a GRU in cuDNN's form (Cho et al. 2014), differentiated by hand.

    h' = z h + (1 - z) n, n = tanh(i_n + r q_n), r and z = sigmoid(i + q), q = h W + b: input gates
    i, hidden gates q. Autograd would walk some thirty nodes per time step; by hand it is one
    matrix product and a dozen element-wise calls, and all weight gradients are one product.

    Shapes: M members times directions, L time steps, N batch, H hidden; gates in order r, z, n.
    """

    @staticmethod
    def forward(ctx: Any, inputs_MLNG: Tensor, weight_MHG: Tensor, bias_M1G: Tensor) -> Tensor:
        """Return all states (M, L, N, H), from input gates (M, L, N, 3H)."""
        members, length, rows, _ = inputs_MLNG.shape
        size = weight_MHG.shape[1]
        states = inputs_MLNG.new_zeros(members, length + 1, rows, size)
        resets_updates = torch.empty_like(inputs_MLNG[..., : 2 * size])
        candidates, hidden_n = torch.empty_like(states[:, 1:]), torch.empty_like(states[:, 1:])
        for step in range(length):
            before, inputs = states[:, step], inputs_MLNG[:, step]
            hidden = torch.baddbmm(bias_M1G, before, weight_MHG)
            gates = torch.sigmoid(inputs[..., : 2 * size] + hidden[..., : 2 * size])
            fresh = hidden[..., 2 * size :]
            candidate = torch.addcmul(inputs[..., 2 * size :], gates[..., :size], fresh).tanh_()
            states[:, step + 1] = torch.lerp(candidate, before, gates[..., size:])
            resets_updates[:, step], hidden_n[:, step] = gates, fresh
            candidates[:, step] = candidate
        ctx.save_for_backward(weight_MHG, states, resets_updates, candidates, hidden_n)
        return states[:, 1:]

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, gradient_MLNH: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """Return the gradients of input gates, weight and bias."""
        weight_MHG, states, resets_updates, candidates, hidden_n = ctx.saved_tensors
        size = weight_MHG.shape[1]
        resets, updates = resets_updates[..., :size], resets_updates[..., size:]
        to_candidate = (1 - updates) * (1 - candidates.square())  # dh -> d(pre-tanh of n)
        slopes = resets_updates * (1 - resets_updates)
        to_reset = to_candidate * hidden_n * slopes[..., :size]
        to_update = (states[:, :-1] - candidates) * slopes[..., size:]
        to_gates = torch.cat([to_reset, to_update, to_candidate * resets], dim=-1)
        hidden_gradient = torch.empty_like(to_gates)  # (M, L, N, 3H)
        state_gradient = torch.empty_like(candidates)
        carried = torch.zeros_like(candidates[:, 0])
        back = weight_MHG.transpose(1, 2)
        for step in reversed(range(candidates.shape[1])):
            arriving = carried + gradient_MLNH[:, step]
            state_gradient[:, step] = arriving
            gates = to_gates[:, step] * arriving.repeat(1, 1, 3)
            hidden_gradient[:, step] = gates
            carried = torch.baddbmm(arriving * updates[:, step], gates, back)
        flat = hidden_gradient.flatten(1, 2)
        weight_gradient = torch.bmm(states[:, :-1].flatten(1, 2).transpose(1, 2), flat)
        bias_gradient = flat.sum(1, keepdim=True)
        candidate_gradient = to_candidate * state_gradient
        inputs_gradient = torch.cat([hidden_gradient[..., : 2 * size], candidate_gradient], dim=-1)
        return inputs_gradient, weight_gradient, bias_gradient


TWINS: dict[type[nn.Module], Callable[..., nn.Module]] = {
    nn.Linear: Linear,
    nn.Conv1d: Conv1d,
    nn.GRU: GRU,
}


def stack(members: Sequence[nn.Module]) -> nn.Module:
    """Return one module that runs all members; their parameters are copied.

    Raises:
        ValueError: a layer with parameters has no stacked twin; names it.
    """
    return _twin(members, type(members[0]).__name__)


def _twin(members: Sequence[nn.Module], name: str) -> nn.Module:
    kind = type(members[0])
    if kind in TWINS:
        return TWINS[kind](members)
    if next(members[0].parameters(recurse=False), None) is not None:
        known = ", ".join(sorted(twin.__name__ for twin in TWINS))
        raise ValueError(f"{name}: {kind.__name__} has no stacked twin; there is one for {known}")
    stacked = copy.deepcopy(members[0])
    for child, _ in members[0].named_children():
        parts = [member.get_submodule(child) for member in members]
        setattr(stacked, child, _twin(parts, f"{name}.{child}"))
    return stacked


def _stack(tensors: Sequence[Tensor]) -> nn.Parameter:
    return nn.Parameter(torch.stack([t.detach() for t in tensors]).clone().contiguous())


def cross_entropy(logits_ENK: Tensor, labels: Tensor) -> Tensor:
    """Return each member's mean cross-entropy: (E, N, K), labels (N) or (E, N) -> (E)."""
    own = labels.expand(len(logits_ENK), -1)[..., None]
    # logsumexp and gather take half the time of torch's cross-entropy when K is ten
    return (logits_ENK.logsumexp(-1) - logits_ENK.gather(-1, own)[..., 0]).mean(-1)
