"""Everything that has state, handed from one search to another as a checkpoint would."""

from __future__ import annotations

from copy import deepcopy
from typing import Any, Protocol

from harness.trial import _load, _state


class Stateful(Protocol):
    """What a resumed trial restores, by name."""

    @property
    def stateful(self) -> dict[str, Any]: ...


def hand_over(one: Stateful, other: Stateful) -> None:
    """Let `other` go on where `one` is."""
    assert one.stateful.keys() == other.stateful.keys()
    for name, item in one.stateful.items():
        _load(other.stateful[name], deepcopy(_state(item)))
