"""What a network takes: multiply-adds of a forward pass, and memory of a backward one.

Shapes are enough for both: on the meta device they count batches that no machine here holds.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

import torch
from torch import Tensor, nn


def multiply_adds(net: nn.Module, forward: Callable[[], object]) -> int:
    """Return the multiply-adds of all convolutions and linear layers that a forward pass calls.

    A hook on each layer, since torch's own counter takes apart what it does not count: of a
    search network it is ten times as slow, with the same number.
    """
    total = 0

    def count(module: nn.Module, given: Any, out: Tensor) -> None:
        nonlocal total
        weight = module.weight
        assert isinstance(weight, Tensor)
        total += out.numel() * weight[0].numel()

    layers = (nn.Conv1d, nn.Conv2d, nn.Linear)
    hooks = [m.register_forward_hook(count) for m in net.modules() if isinstance(m, layers)]
    forward()
    for hook in hooks:
        hook.remove()
    return total


def kept(loss: Callable[[], Tensor], without: Iterable[Tensor] = ()) -> tuple[Tensor, int]:
    """Return a loss and the bytes that its backward pass needs, each storage once.

    Storages of `without` (weights, which are there anyway) do not count.
    """
    known = {_key(tensor) for tensor in without}
    found: dict[int, Any] = {}  # holds on to the storages, so that no number comes twice

    def pack(tensor: Tensor) -> Tensor:
        if _key(tensor) not in known:
            found[_key(tensor)] = tensor.untyped_storage()
        return tensor

    with torch.autograd.graph.saved_tensors_hooks(pack, lambda tensor: tensor):
        value = loss()
    return value, sum(storage.nbytes() for storage in found.values())


def held(weights: Iterable[Tensor]) -> int:
    """Return the bytes of weights, their gradients and their momentum."""
    return 3 * sum(weight.numel() * weight.element_size() for weight in weights)


def _key(tensor: Tensor) -> int:
    number: int = tensor.untyped_storage()._cdata
    return number
