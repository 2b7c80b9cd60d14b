"""A module as it is listened to: with stand-ins for its tensors, in a mode, and left as it was."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import torch
from torch import Tensor, nn

from papers.ghn2.recorder.tape import tensors

Make = Callable[[Tensor], Tensor]


def empty(tensor: Tensor) -> Tensor:
    """Return a tensor of the same shape and type that holds nothing."""
    return torch.empty_strided(
        tensor.shape, tensor.stride(), dtype=tensor.dtype, device=torch.device("meta")
    )


def on_meta(state: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """Return stand-ins that hold nothing for parameters and buffers, one a tensor."""
    made = {id(each): empty(each) for each in state.values()}
    return {name: made[id(each)] for name, each in state.items()}


def real(state: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """Return stand-ins with the same numbers: parameters unlinked, buffers copied.

    A forward may write buffers; parameters it only reads, so they share their storage unless
    another one has it already.
    """
    made: dict[int, Tensor] = {}
    seen: set[int] = set()
    for each in state.values():
        if id(each) in made:
            continue
        key = each.untyped_storage()._cdata
        shared = isinstance(each, nn.Parameter) and key not in seen
        made[id(each)] = each.detach() if shared else each.detach().clone()
        seen.add(key)
    return {name: made[id(each)] for name, each in state.items()}


@contextmanager
def mode(module: nn.Module, training: bool) -> Iterator[None]:
    """Let a module train or evaluate; afterwards each part is in the mode that it was in."""
    before = [(part, part.training) for part in module.modules()]
    changes = [pair for pair in before if pair[1] != training]
    for part, _ in changes:
        part.training = training
    try:
        yield
    finally:
        for part, was in changes:
            part.training = was


def like(example: Any, make: Make) -> Any:
    """Return an example with each of its tensors replaced."""
    if isinstance(example, Tensor):
        return make(example)
    if isinstance(example, dict):
        return {key: like(each, make) for key, each in example.items()}
    if isinstance(example, list | tuple):
        made = [like(each, make) for each in example]
        return type(example)(*made) if hasattr(example, "_fields") else type(example)(made)
    return example


def several(tensor: Tensor) -> Tensor:
    """Return a batch of one as a batch of two: batch norm refuses to train on one."""
    return torch.cat([tensor, tensor]) if tensor.dim() and len(tensor) == 1 else tensor


def outputs(given: Any) -> Iterator[Tensor]:
    """Yield the tensors of an output, also of one that is an object with attributes."""
    plain = isinstance(given, Tensor | Mapping) or not hasattr(given, "__dict__")
    yield from tensors(given if plain else vars(given))
