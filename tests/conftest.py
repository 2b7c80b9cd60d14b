"""What every test leaves behind for the next one in the same process."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator

import pytest

# small tensors: a second thread that waits for the first costs ten times what it brings
os.environ.setdefault("OMP_NUM_THREADS", "1")


@pytest.fixture(autouse=True)
def subnormals() -> Iterator[None]:
    """Let numbers underflow gradually again after a test that prepared a device.

    Hypothesis refuses to draw floats where they do not.
    """
    yield
    if "torch" in sys.modules:
        sys.modules["torch"].set_flush_denormal(False)
