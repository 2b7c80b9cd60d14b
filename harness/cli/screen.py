"""Where commands print: a terminal has a width, a pipe has none."""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import Any

from rich.console import Console

UNBOUNDED = 100_000  # columns: rich must have a number
LINE: Mapping[str, Any] = {"highlight": False, "markup": False, "soft_wrap": True}
TABLE: Mapping[str, Any] = {"soft_wrap": True}  # a name that is wider than the screen stays whole


def screen() -> Console:
    """Return standard output, as wide as the terminal is, or as COLUMNS says.

    What is piped is not wrapped: each row of a table is one line there, for `grep` and for logs.
    """
    console = Console()
    if console.is_terminal or os.environ.get("COLUMNS", "").isdigit():
        return console
    return Console(width=UNBOUNDED)
