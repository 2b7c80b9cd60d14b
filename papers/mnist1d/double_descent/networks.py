"""The plain MLP of the double-descent notebook, and the gradient of many of them at once by hand.

Shapes: E members, N batch, I = 40 inputs, H hidden, K = 10 classes.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn

from harness.training import device
from papers.mnist1d import models


class MLP(nn.Module):
    """Two hidden layers of ReLU units, no residual: H^2 + 52 H + 10 parameters."""

    def __init__(self, hidden: int) -> None:
        super().__init__()
        self.first = nn.Linear(models.SIGNAL, hidden)
        self.second = nn.Linear(hidden, hidden)
        self.out = nn.Linear(hidden, models.CLASSES)

    def forward(self, x: Tensor) -> Tensor:
        """Map signals (..., 40) to logits (..., 10)."""
        h = self.first(x).relu()
        h = self.second(h).relu()
        logits: Tensor = self.out(h)
        return logits


NETWORKS: dict[str, type[nn.Module]] = {"mlp": MLP, "cnn": models.CNN}


def build(kind: str, width: int, seed: int) -> nn.Module:
    """Return a model of that kind and width, its weights drawn from a stream of their own."""
    with device.seeded(seed):
        return NETWORKS[kind](width)


def parameters(kind: str, width: float) -> float:
    """Return P: h^2 + 52 h + 10 of an MLP, 6 c^2 + 58 c + 10 of a CNN; widths may lie between."""
    square, linear = {"mlp": (1, 52), "cnn": (6, 58)}[kind]
    return square * width**2 + linear * width + 10


def cross_entropy_slope(logits: Tensor, hot: Tensor) -> Tensor:
    """Return the derivative of a member's mean cross-entropy by its logits, both (E, N, K)."""
    return logits.softmax(-1).sub_(hot).div_(hot.shape[-2])


def mse_slope(logits: Tensor, hot: Tensor) -> Tensor:
    """Return the derivative of a member's squared error, mean over rows and outputs."""
    return logits.sub(hot).mul_(2 / hot[0].numel())


SLOPES = {"cross_entropy": cross_entropy_slope, "mse": mse_slope}


@torch.no_grad()
def backpropagate(mlps: nn.Module, x_ENI: Tensor, hot_ENK: Tensor, loss: str) -> None:
    """Write the gradients of stacked MLPs into their parameters' `grad`, replacing what is there.

    Autograd would take some sixty calls for what are nine matrix products; at small widths a step
    consists of those calls.
    """
    w1, b1, w2, b2, w3, b3 = mlps.parameters()  # layer by layer: (E, I, O), (E, 1, O)
    first = torch.baddbmm(b1, x_ENI, w1).relu_()
    second = torch.baddbmm(b2, first, w2).relu_()
    slope = SLOPES[loss](torch.baddbmm(b3, second, w3), hot_ENK)
    _layer(second, slope, w3, b3)
    slope = _relu_slope(torch.bmm(slope, w3.transpose(1, 2)), second)
    _layer(first, slope, w2, b2)
    slope = _relu_slope(torch.bmm(slope, w2.transpose(1, 2)), first)
    _layer(x_ENI, slope, w1, b1)


def _relu_slope(slope: Tensor, outputs: Tensor) -> Tensor:
    passed: Tensor = torch.ops.aten.threshold_backward(slope, outputs, 0)  # one call, no mask
    return passed


def _layer(inputs: Tensor, slope: Tensor, weight: Tensor, bias: Tensor) -> None:
    """Set the gradients of one layer from its inputs (E, N, I) and the slope (E, N, O)."""
    for parameter in (weight, bias):
        if parameter.grad is None:
            parameter.grad = torch.empty_like(parameter)
    torch.bmm(inputs.transpose(1, 2), slope, out=weight.grad)
    torch.sum(slope, 1, keepdim=True, out=bias.grad)
