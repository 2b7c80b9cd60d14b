"""Whether this machine can build C: tests that need it skip, and say so."""

from __future__ import annotations

import pytest

from harness.paper import Refused
from harness.training import compiler


def _missing() -> str:
    try:
        compiler.compiler()
    except Refused as refusal:
        return str(refusal)
    return ""


needs_compiler = pytest.mark.skipif(bool(_missing()), reason=f"needs a C compiler: {_missing()}")
