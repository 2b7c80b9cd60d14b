"""Modules that cannot be listened to: wrappers, and parameters that are not plain tensors."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from torch import nn
from torch.nn.parameter import is_lazy
from torch.nn.utils import parametrize

from harness.paper import Refused

WRAPPERS = {  # by the name of their class: some live where importing is dear
    "OptimizedModule": ("compiled", "_orig_mod"),
    "DataParallel": ("wrapped in DataParallel", "module"),
    "DistributedDataParallel": ("wrapped in DistributedDataParallel", "module"),
    "FullyShardedDataParallel": ("wrapped in FullyShardedDataParallel", "module"),
}


def check(module: Any) -> None:
    """Refuse what has no parameters of its own or hides them.

    Raises:
        Refused: no module, no parameter; compiled, wrapped, scripted, lazy or parametrized.
    """
    if not isinstance(module, nn.Module):
        raise Refused(f"module={type(module).__name__}: must be a torch.nn.Module")
    for name, part in module.named_modules():
        for fault in _faults(part):
            raise Refused(f"module{name and '.'}{name}: {fault}")
    if not any(True for _ in module.parameters()):
        raise Refused(f"module={type(module).__name__}: has no parameters to predict")


def _faults(part: nn.Module) -> Iterator[str]:
    kind = type(part).__name__
    if kind in WRAPPERS:
        what, inner = WRAPPERS[kind]
        yield f"is {what}: give the module inside, .{inner}"
    if kind in ("RecursiveScriptModule", "ScriptModule", "TopLevelTracedModule"):
        yield "is scripted: its forward cannot be heard; give the Python module"
    lazy = [name for name, each in part._parameters.items() if each is not None and is_lazy(each)]
    if lazy:
        yield f"is lazy ('{lazy[0]}' has no shape yet): run one batch through the module first"
    if parametrize.is_parametrized(part):
        yield f"{kind} is parametrized: call parametrize.remove_parametrizations on it first"
    for hook in part._forward_pre_hooks.values():
        if type(hook).__name__ in ("WeightNorm", "SpectralNorm"):
            yield f"{kind} has a {type(hook).__name__} hook: remove it first"
