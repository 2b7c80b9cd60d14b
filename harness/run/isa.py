"""Which instruction set the workers compute with: another one rounds the last digits otherwise.

Libraries choose by the processor when they load. What this sets reaches processes that start
afterwards, as all workers do.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager

from harness.paper import require

NATIVE = "native"  # what the machine has
COMMITTED = "avx2"  # committed results: every x86 machine of the last ten years can replay them
VARIABLES: Mapping[str, Mapping[str, str]] = {
    COMMITTED: {
        "ATEN_CPU_CAPABILITY": "avx2",
        "ONEDNN_MAX_CPU_ISA": "AVX2",
        "MKL_ENABLE_INSTRUCTIONS": "AVX2",
        "OPENBLAS_CORETYPE": "Haswell",  # numpy's and scipy's own library
    },
    NATIVE: {},
}


@contextmanager
def instructions(name: str) -> Iterator[None]:
    """Let processes that start inside use this instruction set ('avx2' or 'native').

    Raises:
        Refused: an unknown name.
    """
    chosen = VARIABLES[require(name, VARIABLES, "instruction set")]
    before = {variable: os.environ.get(variable) for variable in chosen}
    os.environ.update(chosen)
    try:
        yield
    finally:
        for variable, value in before.items():
            if value is None:
                del os.environ[variable]
            else:
                os.environ[variable] = value
