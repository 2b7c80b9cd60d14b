"""Results on the meta device without their kernels: only the shape of a result is needed.

Most meta kernels are Python and take longer than the network's own code (a normalisation .8 ms),
and the first call of some imports a computer algebra system (.9 s). An answer is None where a call
is not of the plain kind: then torch answers.

Shapes: N batch, C and O channels, *K kernel, ... spatial sizes.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import torch
from torch import Tensor

Answer = Callable[..., Tensor | None]
Sizes = int | Sequence[int]
META = torch.device("meta")
# one operand, and a result of its shape, type and strides
LIKE = (
    "relu relu_ relu6 gelu silu silu_ mish elu selu celu leaky_relu leaky_relu_ hardswish "
    "hardsigmoid hardtanh sigmoid tanh dropout dropout2d batch_norm"
)
BOTH = "add __add__ __radd__ mul __mul__ __rmul__ sub __sub__"
IN_PLACE = "add_ __iadd__ mul_ __imul__ sub_ __isub__"


def answers() -> dict[str, Answer]:
    """Return the functions that are answered here, by name."""
    return {
        **dict.fromkeys(LIKE.split(), like),
        **dict.fromkeys(BOTH.split(), like_both),
        **dict.fromkeys(IN_PLACE.split(), itself),
        **dict.fromkeys(("conv1d", "conv2d"), convolution),
        **dict.fromkeys(("max_pool1d", "max_pool2d"), max_pool),
        **dict.fromkeys(("avg_pool1d", "avg_pool2d"), avg_pool),
        **dict.fromkeys(("cat", "concat"), concatenation),
        **dict.fromkeys(("matmul", "__matmul__", "bmm"), matrices),
        "layer_norm": contiguous,
        "linear": linear,
        "mean": mean,
    }


def like(given: Any, *_: Any, **__: Any) -> Tensor | None:
    """Return something of a tensor's shape; in place is as good as a copy."""
    return _copy(given) if isinstance(given, Tensor) and given.is_meta else None


def itself(given: Tensor, *_: Any, **__: Any) -> Tensor | None:
    """Return the tensor that is written."""
    return given if given.is_meta else None


def contiguous(given: Tensor, *_: Any, **__: Any) -> Tensor | None:
    """Return something of a tensor's shape, in the order in which it is counted."""
    return given.clone(memory_format=torch.contiguous_format) if given.is_meta else None


def like_both(one: Any, other: Any, *_: Any, **__: Any) -> Tensor | None:
    """Return something of the shape that two tensors give, or of a tensor beside a number."""
    if not isinstance(one, Tensor) or not one.is_meta:
        return None
    if isinstance(other, Tensor):
        return _broadcast(one, other) if other.is_meta and one.dtype == other.dtype else None
    return _copy(one) if one.is_floating_point() and isinstance(other, int | float) else None


def linear(given: Tensor, weight: Tensor, bias: Tensor | None = None) -> Tensor | None:
    """(..., I) and (O, I) give (..., O)."""
    if not given.is_meta or weight.dim() != 2 or given.shape[-1:] != weight.shape[1:]:
        return None
    return _empty((*given.shape[:-1], len(weight)), given)


def matrices(one: Tensor, other: Tensor) -> Tensor | None:
    """(..., I, J) and (..., J, K) of one batch give (..., I, K)."""
    if not (one.is_meta and other.is_meta) or one.dim() < 2 or one.dim() != other.dim():
        return None
    if one.shape[:-2] != other.shape[:-2] or one.shape[-1] != other.shape[-2]:
        return None
    return _empty((*one.shape[:-1], other.shape[-1]), one)


def convolution(
    given: Tensor,
    weight: Tensor,
    bias: Tensor | None = None,
    stride: Sizes = 1,
    padding: Sizes | str = 0,
    dilation: Sizes = 1,
    groups: int = 1,
) -> Tensor | None:
    """(N, C, ...) and (O, C / groups, *K) give (N, O, ...)."""
    if isinstance(padding, str) or not given.is_meta or given.dim() != weight.dim():
        return None
    if given.shape[1] != weight.shape[1] * groups:
        return None
    left = _slid(given.shape[2:], weight.shape[2:], stride, padding, dilation)
    return _empty((len(given), len(weight), *left), given) if min(left) > 0 else None


