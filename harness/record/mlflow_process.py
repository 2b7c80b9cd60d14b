"""The importer in a process of its own: a server that is down or hangs costs a bounded wait."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path

from harness.record.mlflow_export import address

EVERY = 300.0  # seconds between two imports while trials run: a look costs some CPU seconds


class Importer:
    """Imports now and then while trials run; it never waits, and never runs twice at once."""

    def __init__(self, runs: Path, every: float = EVERY) -> None:
        self._command = _command(runs)
        self._every, self._last = every, time.monotonic()
        self.child: subprocess.Popen[bytes] | None = None

    def poll(self) -> None:
        """Start an import when the last one is done and old enough."""
        if self.child is not None and self.child.poll() is None:
            return
        if time.monotonic() - self._last >= self._every:
            self._last = time.monotonic()
            self.child = _start(self._command, subprocess.DEVNULL)

    def close(self) -> None:
        """End an import that is under way; `sync` brings what it left."""
        if self.child is not None and self.child.poll() is None:
            os.killpg(self.child.pid, signal.SIGKILL)
            self.child.wait()


def sync(runs: Path, timeout: float = 60.0) -> str:
    """Run the importer in a process of its own; it costs at most `timeout` seconds.

    Returns:
        One line for the user: where to look, or what happened and how to try again.
    """
    code, output = run_bounded(_command(runs), timeout)
    last = (output.strip().splitlines() or ["it said nothing"])[-1].strip()
    if code == 0 or (code == 1 and last.startswith("MLflow: ")):  # it says what is left out
        return last
    short = last if len(last) <= 200 else f"{last[:100]} ... {last[-95:]}"
    reason = f"no answer within {timeout:g} s" if code is None else short
    return (
        f"MLflow ({address(runs)}) is not up to date: {reason}; every row is safe in the "
        f"journals below {runs}; try again: python -m harness.record {runs}"
    )


def _command(runs: Path) -> list[str]:
    return [sys.executable, "-m", "harness.record", str(runs)]


def _start(command: Sequence[str], output: int) -> subprocess.Popen[bytes]:
    """Start a command in a session of its own, so that it can be ended with all it started."""
    environment = {name: text for name, text in os.environ.items() if name != "MLFLOW_RUN_ID"}
    environment.setdefault("MLFLOW_HTTP_REQUEST_MAX_RETRIES", "1")
    environment.setdefault("MLFLOW_HTTP_REQUEST_TIMEOUT", "10")
    paths = [str(Path(__file__).resolve().parents[2]), os.environ.get("PYTHONPATH", "")]
    environment["PYTHONPATH"] = os.pathsep.join(path for path in paths if path)
    return subprocess.Popen(
        command, env=environment, start_new_session=True, stdout=output, stderr=subprocess.STDOUT
    )


def run_bounded(command: Sequence[str], timeout: float) -> tuple[int | None, str]:
    """Return (exit code, None when out of time; output); nothing of the command stays alive."""
    with _start(command, subprocess.PIPE) as process:
        done = False
        try:
            output, _ = process.communicate(timeout=timeout)
            done = True
        except subprocess.TimeoutExpired:
            return None, ""
        finally:
            if not done:  # out of time, or Ctrl-C here
                os.killpg(process.pid, signal.SIGKILL)
    return process.returncode, output.decode(errors="replace")
