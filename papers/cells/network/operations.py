"""The operations that an edge may have, each once, for one and for two dimensions.

Convolutions come as ReLU, convolution without bias, batch norm (Liu et al. 2019, arXiv:1806.09055,
Sec. 3.1; Dong & Yang 2020, arXiv:2001.00326, Sec. 2.1), never in place: other edges read the same
node. `none` is no module: what leads nowhere is not computed.

Shapes: N batch, C channels, then L positions (dim=1) or H W space (dim=2).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional as F  # noqa: N812

from harness.paper import Refused, require

CONV: dict[int, type[nn.Module]] = {1: nn.Conv1d, 2: nn.Conv2d}
NORM: dict[int, type[nn.Module]] = {1: nn.BatchNorm1d, 2: nn.BatchNorm2d}
MAX: dict[int, type[nn.Module]] = {1: nn.MaxPool1d, 2: nn.MaxPool2d}
AVERAGE: dict[int, type[nn.Module]] = {1: nn.AvgPool1d, 2: nn.AvgPool2d}


@dataclass(frozen=True)
class Place:
    """Where an operation stands: how many channels, which stride, how it is normalised.

    `affine`: batch norms have weights. `pooled_norm`: pooling is followed by a batch norm without
    weights, as in DARTS's search network. `tracked`: batch norms keep running statistics.
    """

    channels: int
    stride: int = 1
    dim: int = 1
    affine: bool = True
    pooled_norm: bool = False
    tracked: bool = True

    def __post_init__(self) -> None:
        require(str(self.dim), ("1", "2"), "number of dimensions")
        if self.stride not in (1, 2):
            raise Refused(f"stride={self.stride}: an operation has stride 1 or 2")

    def norm(self, channels: int | None = None) -> nn.Module:
        """Return a batch norm for this place."""
        return NORM[self.dim](
            channels or self.channels, affine=self.affine, track_running_stats=self.tracked
        )


def convolution(
    dim: int, channels: tuple[int, int], kernel: int, stride: int = 1, **more: int
) -> nn.Module:
    """Return a convolution without bias that keeps the size at stride 1."""
    reach = more.get("dilation", 1) * (kernel - 1) // 2
    return CONV[dim](*channels, kernel, stride=stride, padding=reach, bias=False, **more)


def relu_conv_norm(place: Place, kernel: int, inputs: int | None = None) -> nn.Sequential:
    """Return ReLU, dense convolution, batch norm; from `inputs` channels to the place's."""
    channels = (inputs or place.channels, place.channels)
    conv = convolution(place.dim, channels, kernel, place.stride)
    return nn.Sequential(nn.ReLU(), conv, place.norm())


def depthwise(place: Place, kernel: int, stride: int, dilation: int = 1) -> nn.Sequential:
    """Return ReLU, depthwise and pointwise convolution, batch norm."""
    both = (place.channels, place.channels)
    spatial = convolution(
        place.dim, both, kernel, stride, dilation=dilation, groups=place.channels
    )
    return nn.Sequential(nn.ReLU(), spatial, convolution(place.dim, both, 1), place.norm())


def separable(place: Place, kernel: int) -> nn.Sequential:
    """Return the depthwise block twice; the first takes the stride."""
    first = depthwise(place, kernel, place.stride)
    return nn.Sequential(*first, *depthwise(place, kernel, 1))


def dilated(place: Place, kernel: int) -> nn.Sequential:
    """Return one depthwise block with dilation 2."""
    return depthwise(place, kernel, place.stride, dilation=2)


