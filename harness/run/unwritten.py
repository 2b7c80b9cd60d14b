"""What of a trial may stay unwritten on a full or read-only disk, as long as its rows do not.

A heartbeat, the name in a lock, a traceback and a checkpoint are none of its results: the trial
goes on without them, and its end says so.
"""

from __future__ import annotations

import errno
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from harness.trial import CHECKPOINT, Trial

NO_ROOM = frozenset(
    {errno.ENOSPC, errno.EDQUOT, errno.EROFS, errno.EFBIG, errno.EACCES, errno.EPERM}
)


class Unwritten:
    """The files that could not be written when they last had to be, each with the reason."""

    def __init__(self) -> None:
        self._reasons: dict[str, str] = {}

    @contextmanager
    def allowed(self, name: str) -> Iterator[None]:
        """Go on without a file when the disk has no room for it, or is not ours to write on.

        Raises:
            OSError: the disk is broken, which is no reason to go on.
        """
        try:
            yield
        except OSError as error:
            if error.errno not in NO_ROOM:
                raise
            self._reasons[name] = error.strerror or str(error)
        else:
            self._reasons.pop(name, None)

    def __contains__(self, name: str) -> bool:
        return name in self._reasons

    def __str__(self) -> str:
        """Say what is missing, and why; nothing where all was written."""
        return ", ".join(f"{name} ({reason})" for name, reason in sorted(self._reasons.items()))


class Enduring(Trial):
    """A trial that goes on when a checkpoint cannot be written; the one before it stays."""

    def __init__(self, *arguments: Any, **options: Any) -> None:
        super().__init__(*arguments, **options)
        self.unwritten = Unwritten()

    def save(self) -> None:
        """Write a checkpoint; where there is no room try again when the next one is due."""
        with self.unwritten.allowed(CHECKPOINT):
            super().save()
        if CHECKPOINT in self.unwritten:
            with self.unwritten.allowed(f"{CHECKPOINT}.new"):
                (self.folder / f"{CHECKPOINT}.new").unlink(missing_ok=True)  # room for rows
            self._saved_at = time.monotonic()
