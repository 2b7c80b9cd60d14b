"""The command line, called in this process."""

from __future__ import annotations

from pathlib import Path

import pytest

from harness.cli.app import main


def call(*arguments: str | Path) -> int:
    """Run a command line; return its exit status."""
    with pytest.raises(SystemExit) as end:
        main([str(argument) for argument in arguments])
    return int(end.value.code or 0)
