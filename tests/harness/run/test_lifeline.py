"""A worker outlives its parent by the time that its trial takes to save."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from harness.run import lifeline

pytestmark = pytest.mark.slow
ROOT = Path(lifeline.__file__).resolve().parents[2]
PATIENCE = 120.0

# a parent that dies at once, without a word to its worker, which says its number
DYING = """
import multiprocessing, os, signal, sys, time
from harness.run import lifeline, stop

def begin(kind):
    stop.as_worker()
    if kind == "deaf":
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
        lifeline.PATIENCE = 1.0
    lifeline.hold()
    print(os.getpid(), flush=True)
    time.sleep(600)

if __name__ == "__main__":
    worker = multiprocessing.get_context("spawn").Process(target=begin, args=(sys.argv[1],))
    with stop.deferred():
        worker.start()
    sys.stdin.readline()
    os.kill(os.getpid(), signal.SIGKILL)
"""


@pytest.mark.parametrize("kind", ["idle", "deaf"])
def test_a_worker_without_a_parent_ends(tmp_path: Path, kind: str) -> None:
    """One that waits for work at once; one that does not listen when its patience is over."""
    script = tmp_path / "dying.py"
    script.write_text(DYING)
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "text": True}
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    with subprocess.Popen([sys.executable, script, kind], env=environment, **pipes) as parent:
        assert parent.stdout is not None
        assert parent.stdin is not None
        worker = int(parent.stdout.readline())
        for number in (signal.SIGINT, signal.SIGHUP):  # those are for the parent to answer
            os.kill(worker, number)
        os.kill(worker, 0)
        parent.stdin.write("\n")
        parent.stdin.flush()
        assert parent.wait(PATIENCE) == -signal.SIGKILL
        rest = parent.stdout.read()  # its end: the last process that could write there is gone
    assert rest == ""
    deadline = time.monotonic() + PATIENCE
    while Path(f"/proc/{worker}/status").exists() and time.monotonic() < deadline:
        if "State:\tZ" in Path(f"/proc/{worker}/status").read_text():
            break
        time.sleep(0.05)
    else:
        assert not Path(f"/proc/{worker}").exists()


def test_a_process_that_nobody_started_as_a_worker_lives_on() -> None:
    code = (
        "import threading; from harness.run import lifeline; lifeline.hold();"
        "[t.join() for t in threading.enumerate() if t.name == 'lifeline']; print('here')"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert (done.returncode, done.stdout) == (0, "here\n")
