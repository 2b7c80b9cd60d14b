"""What the search is compared with: published and random cells, trained as in every paper."""

from __future__ import annotations

from papers.text.evaluation import run as published
from papers.text.random_search import run as random

__all__ = ["published", "random"]
