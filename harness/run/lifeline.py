"""What ends a worker whose parent died: nobody is left to stop it, or to read what it returns.

For workers of this machine only, and for those of a node of Ray. Other jobs of a cluster outlive
the process that submitted them.
"""

from __future__ import annotations

import multiprocessing
import os
import signal
import threading
import time
from collections.abc import Callable
from threading import Thread

PATIENCE = 60.0  # seconds that a trial gets to save when asked to stop
AGAIN = 0.5  # seconds between two requests
NAME = "lifeline"


def hold() -> None:
    """End this process, saved, within seconds of its parent's death, however that came."""
    parent = multiprocessing.parent_process()
    if parent is not None:
        _start(parent.join)


def hold_to_parent() -> None:
    """The same for a process that others started: it ends when it gets another parent.

    Ray's own worker ends when its parent is process 1, which it is not below a session manager.
    """
    if NAME not in {thread.name for thread in threading.enumerate()}:
        _start(_adopted)


def _start(gone: Callable[[], None]) -> None:
    Thread(target=_outlive, args=(gone,), name=NAME, daemon=True).start()


def _adopted() -> None:
    """Wait until this process has another parent than now."""
    parent = os.getppid()
    while os.getppid() == parent:
        time.sleep(AGAIN)


def _outlive(gone: Callable[[], None]) -> None:
    """Wait for the parent's end, then ask: a trial saves, and what runs no trial ends at once.

    The first request makes a trial stop at its next turn (see `harness.run.runner`); the next one
    finds no trial, and SIGTERM does what it does to any process.
    """
    gone()
    deadline = time.monotonic() + PATIENCE
    while time.monotonic() < deadline:
        os.kill(os.getpid(), signal.SIGTERM)
        time.sleep(AGAIN)
    os.kill(os.getpid(), signal.SIGKILL)
