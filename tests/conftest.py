"""What every test leaves behind for the next one in the same process."""

from __future__ import annotations

import sys
from collections.abc import Iterator

import pytest


@pytest.fixture(autouse=True)
def subnormals() -> Iterator[None]:
    """Let numbers underflow gradually again after a test that prepared a device.

    Hypothesis refuses to draw floats where they do not.
    """
    yield
    if "torch" in sys.modules:
        sys.modules["torch"].set_flush_denormal(False)
