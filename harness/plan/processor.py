"""Which instruction set a trial will compute with: another one rounds the last digits otherwise.

A name that is asked for ("native", "avx2") becomes what torch will say of itself in a worker
("avx512", "avx2", "default", ...), without loading torch here. A trial's identity has the latter.
"""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Mapping
from functools import cache
from pathlib import Path

from harness.paper import Refused, require

NATIVE = "native"  # what the machine has
COMMITTED = "avx2"  # committed results: every x86 machine of the last ten years can replay them
CHOICE = "ATEN_CPU_CAPABILITY"  # by this variable torch chooses less than the machine has
VARIABLES: Mapping[str, Mapping[str, str]] = {
    COMMITTED: {
        CHOICE: "avx2",
        "ONEDNN_MAX_CPU_ISA": "AVX2",
        "MKL_ENABLE_INSTRUCTIONS": "AVX2",
        "OPENBLAS_CORETYPE": "Haswell",  # numpy's and scipy's own library
    },
    NATIVE: {},
}
# best first; what torch's dispatcher asks of a processor (aten/src/ATen/native/DispatchStub.cpp)
NEEDS: Mapping[str, frozenset[str]] = {
    "avx512": frozenset({"avx512f", "avx512vl", "avx512bw", "avx512dq", "fma"}),
    "avx2": frozenset({"avx2", "fma"}),
    "default": frozenset(),
}
CPUINFO = Path("/proc/cpuinfo")
ASK = "import torch; print(torch.backends.cpu.get_cpu_capability())"


def resolved(name: str) -> str:
    """Return what torch computes with when this is asked for here.

    Raises:
        Refused: an unknown name, or the processor does not have it.
    """
    require(name, VARIABLES, "instruction set")
    if name == NATIVE:
        return os.environ.get(CHOICE, "").lower() or _own()
    if not _has(name):
        raise Refused(f"--isa {name}: this processor has {_own()}; did you mean '{NATIVE}'?")
    return name


def asked(isa: str) -> str:
    """Return the name to ask for so that torch computes with this set here; none: it cannot."""
    if isa in VARIABLES and _has(isa):
        return isa
    return NATIVE if isa == resolved(NATIVE) else ""


def offered() -> tuple[str, ...]:
    """Return the names that stand for different sets here, that of committed results first."""
    if not _has(COMMITTED):
        return (NATIVE,)
    return (COMMITTED,) if resolved(NATIVE) == COMMITTED else (COMMITTED, NATIVE)


def _has(isa: str) -> bool:
    order = list(NEEDS)
    return _own() in order and order.index(_own()) <= order.index(isa)


def _own() -> str:
    return _of(CPUINFO)


@cache
def _of(cpuinfo: Path) -> str:
    """Return the best set of this machine: by the flags of an x86 Linux, elsewhere from torch."""
    text = cpuinfo.read_text(encoding="utf-8", errors="replace") if cpuinfo.exists() else ""
    lines = text.splitlines()
    flags = next((line.partition(":")[2].split() for line in lines if line[:5] == "flags"), [])
    if flags:
        return next(name for name, needed in NEEDS.items() if needed <= set(flags))
    told = subprocess.run([sys.executable, "-c", ASK], capture_output=True, text=True, check=False)
    return told.stdout.strip().lower() if told.returncode == 0 else "default"
