"""Bilevel problems with known answers, and a real search network as one."""

from __future__ import annotations

import torch
from torch import nn
from torch.nn.functional import cross_entropy

from papers.cells.supernet.bilevel import Problem
from papers.cells.supernet.node import Design, Supernet
from papers.cells.supernet.relaxation import Relaxation

SMALL = Design(channels=4, cells=3, nodes=2, dim=1, inputs=1)


def number(value: float) -> torch.Tensor:
    return torch.tensor([value], dtype=torch.float64, requires_grad=True)


def toy(alpha: float = 2.0, w: float = -2.0) -> Problem[str]:
    """L_val = alpha w - 2 alpha + 1 and L_train = (w - alpha)^2; a batch is a part's name."""
    own_alpha, own_w = number(alpha), number(w)

    def loss(part: str) -> torch.Tensor:
        if part == "train":
            return (own_w - own_alpha).square().sum()
        return (own_alpha * own_w - 2 * own_alpha + 1).sum()

    return Problem((own_w,), (own_alpha,), loss, loss)


class Gated(nn.Module):
    """A two-layer tanh network whose hidden units are weighted by softmaxed alphas."""

    def __init__(self) -> None:
        super().__init__()
        self.first, self.second = nn.Linear(3, 5), nn.Linear(5, 1)

    def forward(self, x: torch.Tensor, alpha: torch.Tensor) -> torch.Tensor:
        return self.second(self.first(x).tanh() * alpha.softmax(0)).tanh()


def gated() -> tuple[Problem, tuple, tuple]:
    """Return a smooth problem in float64, and a training and a validation batch."""
    torch.manual_seed(0)
    net = Gated().double()
    alpha = torch.randn(5, dtype=torch.float64, requires_grad=True)
    train, val = (
        (torch.randn(16, 3, dtype=torch.float64), torch.randn(16, 1, dtype=torch.float64))
        for _ in range(2)
    )

    def loss(batch):
        return (net(batch[0], alpha) - batch[1]).square().mean()

    return Problem(tuple(net.parameters()), (alpha,), loss, loss), train, val


def search(dtype: torch.dtype = torch.float64) -> tuple[Problem, tuple, tuple]:
    """Return a real search network as a problem, and a training and a validation batch."""
    torch.manual_seed(1)
    net = Supernet(SMALL).to(dtype)
    edges = {"normal": SMALL.operations(False), "reduce": SMALL.operations(True)}
    relaxation = Relaxation(edges, 1e-3, seed=2).to(dtype)
    train, val = (
        (torch.randn(12, 1, 16, dtype=dtype), torch.randint(10, (12,))) for _ in range(2)
    )

    def loss(batch):
        logits = net(batch[0], relaxation.weights("normal"), relaxation.weights("reduce"))
        return cross_entropy(logits, batch[1])

    weights, alphas = tuple(net.parameters()), tuple(relaxation.parameters())
    return Problem(weights, alphas, loss, loss), train, val


def assert_identical(ones, others):
    for one, other in zip(ones, others, strict=True):
        assert torch.equal(one, other)
