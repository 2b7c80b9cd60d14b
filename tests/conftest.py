"""What every test leaves behind for the next one in the same process, and what it may take."""

from __future__ import annotations

import gc
import os
import sys
from collections.abc import Generator, Iterator

import pytest

# small tensors: a second thread that waits for the first costs ten times what it brings
os.environ.setdefault("OMP_NUM_THREADS", "1")

CEILING = 5.0  # seconds of processor time that a test may take without the mark `slow`
SPENT = "processor_seconds"


def processor_seconds() -> float:
    """Return what this process and those it waited for have spent: another's load is not in it."""
    return sum(os.times()[:4])


def pytest_collection_finish() -> None:
    """Set aside what was imported and collected: it stays until the end, so nobody need look.

    A trial collects cycles when it ends (`harness.run.runner`), and would go through all modules
    and tests each time, which costs more than most trials.
    """
    gc.collect()
    gc.freeze()


@pytest.hookimpl(wrapper=True)
def pytest_runtest_call(item: pytest.Item) -> Generator[None, object, object]:
    """Note what a test takes, for the summary."""
    before = processor_seconds()
    try:
        return (yield)
    finally:
        item.user_properties.append((SPENT, round(processor_seconds() - before, 1)))


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Name the tests that want the mark `slow`, and fail none: a time is no assertion."""
    long = [
        (seconds, report.nodeid)
        for report in terminalreporter.stats.get("passed", [])
        if (seconds := dict(report.user_properties).get(SPENT, 0.0)) > CEILING
        and not {"slow", "nightly", "gpu", "slurm", "ray"} & set(report.keywords)
    ]
    if long:
        terminalreporter.section(f"WARNING: above {CEILING:g} s and not marked slow")
        for seconds, name in sorted(set(long), reverse=True):
            terminalreporter.write_line(f"{seconds:.1f} s {name}")


@pytest.fixture(autouse=True)
def subnormals() -> Iterator[None]:
    """Let numbers underflow gradually again after a test that prepared a device.

    Hypothesis refuses to draw floats where they do not.
    """
    yield
    if "torch" in sys.modules:
        sys.modules["torch"].set_flush_denormal(False)
