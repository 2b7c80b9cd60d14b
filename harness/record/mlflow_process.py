"""The importer in a process of its own: MLflow is loaded there, and a run waits for it briefly."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import BinaryIO

from harness.record.mlflow_export import address, excuse, how_to_look
from harness.record.mlflow_sqlite import line_of

EVERY = 300.0  # seconds between two imports while trials run
PATIENCE = 20.0  # seconds that a run waits at its end, before the import goes on without it
LOG = "mlflow.log"  # what an import said that went on without the run
LEFT: list[subprocess.Popen[bytes]] = []  # imports that nobody waits for


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


def sync(runs: Path, patience: float | None = None) -> str:
    """Run the importer in a process of its own, and wait a little for it.

    What takes longer goes on in the background, whatever becomes of this process and its terminal.

    Returns:
        One line for the user: where to look, or what happened and how to try again.
    """
    log = runs / f"mlflow.{os.getpid()}.log"
    try:
        with log.open("wb") as output:
            process = _start(_command(runs), output)
        try:
            code = process.wait(PATIENCE if patience is None else patience)
        except subprocess.TimeoutExpired:
            LEFT.append(process)
            log.replace(runs / LOG)
            return (
                f"MLflow: the import goes on in the background (process {process.pid}); its last "
                f"line will stand in {runs / LOG}; look: {how_to_look(runs, address(runs))}"
            )
        said = log.read_text(encoding="utf-8", errors="replace").strip()
        last = (said.splitlines() or [f"it ended with {code}"])[-1]
        log.unlink()
    except OSError as error:  # a full or read-only disk
        return excuse(runs, line_of(error))
    return last if last.startswith("MLflow") else excuse(runs, line_of(last))


def _command(runs: Path) -> list[str]:
    return [sys.executable, "-m", "harness.record", str(runs)]


def _start(command: Sequence[str], output: int | BinaryIO) -> subprocess.Popen[bytes]:
    """Start a command in a session of its own, which no terminal ends and a signal ends whole."""
    environment = {name: text for name, text in os.environ.items() if name != "MLFLOW_RUN_ID"}
    paths = [str(Path(__file__).resolve().parents[2]), os.environ.get("PYTHONPATH", "")]
    environment["PYTHONPATH"] = os.pathsep.join(path for path in paths if path)
    return subprocess.Popen(
        command,
        env=environment,
        start_new_session=True,
        stdin=subprocess.DEVNULL,
        stdout=output,
        stderr=subprocess.STDOUT,
    )
