"""What tests of papers stand on: a prepared device, a trial to run in, data small enough."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

import pytest
import torch

from harness.budget import Limit
from harness.meter import Meter
from harness.record.journal import Journal
from harness.training import data, device
from harness.trial import Tools, Trial
from papers.cells.child import mnist1d
from papers.cells.child import signals as testbed
from papers.cells.league import truth
from papers.cells.league.league import League
from papers.cells.rows import Rows
from papers.cells.space.edge import T0
from tests.lab.children import few_steps as few_steps
from tests.lab.tables import made_up
from tests.lab.testbeds import first_rows, random_images


@pytest.fixture
def prepared() -> Iterator[None]:
    """Deterministic kernels and one thread, as a trial has them."""
    device.prepare("cpu")
    yield
    torch.use_deterministic_algorithms(False)


@pytest.fixture
def double() -> Iterator[None]:
    """Compute in double precision unless told otherwise."""
    torch.set_default_dtype(torch.float64)
    yield
    torch.set_default_dtype(torch.float32)


@pytest.fixture
def one_thread() -> Iterator[None]:
    """Small products on many threads wait for one another longer than they compute."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


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


@pytest.fixture(scope="session")
def signals() -> mnist1d.Signals:
    """MNIST-1D as children are trained on it."""
    return mnist1d.Signals.load()


@pytest.fixture(scope="session")
def table() -> truth.Table:
    """A table of T0 in which a cell is as good as its parameters are many."""
    return made_up()


@pytest.fixture(scope="session")
def league(table: truth.Table) -> League:
    """The league that this table judges."""
    return League(T0, table)


@pytest.fixture(scope="session")
def committed() -> truth.Table:
    """The table that is committed."""
    return truth.read()


@pytest.fixture(scope="session")
def few_rows() -> Rows:
    """60 and 40 of MNIST-1D's signals, so that judging is quick."""
    return first_rows(testbed.rows(mnist1d.Signals.load()), 60, 40)


@pytest.fixture
def few(monkeypatch: pytest.MonkeyPatch, few_rows: Rows) -> None:
    """Let these signals be all that a testbed has to search on."""
    monkeypatch.setattr(testbed, "rows", lambda signals: few_rows)


@pytest.fixture
def stored(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let 64 random images of 8x8 be CIFAR-10's."""
    monkeypatch.setattr(data, "_stored", partial(random_images, 8))
