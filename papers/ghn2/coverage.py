"""How much of torchvision's classifiers has a primitive: each is recorded, none has numbers.

Parameters are made on the meta device, so that 644 million of them take no memory; what a builder
computes with (the widths of RegNets) is not.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import torch
from torch import nn
from torch.overrides import TorchFunctionMode

from harness.paper import require
from harness.training.vision import torchvision
from papers.ghn2.recorder.recording import Recording, record

SIZES = {"inception_v3": 299}  # of the images; 224 otherwise


class Hollow(TorchFunctionMode):
    """While it is entered, tensors that are made to be filled hold nothing."""

    def __torch_function__(
        self,
        func: Any,
        types: Any,
        args: tuple[Any, ...] = (),
        kwargs: Mapping[str, Any] | None = None,
    ) -> Any:
        """Return what the function returns, on the meta device where it is `torch.empty`."""
        where = {"device": "meta"} if func is torch.empty else {}
        return func(*args, **{**(kwargs or {}), **where})


def names() -> list[str]:
    """Return the names of torchvision's classifiers."""
    models = torchvision().models
    return list(models.list_models(module=models))


def hollow(name: str) -> nn.Module:
    """Return a classifier of torchvision whose parameters hold no numbers."""
    models = torchvision().models
    kwargs = {"init_weights": False} if name in ("googlenet", "inception_v3") else {}
    with Hollow():
        made: nn.Module = models.get_model(require(name, names(), "torchvision model"), **kwargs)
    return made


def recorded(name: str) -> tuple[Recording, int]:
    """Return what is recorded of a classifier, and how many parameters it has."""
    module, size = hollow(name), SIZES.get(name, 224)
    recording = record(module, torch.empty((1, 3, size, size), device="meta"))
    return recording, sum(parameter.numel() for parameter in module.parameters())


def lines(asked: Sequence[str] = ()) -> Iterator[str]:
    """Yield a table of classifiers: nodes, edges, parameters, and the share with a primitive."""
    yield "| network | nodes | edges | parameters | covered | heard in |"
    yield "|---|---|---|---|---|---|"
    full, chosen = 0, list(asked) or names()
    for name in chosen:
        recording, count = recorded(name)
        share = recording.graph.size / count
        full += share == 1
        mode = "training" if recording.training else "evaluation"
        yield (
            f"| {name} | {len(recording.graph)} | {len(recording.graph.edges)} | {count:,} "
            f"| {100 * share:.4g} % | {mode} |"
        )
    yield ""
    yield f"{full} of {len(chosen)} are covered in full."
