"""The evaluation network on short signals, fast: the same modules, run with the batch last.

Values are (C, L, N), so a call moves whole rows of N numbers. A kernel over L positions is a
matrix (L', L) with its taps on diagonals, whatever its size, stride and dilation: a depthwise
convolution is one batched product, and its gradient two. torch's own takes most of a small
network's training for the gradient of dilated kernels. Parameters, buffers and results are those
of `papers.cells.network.darts`, which is the oracle.

Shapes: N batch, C and O channels, L positions (L' after a stride), k taps, K classes.
"""

from __future__ import annotations

from functools import singledispatch

import torch
from torch import Tensor, nn
from torch.nn import functional as F  # noqa: N812

from papers.cells.network.darts import Cell, Network
from papers.cells.network.fast import kernels
from papers.cells.network.fast.depthwise import Window, diagonals
from papers.cells.network.operations import FactorizedReduce, parameter


def forward(network: Network, x: Tensor) -> Tensor:
    """Map signals (N, inputs, L) to logits (N, K), as the network itself does without drop path.

    While the network trains, batch norms use the batch and follow it; otherwise what they know.
    """
    stem = network.stem.features
    assert isinstance(stem, nn.Sequential)
    older = newer = run(stem, x.permute(1, 2, 0).contiguous())
    for cell in network.cells:
        assert isinstance(cell, Cell)
        older, newer = newer, run_cell(cell, older, newer)
    logits: Tensor = network.out(newer.mean(1).T)
    return logits


def run_cell(cell: Cell, older: Tensor, newer: Tensor) -> Tensor:
    """Map two outputs of cells (C, L, N) to one."""
    states = [run(cell.older, older), run(cell.newer, newer)]
    arriving = []
    for operation, (_, j) in zip(cell.operations, cell.pairs, strict=True):
        arriving.append(run(operation, states[j]))
        if len(arriving) == 2:
            states.append(arriving[0] + arriving[1])
            arriving = []
    carried = cell.carried
    return torch.cat(
        [run(carried[str(j)], states[j]) if str(j) in carried else states[j] for j in cell.concat]
    )


@singledispatch
def run(module: nn.Module, x: Tensor) -> Tensor:
    """Map (C, L, N) by a module of one dimension; what is not known here runs as it is."""
    out: Tensor = module(x.permute(2, 0, 1))
    return out.permute(1, 2, 0).contiguous()


@run.register
def _all(module: nn.Sequential, x: Tensor) -> Tensor:
    for part in module:
        x = run(part, x)
    return x


@run.register
def _same(module: nn.Identity, x: Tensor) -> Tensor:
    return x


@run.register
def _rectified(module: nn.ReLU, x: Tensor) -> Tensor:
    return x.relu()


@run.register
def _convolved(module: nn.Conv1d, x: Tensor) -> Tensor:
    weight, (channels, length, batch) = module.weight, x.shape
    if module.kernel_size == (1,) and module.stride == (1,):
        return (weight.flatten(1) @ x.flatten(1)).view(-1, length, batch)
    taps = diagonals(Window.of(module), length, x.dtype, x.device)
    if module.groups == channels > 1:
        return (weight.flatten(1) @ taps).view(channels, -1, length) @ x
    bands = (weight @ taps).view(*weight.shape[:2], -1, length).transpose(1, 2)  # (O, L', C, L)
    rows = bands.reshape(-1, channels * length) @ x.view(channels * length, batch)
    return rows.view(len(weight), -1, batch)


@run.register
def _normalised(module: nn.BatchNorm1d, x: Tensor) -> Tensor:
    mean, variance = module.running_mean, module.running_var
    assert mean is not None
    assert variance is not None
    rows = x.flatten(1)
    if not module.training:
        scale = module.weight * (variance + module.eps).rsqrt()
        return torch.addcmul((module.bias - mean * scale)[:, None], rows, scale[:, None]).view(
            x.shape
        )
    out, own, spread = kernels.normalise(rows, module.weight, module.bias)
    share = module.momentum or 0.0
    with torch.no_grad():
        mean.lerp_(own, share)
        variance.lerp_(spread * (rows.shape[1] / (rows.shape[1] - 1)), share)
    return out.view(x.shape)


@run.register
def _largest(module: nn.MaxPool1d, x: Tensor) -> Tensor:
    window = _window(module)
    return F.max_pool2d(x[None], window.kernel, window.stride, window.padding)[0]


@run.register
def _averaged(module: nn.AvgPool1d, x: Tensor) -> Tensor:
    taps = diagonals(_window(module), x.shape[1], x.dtype, x.device)
    inside = taps.sum(0).view(-1, x.shape[1])
    return inside / inside.sum(1, keepdim=True) @ x


def _window(pool: nn.MaxPool1d | nn.AvgPool1d) -> Window:
    given = (pool.kernel_size, pool.stride, pool.padding)
    kernel, stride, padding = (size if isinstance(size, int) else size[0] for size in given)
    return Window((kernel, 1), (stride, 1), (padding, 0), (1, 1))


@run.register
def _halved(module: FactorizedReduce, x: Tensor) -> Tensor:
    x = x.relu() if module.relu else x
    odd = F.pad(x, (0, 0, 0, x.shape[1] % 2))[:, 1::2]
    parts = ((module.even, x[:, ::2]), (module.odd, odd))
    halves = [
        (parameter(conv).flatten(1) @ part.flatten(1)).view(-1, *part.shape[1:])
        for conv, part in parts
    ]
    return run(module.norm, torch.cat(halves))
