"""How training utilities refuse: they know nothing of the harness when they are imported."""

from __future__ import annotations


def refused(text: str) -> Exception:
    """Return the refusal that says so."""
    from harness.paper import Refused

    return Refused(text)
