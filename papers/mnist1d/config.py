"""Configs of what trains nothing: the data set and the quizzes have no options."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Frozen:
    """The frozen data set: nothing to choose."""


@dataclass(frozen=True)
class Human:
    """The human answers: nothing to choose."""
