"""What stands in for a CUDA graph where there is no GPU: it does the work again at each replay."""

from __future__ import annotations

from typing import Any

import torch
from torch.utils._python_dispatch import TorchDispatchMode

from harness.training.graph import Outputs, Work

# what reads a number, or a size that depends on numbers, back to the program
WAITING = ("_local_scalar_dense", "nonzero", "masked_select", "_unique2", "equal")


class Strict(TorchDispatchMode):
    """Refuses, as a capture does, operations that wait for the device."""

    def __torch_dispatch__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        """Run an operation that does not wait."""
        name = func.overloadpacket.__name__
        if name in WAITING or sent(name, args) or masked(name, args):
            raise RuntimeError(f"operation not permitted when stream is capturing: {name}")
        return func(*args, **(kwargs or {}))


def sent(name: str, args: Any) -> bool:
    """Whether an operation makes a tensor of Python's numbers; one number travels with a call."""
    return name == "lift_fresh" and args[0].dim() > 0


def masked(name: str, args: Any) -> bool:
    """Whether an operation picks by a mask: how much that is only the device knows."""
    picked = args[1] if name.startswith("index") and isinstance(args[1], list) else ()
    return any(each is not None and each.dtype == torch.bool for each in picked)


class Again:
    """Runs the captured work on its buffers; outputs hold nothing before the first replay."""

    def __init__(self) -> None:
        self.calls: list[str] = []

    def warm(self, work: Work) -> None:
        """Run the work twice."""
        self.calls.append("warm")
        for _ in range(2):
            work()

    def capture(self, work: Work) -> Outputs:
        """Keep the work; like a capture it computes nothing, draws nothing and may not wait."""
        self.calls.append("capture")
        with torch.random.fork_rng([]), Strict():
            found = work()
        empty = [None if each is None else torch.full_like(each, torch.nan) for each in found]
        self.work, self.outputs = work, empty
        return empty

    def replay(self) -> None:
        """Run the work, and put what comes out where the capture said."""
        self.calls.append("replay")
        for own, new in zip(self.outputs, self.work(), strict=True):
            assert (own is None) == (new is None)
            if own is not None:
                own.copy_(new)
