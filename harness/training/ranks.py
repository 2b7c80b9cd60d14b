"""The ranks that train one model together: processes that `torchrun` starts, a device for each.

Small messages travel by gloo, on the CPU; tensors by NCCL where the device is a GPU.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from typing import Any

import torch
from torch import distributed
from torch.distributed.rendezvous import rendezvous

LOST = ("gloo", "NCCL", "Connection")  # words that the errors of a transport have
_tensors: list[Any] = []  # the group by which tensors travel, while this process is one of several


class Lost(RuntimeError):
    """Another rank has ended, or cannot be reached."""


def notes() -> Any:
    """Return where ranks leave each other notes, which is with torchrun."""
    store, _, _ = next(rendezvous("env://"))
    return store


def join(device: str, store: Any, rank: int, ranks: int) -> None:
    """Make this process one of several; all of them have to say so."""
    distributed.init_process_group("gloo", store=store, rank=rank, world_size=ranks)
    _tensors.append(distributed.group.WORLD)
    if device == "cuda":
        _tensors[:] = [distributed.new_group(backend="nccl")]


def leave() -> None:
    """Make this process one of its own again."""
    _tensors.clear()
    distributed.destroy_process_group()


def group() -> Any:
    """Return the group by which tensors travel."""
    return _tensors[0]


def count() -> int:
    """Return how many ranks there are: one where this process is not one of several."""
    return distributed.get_world_size() if _tensors else 1


def shards(rows: int) -> list[slice]:
    """Return which rows of a batch each rank has; where there are few, some have none."""
    ranks = count()
    return [slice(rank * rows // ranks, (rank + 1) * rows // ranks) for rank in range(ranks)]


def shard(rows: int) -> slice:
    """Return which rows of a batch are this rank's; all of them where there is one rank."""
    return shards(rows)[distributed.get_rank() if _tensors else 0]


def highest(number: int) -> int:
    """Return the highest of the numbers that all ranks give."""
    value = torch.tensor(number)
    distributed.all_reduce(value, distributed.ReduceOp.MAX)
    return int(value)


def told(content: Any) -> Any:
    """Return what the first rank gives."""
    box = [content]
    distributed.broadcast_object_list(box)
    return box[0]


@contextlib.contextmanager
def reaching() -> Iterator[None]:
    """Say so where something fails because another rank has ended.

    Raises:
        Lost: another rank has ended, or cannot be reached.
    """
    try:
        yield
    except RuntimeError as error:
        if count() > 1 and any(word in str(error) for word in LOST):
            raise Lost("another rank has ended, or cannot be reached") from error
        raise
