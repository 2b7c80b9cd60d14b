"""What tests of papers stand on: a prepared device and a trial to run in."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import torch

from harness.budget import Limit
from harness.meter import Meter
from harness.record.journal import Journal
from harness.training import device
from harness.trial import Tools, Trial


@pytest.fixture
def prepared() -> Iterator[None]:
    """Deterministic kernels and one thread, as a trial has them."""
    device.prepare("cpu")
    yield
    torch.use_deterministic_algorithms(False)


@pytest.fixture
def lab(tmp_path: Path) -> Iterator[Callable[..., Trial]]:
    """Return what makes the test's trial, of given phases; its journal is closed at the end."""
    made: list[Trial] = []

    def make(phases: dict[str, tuple[int, int]] | None = None, seed: int = 0) -> Trial:
        tools = Tools(device.save, device.load, device.random_state, device.set_random_state)
        folder = tmp_path / str(len(made))
        folder.mkdir()
        made.append(Trial(Journal(folder), Meter(phases or {}, Limit()), tools, seed))
        return made[-1]

    yield make
    for each in made:
        each.journal.close()
