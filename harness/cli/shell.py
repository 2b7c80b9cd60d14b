"""The command line as a shell sees it: signals, streams, and an exit status that means one thing.

0: all went as asked. 1: a trial failed or was cut, a claim does not hold, numbers differ, or
output could not be written. 2: refused, in one line. 130: stopped.
"""

from __future__ import annotations

import os
import sys
from typing import NoReturn

from harness.run import stop, streams

ASIDE = ("-h", "--help", "--version")  # what says where the papers are by itself, or needs none
COMPLETES = "_HARNESS_COMPLETE"  # a shell asks for completions


def main() -> NoReturn:
    """Run the command line of this process, and end it."""
    with stop.listening():
        streams.prepare()
        status = _status()
        sys.stdout.flush()
        if stop.asked():
            stop.leave()
        if why := streams.lost():
            sys.stderr.write(f"error: not all output could be written ({why})\n")
            status = status or 1
    raise SystemExit(status)


def _status() -> int:
    """Return the exit status of the command; no traceback is of a command that was stopped."""
    try:
        from harness.cli import home  # here: an import can be interrupted, too
        from harness.cli.app import main as command

        home.enter(quiet=not set(sys.argv[1:]).isdisjoint(ASIDE) or COMPLETES in os.environ)
        command()
    except SystemExit as end:
        return _number(end.code)
    except BaseException:
        if not stop.asked():
            raise
    return 0


def _number(code: object) -> int:
    if code is None or isinstance(code, int):
        return code or 0
    sys.stderr.write(f"{code}\n")
    return 1
