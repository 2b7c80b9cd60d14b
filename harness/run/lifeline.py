"""What ends a worker whose parent died: nobody is left to stop it, or to read what it returns.

For workers of this machine only. The jobs of a cluster outlive the process that submitted them.
"""

from __future__ import annotations

import multiprocessing
import os
import signal
import time
from threading import Thread

PATIENCE = 60.0  # seconds that a trial gets to save when asked to stop
AGAIN = 0.5  # seconds between two requests


def hold() -> None:
    """End this process, saved, within seconds of its parent's death, however that came."""
    Thread(target=_outlive, name="lifeline", daemon=True).start()


def _outlive() -> None:
    """Wait for the parent's end, then ask: a trial saves, and what runs no trial ends at once.

    The first request makes a trial stop at its next turn (see `harness.run.runner`); the next one
    finds no trial, and SIGTERM does what it does to any process.
    """
    parent = multiprocessing.parent_process()
    if parent is None:
        return
    parent.join()
    deadline = time.monotonic() + PATIENCE
    while time.monotonic() < deadline:
        os.kill(os.getpid(), signal.SIGTERM)
        time.sleep(AGAIN)
    os.kill(os.getpid(), signal.SIGKILL)
