"""A real `python -m harness run` in a process group of its own, for what is done to a run."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
PATIENCE = 120.0


@contextmanager
def started(paper: Path, runs: Path, *options: str) -> Iterator[subprocess.Popen[str]]:
    """Start a run; nothing of it outlives the block."""
    fixed = ["--runs", str(runs), "--checkpoint-every", "1000", "--no-tracking", *options]
    line = [sys.executable, "-m", "harness", "run", str(paper), *fixed]
    pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.STDOUT, "text": True}
    with subprocess.Popen(line, cwd=ROOT, start_new_session=True, **pipes) as process:
        try:
            yield process
        finally:
            with suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)


def ended(process: subprocess.Popen[str]) -> tuple[int, str]:
    """Wait for the end of a run; return its exit status and what it said."""
    said, _ = process.communicate(timeout=PATIENCE)
    return process.returncode, said


def until(condition: Callable[[], bool], process: subprocess.Popen[str] | None = None) -> None:
    """Wait until something is so, while the run goes on where there is one."""
    deadline = time.monotonic() + PATIENCE
    while not condition():
        assert process is None or process.poll() is None, process.communicate()[0]
        assert time.monotonic() < deadline, "nothing happened"
        time.sleep(0.02)
