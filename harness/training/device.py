"""Device, precision, sync function, seeding, determinism: decided once, as a trial starts."""

from __future__ import annotations

import ctypes
import os
import platform
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, BinaryIO

import torch

M_TRIM_THRESHOLD, M_MMAP_THRESHOLD = -1, -3  # malloc.h
PRECISIONS = ("float32", "tf32", "bf16")


def prepare(device: str, threads: int = 1, seed: int = 0) -> None:
    """Set threads, flush subnormals, choose deterministic kernels, seed the global streams.

    Late in training Adam's moments decay into float32 subnormals, which make a step up to twice
    as slow; flushing them to zero costs nothing that a float32 run can notice.
    """
    keep_freed_memory()
    torch.set_num_threads(threads)
    torch.set_flush_denormal(True)
    if device == "cuda":
        os.environ.setdefault("CUBLAS_WORKSPACE_CONFIG", ":4096:8")
    torch.use_deterministic_algorithms(True)
    # filling fresh memory is an aid to debugging that costs time
    torch.utils.deterministic.fill_uninitialized_memory = False  # type: ignore[attr-defined]
    torch.manual_seed(seed)


def keep_freed_memory() -> None:
    """Tell glibc to keep freed memory: giving it back costs a page fault per 4 KB when it returns.

    Stacked models allocate and free megabytes in every step; without this up to a sixth of a step
    goes to page faults. Elsewhere than on glibc nothing happens.
    """
    if platform.libc_ver()[0] == "glibc":
        libc = ctypes.CDLL(None)
        for option, size in ((M_TRIM_THRESHOLD, 1 << 30), (M_MMAP_THRESHOLD, 1 << 30)):
            libc.mallopt(option, size)


def synchroniser(device: str) -> Callable[[], None]:
    """Return what waits until the device has done all it was given."""
    return torch.cuda.synchronize if device == "cuda" else lambda: None


def clock(device: str) -> Callable[[], float]:
    """Return the clock of device time.

    On a CPU it is what the computing thread has run, so that a busy machine, which makes a trial
    wait, does not make its method dearer. A GPU belongs to one trial; there it is the wall's.
    """
    return time.perf_counter if device == "cuda" else time.thread_time


def describe(device: str) -> str:
    """Return the device's name, as it is printed beside every device time."""
    if device == "cuda":
        return str(torch.cuda.get_device_name())
    return f"{cpu_name()} ({os.cpu_count()} cores)"


def instruction_set() -> str:
    """Return what torch's kernels on the CPU were chosen for: 'avx512', 'avx2', 'default', ..."""
    return str(torch.backends.cpu.get_cpu_capability()).lower()


def cpu_name() -> str:
    """Return the processor's model name."""
    info = Path("/proc/cpuinfo")
    if info.exists():
        for line in info.read_text().splitlines():
            if line.startswith("model name"):
                return line.split(":", 1)[1].strip()
    return platform.processor() or platform.machine()


@contextmanager
def precision(name: str, device: str) -> Iterator[None]:
    """Run the block in float32, with TF32 matrix products, or under bfloat16 autocast."""
    if name not in PRECISIONS:
        raise ValueError(f"precision='{name}'; choose from: {', '.join(PRECISIONS)}")
    before = torch.get_float32_matmul_precision()
    torch.set_float32_matmul_precision("high" if name == "tf32" else "highest")
    try:
        with torch.autocast(device, dtype=torch.bfloat16, enabled=name == "bf16"):
            yield
    finally:
        torch.set_float32_matmul_precision(before)


@contextmanager
def seeded(seed: int) -> Iterator[None]:
    """Draw from the global CPU stream as after `manual_seed(seed)`, then put it back.

    Module constructors take no generator; this is how one model's initial weights get their own
    stream.
    """
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        yield


def save(content: Any, handle: BinaryIO) -> None:
    """Write a checkpoint's content."""
    torch.save(content, handle)


def load(handle: BinaryIO) -> Any:
    """Read a checkpoint's content onto the CPU; tensors and plain containers only."""
    return torch.load(handle, map_location="cpu", weights_only=True)


def random_state() -> dict[str, Any]:
    """Return the state of torch's global streams."""
    cuda = torch.cuda.get_rng_state_all() if torch.cuda.is_available() else []
    return {"cpu": torch.get_rng_state(), "cuda": cuda}


def set_random_state(state: dict[str, Any]) -> None:
    """Put torch's global streams back."""
    torch.set_rng_state(state["cpu"])
    if state["cuda"]:
        torch.cuda.set_rng_state_all(state["cuda"])
