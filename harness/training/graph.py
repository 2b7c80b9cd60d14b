"""A function of tensors whose calls are replayed: its launches are captured once, as one graph.

A GPU that runs thousands of small kernels waits for the program that launches each. A CUDA graph
has all of them in one launch, at fixed addresses: so inputs are copied into buffers, and outputs
appear in others, which the next call overwrites. What the function reads besides (weights,
buffers) it reads where it was at the capture: changed in place it is honoured, replaced it is not.
What the function decides in Python is decided once, at the capture: it must be the same in every
call, with static shapes, and nothing in it may wait for the device. Randomness comes from the
device's global stream, which a replay moves on as a call does.

After PyTorch's notes on CUDA graphs (docs.pytorch.org, "CUDA semantics"): warm up on a side
stream, capture, fill, replay. `CudaGraph` does that; everything else here needs no GPU.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from typing import Protocol

import torch
from torch import Tensor

from harness.training.refusal import refused

WARM = 3  # calls before the capture: libraries choose algorithms and allocate in the first ones
Outputs = Sequence[Tensor | None]
Work = Callable[[], Outputs]


class Recorder(Protocol):
    """What captures the work of one function, and does it again."""

    def warm(self, work: Work) -> None:
        """Do the work as often as libraries need to settle; forget what comes out."""

    def capture(self, work: Work) -> Outputs:
        """Record the work without doing it; return where each replay leaves its outputs."""

    def replay(self) -> None:
        """Do the recorded work again, on what its inputs and weights hold now."""


class CudaGraph:
    """One CUDA graph, with memory of its own for all that lives inside it."""

    def __init__(self) -> None:
        self.graph = torch.cuda.CUDAGraph()

    def warm(self, work: Work) -> None:
        """Do the work on a side stream: nothing of it may be pending when a capture begins."""
        side = torch.cuda.Stream()
        side.wait_stream(torch.cuda.current_stream())
        with torch.cuda.stream(side):
            for _ in range(WARM):
                work()
        torch.cuda.current_stream().wait_stream(side)

    def capture(self, work: Work) -> Outputs:
        """Record what the work launches; what waits for the device is an error of CUDA's here."""
        with torch.cuda.graph(self.graph):
            return work()

    def replay(self) -> None:
        """Launch all of it."""
        self.graph.replay()


class Captured:
    """A function of tensors, captured at the first call and replayed at every one.

    `work` maps tensors to tensors, or None for what there is not. The outputs of a call are
    buffers: the next call overwrites them, and who keeps them keeps copies.
    """

    def __init__(self, work: Callable[..., Outputs], recorder: Recorder) -> None:
        self.work, self.recorder = work, recorder
        self.inputs: tuple[Tensor, ...] = ()
        self.outputs: tuple[Tensor | None, ...] = ()

    def __call__(self, *inputs: Tensor) -> tuple[Tensor | None, ...]:
        """Return the function's outputs for these inputs, in buffers.

        Raises:
            Refused: other shapes, dtypes, devices, or another number of inputs than at first.
        """
        if not self.outputs:
            self._capture(inputs)
        self._take(inputs)
        self.recorder.replay()
        return self.outputs

    @torch.no_grad()
    def _take(self, inputs: Sequence[Tensor]) -> None:
        if len(inputs) != len(self.inputs):
            raise _other(f"{len(inputs)} inputs", str(len(self.inputs)))
        for place, (own, given) in enumerate(zip(self.inputs, inputs, strict=True)):
            if _kind(own) != _kind(given):
                raise _other(f"input {place}: {_kind(given)}", _kind(own))
        for own, given in zip(self.inputs, inputs, strict=True):
            own.copy_(given)

    def _capture(self, inputs: Sequence[Tensor]) -> None:
        """Make the buffers, in the layouts of the first inputs; warm up and record on them."""
        self.inputs = tuple(x.detach().clone() for x in inputs)
        work = partial(self.work, *self.inputs)
        devices = sorted({x.device.index for x in inputs if x.is_cuda})
        with torch.random.fork_rng(devices):  # a resumed run warms up, too, and draws the same
            self.recorder.warm(work)
        self.outputs = tuple(self.recorder.capture(work))


def _kind(x: Tensor) -> str:
    return f"{tuple(x.shape)} {str(x.dtype).removeprefix('torch.')} on {x.device}"


def _other(given: str, own: str) -> Exception:
    return refused(f"a captured function: {given}; captured with {own}")
