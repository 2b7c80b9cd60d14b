"""From embeddings to tensors of any shape (the authors' code): decode the largest, cut, tile.

A weight is decoded for the largest number of channels at every place of its kernel; what exceeds
it repeats, w[i, j] = w_max[i mod C, j mod C]. Only the rows that are needed are computed.

Shapes: n tensors of a group, D width, P = kh kw places of a kernel, C the largest channels.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional as F  # noqa: N812

from papers.ghn2.hyper.config import Hyper
from papers.ghn2.hyper.features import Four

SOFT = 5.0  # GHN-3 begins with smaller outputs


class GridDecoder(nn.Module):
    """Decodes kernels, and classifiers, whose classes are a linear map of the output channels."""

    def __init__(self, hyper: Hyper) -> None:
        super().__init__()
        width, (height, breadth) = hyper.width, hyper.kernel
        self.largest, self.kernel, self.crop = hyper.largest, hyper.kernel, hyper.crop
        self.places = nn.Linear(width, 4 * width * height * breadth)
        self.hidden = nn.Linear(4 * width, 8 * width)
        self.channels = nn.Linear(8 * width, self.largest**2)
        self.classes = nn.Linear(self.largest, hyper.classes)
        if hyper.propagation == "transformer":
            soften(self.channels, self.classes)

    def at(self, h: Tensor, kernel: tuple[int, int]) -> Tensor:
        """Return what the channels of every place are decoded from: (n, D) -> (n, P, 8D).

        The kernel is cut from the largest one, from its corner or from its centre.
        """
        tall, wide = self.kernel
        kh, kw = kernel
        top, left = ((tall - kh) // 2, (wide - kw) // 2) if self.crop == "centre" else (0, 0)
        weight = self.places.weight.view(-1, tall, wide, h.shape[1])
        bias = self.places.bias.view(-1, tall, wide)
        rows, columns = slice(top, top + kh), slice(left, left + kw)
        cut = weight[:, rows, columns].permute(1, 2, 0, 3).flatten(0, 2)  # (P 4D, D)
        cut_bias = bias[:, rows, columns].permute(1, 2, 0).flatten()
        seen = F.linear(h, cut, cut_bias).relu().view(len(h), kh * kw, -1)
        places: Tensor = self.hidden(seen).relu()
        return places

    def cut(self, places: Tensor, out: int, into: int) -> Tensor:
        """Return the channels of every place: (n, P, 8D) -> (n, P, out, into), at most C each."""
        weight = self.channels.weight.view(self.largest, self.largest, -1)[:out, :into]
        bias = self.channels.bias.view(self.largest, self.largest)[:out, :into]
        rows: Tensor = F.linear(places, weight.flatten(0, 1), bias.flatten())
        return rows.view(*rows.shape[:-1], out, into)

    def forward(self, places: Tensor, shape: Four, gains: Tensor | None = None) -> Tensor:
        """Return kernels of a shape, times gains (n): (n, P, 8D) -> (n, out, in, kh, kw)."""
        out, into, height, width = shape
        kh, kw = self.inner(height, width)
        decoded = self.cut(places, min(out, self.largest), min(into, self.largest))
        kernels = scaled(decoded, gains).permute(0, 2, 3, 1).unflatten(-1, (kh, kw))
        return tiled(kernels, shape)

    def inner(self, height: int, width: int) -> tuple[int, int]:
        """Return the part of a kernel that is decoded; the rest repeats it."""
        return min(height, self.kernel[0]), min(width, self.kernel[1])

    def classifier(self, places: Tensor, into: int, gains: Tensor | None = None) -> Tensor:
        """Return the weights of classifiers, times gains (n): (n, 1, 8D) -> (n, K, in)."""
        decoded = self.cut(places, self.largest, min(into, self.largest))[:, 0].relu()
        weights = self.classes(decoded.transpose(1, 2)).transpose(1, 2)  # (n, K, in)
        return tiled(scaled(weights, gains), (weights.shape[1], into))


class VectorDecoder(nn.Module):
    """Decodes scales (row 0), and shifts and biases (row 1); those of classes from the latter."""

    def __init__(self, hyper: Hyper) -> None:
        super().__init__()
        width, self.largest = hyper.width, hyper.largest
        self.hidden = nn.Linear(width, 2 * width)
        self.rows = nn.Linear(2 * width, 2 * hyper.largest)
        self.classes = nn.Linear(hyper.largest, hyper.classes)
        if hyper.propagation == "transformer":
            soften(self.rows, self.classes)

    def forward(self, h: Tensor) -> Tensor:
        """Return both rows for each node: (n, D) -> (n, 2, C)."""
        rows: Tensor = self.rows(self.hidden(h).relu())
        return rows.view(len(h), 2, self.largest)

    def classifier(self, row: Tensor) -> Tensor:
        """Return biases of classes of second rows: (n, C) -> (n, K)."""
        biases: Tensor = self.classes(row.relu())
        return biases


def soften(*layers: nn.Linear) -> None:
    """Begin with weights a fifth as large and biases of zero, as GHN-3 does."""
    with torch.no_grad():
        for layer in layers:
            layer.weight /= SOFT
            layer.bias.zero_()


def scaled(tensors: Tensor, gains: Tensor | None) -> Tensor:
    """Return tensors (n, ...) times their gains (n): before they are tiled, and large."""
    return tensors if gains is None else tensors * gains.view(-1, *(1,) * (tensors.dim() - 1))


def tiled(tensors: Tensor, shape: tuple[int, ...]) -> Tensor:
    """Repeat in every dimension after the first until it is as long as said, and cut.

    The last dimension comes first: the largest copy, along the first, is then one of long rows.
    """
    for dim in range(len(shape), 0, -1):
        size, asked = tensors.shape[dim], shape[dim - 1]
        if asked == size:
            continue
        if asked % size:
            places = torch.arange(asked, device=tensors.device) % size
            tensors = tensors.index_select(dim, places)
            continue
        whole = (*tensors.shape[:dim], asked // size, *tensors.shape[dim:])
        tensors = tensors.unsqueeze(dim).expand(whole).flatten(dim, dim + 1)
    return tensors
