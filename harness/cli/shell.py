"""The command line as a shell sees it: signals, streams, and an exit status that means one thing.

0: all went as asked. 1: a trial failed or was cut, a claim does not hold, numbers differ, or
output could not be written. 2: refused, in one line. 130: stopped.
"""

from __future__ import annotations

import sys
from typing import NoReturn

from harness.run import stop, streams


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
        from harness.cli.app import main as command  # here: an import can be interrupted, too

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