def pool(place: Place, kind: dict[int, type[nn.Module]], kernel: int = 3) -> nn.Module:
    """Return pooling over `kernel` positions; a border's average counts what is inside."""
    more = {"count_include_pad": False} if kind is AVERAGE else {}
    pooling = kind[place.dim](kernel, stride=place.stride, padding=kernel // 2, **more)
    if not place.pooled_norm:
        return pooling
    norm = NORM[place.dim](place.channels, affine=False, track_running_stats=place.tracked)
    return nn.Sequential(pooling, norm)


class FactorizedReduce(nn.Module):
    """Half the size by two 1x1 convolutions of stride 2, the second one position further.

    An odd size is padded by a zero at its end before the shift, so both halves have equal size.
    ENAS reduces without the ReLU that comes first elsewhere.
    """

    def __init__(self, place: Place, inputs: int | None = None, relu: bool = True) -> None:
        super().__init__()
        if place.channels % 2:
            raise Refused(
                f"channels={place.channels}: a factorized reduction needs an even number"
            )
        half = (inputs or place.channels, place.channels // 2)
        self.dim = place.dim
        self.relu = relu
        self.even = CONV[place.dim](*half, 1, stride=2, bias=False)
        self.odd = CONV[place.dim](*half, 1, stride=2, bias=False)
        self.norm = place.norm()

    def forward(self, x: Tensor) -> Tensor:
        """Map (N, C, L) to (N, C', ceil(L / 2)), or (N, C, H, W) likewise."""
        x = x.relu() if self.relu else x
        sizes = x.shape[2:]
        odd = F.pad(x, [p for size in reversed(sizes) for p in (0, size % 2)])
        index: list[Any] = [..., *(slice(1, None) for _ in sizes)]
        shifted = odd[tuple(index)]
        result: Tensor = self.norm(torch.cat([self.even(x), self.odd(shifted)], dim=1))
        return result


def skip(place: Place) -> nn.Module:
    """Return the identity; where the size halves, a factorized reduction."""
    return nn.Identity() if place.stride == 1 else FactorizedReduce(place)


class Noise(nn.Module):
    """N(0, 1) numbers from torch's own stream, whatever arrives: an operation that cannot help.

    Zela et al. 2020, arXiv:1909.09656, Sec. 3, space S4.
    """

    def __init__(self, stride: int) -> None:
        super().__init__()
        self.stride = stride

    def forward(self, x: Tensor) -> Tensor:
        """Map (N, C, ...) to noise of the size that a convolution of this stride has."""
        sizes = [(size - 1) // self.stride + 1 for size in x.shape[2:]]
        return torch.randn(*x.shape[:2], *sizes, dtype=x.dtype, device=x.device)


def stretched(place: Place, kernel: int) -> nn.Sequential:
    """Return ReLU, 1 x k and k x 1 convolution, batch norm (as NASNet's 1x7 then 7x1)."""
    if place.dim != 2:
        raise Refused(f"conv_{kernel}x1_1x{kernel}: exists in two dimensions only")
    both, reach, s = (place.channels, place.channels), kernel // 2, place.stride
    wide = nn.Conv2d(*both, (1, kernel), stride=(1, s), padding=(0, reach), bias=False)
    high = nn.Conv2d(*both, (kernel, 1), stride=(s, 1), padding=(reach, 0), bias=False)
    return nn.Sequential(nn.ReLU(), wide, high, place.norm())


PRIMITIVES: dict[str, Callable[[Place], nn.Module]] = {
    "skip": skip,
    "c1": lambda place: relu_conv_norm(place, 1),
    "c3": lambda place: relu_conv_norm(place, 3),
    "c5": lambda place: relu_conv_norm(place, 5),
    "avg": lambda place: pool(place, AVERAGE),
    "conv_1x1": lambda place: relu_conv_norm(place, 1),
    "conv_3x3": lambda place: relu_conv_norm(place, 3),
    "max_pool_3x3": lambda place: pool(place, MAX),
    "max_pool_5x5": lambda place: pool(place, MAX, 5),
    "max_pool_7x7": lambda place: pool(place, MAX, 7),
    "avg_pool_3x3": lambda place: pool(place, AVERAGE),
    "skip_connect": skip,
    "sep_conv_3x3": lambda place: separable(place, 3),
    "sep_conv_5x5": lambda place: separable(place, 5),
    "sep_conv_7x7": lambda place: separable(place, 7),
    "dil_conv_3x3": lambda place: dilated(place, 3),
    "dil_conv_5x5": lambda place: dilated(place, 5),
    "conv_3x1_1x3": lambda place: stretched(place, 3),
    "conv_7x1_1x7": lambda place: stretched(place, 7),
    "noise": lambda place: Noise(place.stride),
}


def build(name: str, place: Place) -> nn.Module:
    """Return the module of an operation at its place; `none` has no module."""
    return PRIMITIVES[require(name, PRIMITIVES, "operation with a module")](place)


def parameter(conv: nn.Module) -> Tensor:
    """Return a convolution's kernel."""
    weight = conv.weight
    assert isinstance(weight, Tensor)
    return weight
