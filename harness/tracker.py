"""The importer in a process of its own: a server that is down or hangs costs a bounded wait."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from harness.record import address


def sync(runs: Path, timeout: float = 60.0) -> str:
    """Run the importer in a process of its own; it costs at most `timeout` seconds.

    Returns:
        One line for the user: where to look, or what happened and how to try again.
    """
    code, output = _bounded([sys.executable, "-m", "harness.record", str(runs)], timeout)
    last = (output.strip().splitlines() or ["it said nothing"])[-1].strip()
    if code == 0:
        return last
    short = last if len(last) <= 200 else f"{last[:100]} ... {last[-95:]}"
    reason = f"no answer within {timeout:g} s" if code is None else short
    return (
        f"MLflow ({address(runs)}) is not up to date: {reason}; every row is safe in the "
        f"journals below {runs}; try again: python -m harness.record {runs}"
    )


def _bounded(command: Sequence[str], timeout: float) -> tuple[int | None, str]:
    """Return (exit code, None when out of time; output); nothing of the command stays alive."""
    environment = {name: text for name, text in os.environ.items() if name != "MLFLOW_RUN_ID"}
    environment.setdefault("MLFLOW_HTTP_REQUEST_MAX_RETRIES", "1")
    environment.setdefault("MLFLOW_HTTP_REQUEST_TIMEOUT", "10")
    paths = [str(Path(__file__).resolve().parents[1]), os.environ.get("PYTHONPATH", "")]
    environment["PYTHONPATH"] = os.pathsep.join(path for path in paths if path)
    pipes: dict[str, Any] = {"stdout": subprocess.PIPE, "stderr": subprocess.STDOUT}
    with subprocess.Popen(command, env=environment, start_new_session=True, **pipes) as process:
        done = False
        try:
            output, _ = process.communicate(timeout=timeout)
            done = True
        except subprocess.TimeoutExpired:
            return None, ""
        finally:
            if not done:  # out of time, or Ctrl-C here: the child is in a session of its own
                os.killpg(process.pid, signal.SIGKILL)
    return process.returncode, output.decode(errors="replace")
