"""The search network with and without kinks, and in which precision, as a bilevel problem.

Shapes: N rows, C channels, K classes.
"""

from __future__ import annotations

import copy

from torch import Tensor, nn
from torch.nn import functional as F  # noqa: N812

from papers.cells.network.operations import AVERAGE, MAX, FactorizedReduce
from papers.cells.supernet.bilevel import Problem
from papers.cells.supernet.node import Supernet
from papers.cells.supernet.relaxation import Relaxation

Batch = tuple[Tensor, Tensor]  # inputs (N, C, ...), labels (N)
POOL = {MAX[dim]: AVERAGE[dim] for dim in (1, 2)}


def problem(supernet: Supernet, relaxation: Relaxation, kind: str) -> Problem[Batch]:
    """Return a copy of a search network as a problem: `relu`, `smooth` or `relu_float32`."""
    net, alphas = copy.deepcopy(supernet), copy.deepcopy(relaxation)
    if kind == "smooth":
        smooth(net)
    if kind != "relu_float32":
        net, alphas = net.double(), alphas.double()

    def loss(batch: Batch) -> Tensor:
        logits = net(batch[0], alphas.weights("normal"), alphas.weights("reduce"))
        return F.cross_entropy(logits, batch[1])

    return Problem(tuple(net.parameters()), tuple(alphas.parameters()), loss, loss)


def smooth(module: nn.Module) -> None:
    """Put softplus for every ReLU and average pooling for every max pooling, in place."""
    for name, child in module.named_children():
        if isinstance(child, nn.ReLU):
            setattr(module, name, nn.Softplus())
        elif isinstance(child, FactorizedReduce) and child.relu:
            child.relu = False
            setattr(module, name, nn.Sequential(nn.Softplus(), child))
        elif type(child) in POOL:
            setattr(module, name, averaging(child))
        else:
            smooth(child)


def averaging(pool: nn.Module) -> nn.Module:
    """Return average pooling over the windows of a max pooling."""
    assert isinstance(pool, nn.MaxPool1d | nn.MaxPool2d)
    return POOL[type(pool)](
        pool.kernel_size, stride=pool.stride, padding=pool.padding, count_include_pad=False
    )
