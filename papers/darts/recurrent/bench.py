"""The pairs that the bench times for the recurrent study: those of the shared search cell."""

from __future__ import annotations

from papers.text.bench import pairs

__all__ = ["pairs"]
