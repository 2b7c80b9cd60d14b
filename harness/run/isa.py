"""Processes that start now compute with a chosen instruction set.

Libraries choose by the processor when they load. What this sets reaches processes that start
afterwards, as all workers do.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager

from harness.paper import require
from harness.plan.processor import VARIABLES


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
