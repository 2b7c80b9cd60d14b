"""Results on the meta device without their kernels: only the shape of a result is needed.

Most meta kernels are Python and take longer than the network's own code (a normalisation .8 ms).
An answer is None where a call is not of the plain kind: then torch answers.

Shapes: N batch, C and O channels, *K kernel, ... spatial sizes.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import torch
from torch import Tensor

Answer = Callable[..., Tensor | None]
META = torch.device("meta")
# one operand, and a result of its shape, type and strides
LIKE = (
    "relu relu_ relu6 gelu silu silu_ mish elu selu celu leaky_relu leaky_relu_ hardswish "
    "hardsigmoid hardtanh sigmoid tanh dropout dropout2d batch_norm"
)
BOTH = "add add_ __add__ __radd__ __iadd__ mul mul_ __mul__ __rmul__ __imul__ sub sub_ __sub__"


def answers() -> dict[str, Answer]:
    """Return the functions that are answered here, by name."""
    return {
        **dict.fromkeys(LIKE.split(), like),
        **dict.fromkeys(BOTH.split(), like_both),
        "layer_norm": contiguous,
        "linear": linear,
        "conv1d": convolution,
        "conv2d": convolution,
    }


def like(given: Any, *_: Any, **__: Any) -> Tensor | None:
    """Return something of a tensor's shape; in place is as good as a copy."""
    return given.clone() if isinstance(given, Tensor) and given.is_meta else None


def contiguous(given: Tensor, *_: Any, **__: Any) -> Tensor | None:
    """Return something of a tensor's shape, in the order in which it is counted."""
    return given.clone(memory_format=torch.contiguous_format) if given.is_meta else None


def like_both(one: Any, other: Any, *_: Any, **__: Any) -> Tensor | None:
    """Return something of the shape that two tensors share, or of a tensor beside a number."""
    if not isinstance(one, Tensor) or not one.is_meta:
        return None
    if isinstance(other, Tensor):
        same = other.is_meta and one.shape == other.shape and one.dtype == other.dtype
        return one.clone() if same and one.stride() == other.stride() else None
    return one.clone() if one.is_floating_point() and isinstance(other, int | float) else None


def linear(given: Tensor, weight: Tensor, bias: Tensor | None = None) -> Tensor | None:
    """(..., I) and (O, I) give (..., O)."""
    if not given.is_meta or weight.dim() != 2 or given.shape[-1:] != weight.shape[1:]:
        return None
    return torch.empty((*given.shape[:-1], len(weight)), dtype=given.dtype, device=META)


def convolution(
    given: Tensor,
    weight: Tensor,
    bias: Tensor | None = None,
    stride: int | Sequence[int] = 1,
    padding: int | Sequence[int] | str = 0,
    dilation: int | Sequence[int] = 1,
    groups: int = 1,
) -> Tensor | None:
    """(N, C, ...) and (O, C / groups, *K) give (N, O, ...)."""
    kernel, spatial = weight.shape[2:], given.shape[2:]
    if isinstance(padding, str) or not given.is_meta or given.dim() != weight.dim():
        return None
    if given.shape[1] != weight.shape[1] * groups:
        return None
    count = len(kernel)
    s, p, d = (_each(each, count) for each in (stride, padding, dilation))
    left = [(spatial[i] + 2 * p[i] - d[i] * (kernel[i] - 1) - 1) // s[i] + 1 for i in range(count)]
    if min(left) < 1:
        return None
    return torch.empty((len(given), len(weight), *left), dtype=given.dtype, device=META)


def _each(given: int | Sequence[int], count: int) -> Sequence[int]:
    if isinstance(given, int):
        return (given,) * count
    return given if len(given) == count else (given[0],) * count