def max_pool(
    given: Tensor,
    kernel_size: Sizes,
    stride: Sizes | None = None,
    padding: Sizes = 0,
    dilation: Sizes = 1,
    ceil_mode: bool = False,
    return_indices: bool = False,
) -> Tensor | None:
    """(N, C, ...) gives (N, C, fewer)."""
    if return_indices:
        return None
    return _pooled(given, kernel_size, stride, padding, dilation, ceil_mode)


def avg_pool(
    given: Tensor,
    kernel_size: Sizes,
    stride: Sizes | None = None,
    padding: Sizes = 0,
    ceil_mode: bool = False,
    *_: Any,
    **__: Any,
) -> Tensor | None:
    """(N, C, ...) gives (N, C, fewer)."""
    return _pooled(given, kernel_size, stride, padding, 1, ceil_mode)


def concatenation(tensors: Sequence[Tensor], dim: int = 0, **_: Any) -> Tensor | None:
    """Tensors that differ in one dimension give one that is as long as they are together."""
    first = tensors[0]
    place = dim % max(1, first.dim())
    shapes = [list(each.shape) for each in tensors]
    length = sum(shape.pop(place) for shape in shapes) if first.dim() else 0
    same = all(shape == shapes[0] for shape in shapes)
    plain = all(
        each.is_meta and each.dtype == first.dtype and each.is_contiguous() for each in tensors
    )
    if not (length and same and plain):
        return None
    return _empty((*shapes[0][:place], length, *shapes[0][place:]), first)


def mean(
    given: Tensor, dim: Sizes | None = None, keepdim: bool = False, **kwargs: Any
) -> Tensor | None:
    """(...) gives the same without some dimensions, or with 1 in their places."""
    if not given.is_meta or dim is None or kwargs:
        return None
    dims = {d % given.dim() for d in ([dim] if isinstance(dim, int) else dim)}
    left = [1 if d in dims else n for d, n in enumerate(given.shape) if keepdim or d not in dims]
    return _empty(left, given)


# -- inside ---------------------------------------------------------------------------------------


def _empty(shape: Sequence[int], like: Tensor) -> Tensor:
    return torch.empty(shape, dtype=like.dtype, device=META)


def _copy(given: Tensor) -> Tensor:
    """Return a copy with the same strides; a slice, which has gaps, is closed up."""
    dense = given.untyped_storage().nbytes() == given.numel() * given.element_size()
    return given.clone() if dense else _empty(given.shape, given)


def _broadcast(one: Tensor, other: Tensor) -> Tensor | None:
    if one.shape == other.shape:
        return _copy(one)
    wide = max(one.dim(), other.dim())
    pairs = list(zip(_before(one, wide), _before(other, wide), strict=True))
    plain = one.is_contiguous() and other.is_contiguous()
    if not plain or any(i != o and 1 not in (i, o) for i, o in pairs):
        return None
    return _empty([o if i == 1 else i for i, o in pairs], one)


def _before(given: Tensor, wide: int) -> tuple[int, ...]:
    return (*(1,) * (wide - given.dim()), *given.shape)


def _pooled(
    given: Tensor,
    kernel: Sizes,
    stride: Sizes | None,
    padding: Sizes,
    dilation: Sizes,
    ceil_mode: bool,
) -> Tensor | None:
    count = given.dim() - 2
    if not given.is_meta or count < 1 or ceil_mode:
        return None
    kernel = _each(kernel, count)
    left = _slid(given.shape[2:], kernel, stride if stride else kernel, padding, dilation)
    return _empty((*given.shape[:2], *left), given) if min(left) > 0 else None


def _slid(
    size: Sequence[int], kernel: Sequence[int], stride: Sizes, padding: Sizes, dilation: Sizes
) -> list[int]:
    """Return how many places a window has over each dimension."""
    s, p, d = (_each(each, len(size)) for each in (stride, padding, dilation))
    return [
        (size[i] + 2 * p[i] - d[i] * (kernel[i] - 1) - 1) // s[i] + 1 for i in range(len(size))
    ]


def _each(given: Sizes, count: int) -> Sequence[int]:
    if isinstance(given, int):
        return (given,) * count
    return given if len(given) == count else (given[0],) * count
