"""How a person stops a command: Ctrl-C, SIGTERM, or a terminal that is closed.

The first time raises KeyboardInterrupt, where the command is; what has something to save catches
it. The second says that this is under way, and interrupts nothing. The third ends the workers and
leaves at once: trials go on from where they last saved.
"""

from __future__ import annotations

import os
import signal
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from itertools import count
from types import FrameType
from typing import Any, NoReturn

STATUS = 130  # the exit status of a command that was stopped
SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
STOPPING = "stopping: what runs saves first"
STILL = "still stopping; once more leaves at once, and trials go on from where they last saved"
LEFT = "left at once: the same command goes on from where trials last saved"
LATER = 0.05  # seconds

_presses = [count(1)]  # what numbers the signals, also one that interrupts the answer to another
_asked = [False]
_first = [0]  # by which signal at first
_deferring = [False]
_waiting: list[int] = []  # signals that another thread took meanwhile


def asked() -> bool:
    """Tell whether this process was asked to stop."""
    return _asked[0]


def hung_up() -> bool:
    """Tell whether it was no wish of anybody: the terminal closed, or a connection was lost."""
    return asked() and _first[0] == signal.SIGHUP


@contextmanager
def listening() -> Iterator[None]:
    """Answer the signals while inside; where the caller does so already, it goes on to.

    One that is ignored stays so: a shell's background and `nohup` hand that down.
    """
    before = {
        number: handler
        for number in SIGNALS
        if (handler := signal.getsignal(number)) not in (signal.SIG_IGN, _answer)
    }
    unraisable = sys.unraisablehook
    if before:
        _begin()
        sys.unraisablehook = _unless_lost(unraisable)
    for number in before:
        signal.signal(number, _answer)
    try:
        yield
    finally:
        sys.unraisablehook = unraisable
        for number, handler in before.items():
            signal.signal(number, handler)


@contextmanager
def deferred() -> Iterator[None]:
    """Let no signal in while inside; processes that are started here begin without them, too.

    A mask is this thread's own: what another thread takes waits as well, and comes again here.
    """
    before = signal.pthread_sigmask(signal.SIG_BLOCK, SIGNALS)
    _deferring[0] = True
    try:
        yield
    finally:
        _deferring[0] = False
        waiting, _waiting[:] = list(_waiting), []
        for number in waiting:  # one mask bit each: they come when the mask is gone
            signal.raise_signal(number)
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def as_worker() -> None:
    """Leave Ctrl-C and a closed terminal to the parent, who says stop by SIGTERM."""
    for number in (signal.SIGINT, signal.SIGHUP):
        signal.signal(number, signal.SIG_IGN)
    signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGTERM})


def _begin() -> None:
    _presses[0], _asked[0] = count(1), False


def _answer(number: int, frame: FrameType | None) -> None:
    if _deferring[0]:
        _waiting.append(number)
        return
    press, _asked[0] = next(_presses[0]), True
    if press == 1:
        _first[0] = number
        _say(STOPPING)
        raise KeyboardInterrupt
    if press == 2:
        _say(STILL)
        return
    _say(LEFT)
    leave()


def leave() -> NoReturn:
    """End this process and its workers now, whatever they do."""
    if "multiprocessing" in sys.modules:
        import multiprocessing

        for child in multiprocessing.active_children():
            child.kill()
        _give_back()
    os._exit(STATUS)


def _give_back() -> None:
    """Give the names of queues back to the system: their helper would print a warning of each."""
    from multiprocessing import util

    with suppress(AttributeError):  # no public name does it
        util._run_finalizers(0)  # type: ignore[attr-defined]


def _say(text: str) -> None:
    """Write a line past all buffers, which this may have interrupted."""
    begin = "\n" if os.isatty(2) else ""  # the terminal shows ^C
    with suppress(OSError):
        os.write(2, f"{begin}{text}\n".encode())


def _unless_lost(otherwise: Callable[[Any], object]) -> Callable[[Any], object]:
    """Return a hook for what nobody can catch: an interruption there comes again later."""

    def hook(what: Any) -> None:
        if not issubclass(what.exc_type, KeyboardInterrupt):
            otherwise(what)
            return
        _begin()
        again = threading.Timer(LATER, os.kill, (os.getpid(), signal.SIGINT))
        again.daemon = True
        again.start()

    return hook
