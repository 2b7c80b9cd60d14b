"""What `search` runs with losses that are replayed: `run --kernels graph` on images."""

from __future__ import annotations

from papers.darts.replay import captured

__all__ = ["captured"]
