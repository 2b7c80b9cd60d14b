"""What a paper declares, read under watch: it may raise, exit, loop, wait, or make no sense.

It is read before anything else, so that a fault in it must be told by its name.
"""

from __future__ import annotations

import importlib
import math
import re
import signal
import threading
import traceback
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import FrameType, ModuleType

from harness.paper import Experiment, Refused

PATIENCE = 10.0  # seconds; declarations load in milliseconds
PART = r"[\w+-][\w.+-]*"  # of a name that becomes a folder's


class _TooLong(BaseException):
    """The module has not come to its end within the patience."""


def declared(path: str | Path, package: str, noun: str) -> ModuleType:
    """Import a module that declares.

    Raises:
        Refused: it raises, exits, or takes too long.
        KeyboardInterrupt: the user asked to stop.
    """
    name = f"{path}: {'/'.join(noun.split('.'))}.py"
    with _watched() as pressed:
        try:
            return importlib.import_module(f"{package}.{noun}")
        except _TooLong as error:
            raise Refused(
                f"{name} takes longer than {PATIENCE:g} s to declare ({_where(error)})"
            ) from None
        except KeyboardInterrupt as error:
            if pressed:
                raise
            raise Refused(f"{name} raises KeyboardInterrupt ({_where(error)})") from error
        except (Exception, SystemExit) as error:
            kind = type(error).__name__
            raise Refused(f"{name} raises {kind}: {error} ({_where(error)})") from error


def require_sound(experiment: Experiment) -> None:
    """Refuse a name that is no folder's, and numbers of seeds or seconds that are none."""
    where = f"experiment '{experiment.name}'"
    if not re.fullmatch(f"{PART}(/{PART})*", experiment.name, re.ASCII):
        raise Refused(f"{where}: a name has letters, digits and _ . + - in parts joined by '/'")
    for field, least in (("seeds", 1), ("expected", 0)):
        for budget, number in getattr(experiment, field).items():
            if not isinstance(number, int | float) or not least <= number < math.inf:
                rule = f"must be a number of at least {least}"
                raise Refused(f"{where}: {field} at {budget} is {number!r}: {rule}")


def _where(error: BaseException) -> str:
    """Return file and line, of the last frame that is not this one's."""
    frames = traceback.extract_tb(error.__traceback__)
    own = [frame for frame in frames if frame.filename != __file__]
    last = (own or frames)[-1]
    return f"{Path(last.filename).name}:{last.lineno}"


@contextmanager
def _watched() -> Iterator[list[int]]:
    """Interrupt what takes too long; yield the Ctrl-C's that came meanwhile.

    Only the main thread can be interrupted: elsewhere there is no limit.
    """
    pressed: list[int] = []
    if threading.current_thread() is not threading.main_thread():
        yield pressed
        return

    def late(number: int, frame: FrameType | None) -> None:
        raise _TooLong

    usual = signal.getsignal(signal.SIGINT)

    def press(number: int, frame: FrameType | None) -> None:
        pressed.append(number)
        if callable(usual):
            usual(number, frame)

    before = {signal.SIGALRM: signal.signal(signal.SIGALRM, late)}
    if callable(usual):
        before[signal.SIGINT] = signal.signal(signal.SIGINT, press)
    signal.setitimer(signal.ITIMER_REAL, PATIENCE)
    try:
        yield pressed
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0.0)
        for number, handler in before.items():
            signal.signal(number, handler)
