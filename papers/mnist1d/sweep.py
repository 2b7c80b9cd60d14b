"""What a study that trains one model after another along an axis keeps between its phases."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, Protocol

Values = dict[str, float]


class Stateful(Protocol):
    """What can be put into a checkpoint."""

    def state_dict(self) -> Any:
        """Return the state."""

    def load_state_dict(self, state: Any) -> Any:
        """Take a state over."""


class Stage:
    """What the phase at one place of the axis trains: models, optimizer, batches.

    A checkpoint that was written at the end of a phase holds that phase's models, while the trial
    that resumes from it is at the next place already: a state of another place is left alone.
    """

    def __init__(self, at: int, **parts: Stateful) -> None:
        self.at, self.parts = at, parts

    def state_dict(self) -> dict[str, Any]:
        """Return the place and the state of every part."""
        states = {name: part.state_dict() for name, part in self.parts.items()}
        return {"at": self.at, "parts": states}

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Take the state over where it is of this place."""
        if state["at"] == self.at:
            for name, part in self.parts.items():
                part.load_state_dict(state["parts"][name])


class Found:
    """The last measurement of every replicate at every place: what the summary is made from."""

    def __init__(self) -> None:
        self.rows: dict[int, list[Values]] = {}  # {place: a row per member, in their order}

    def keep(self, at: int, rows: Iterable[Mapping[str, Any]]) -> None:
        """Remember the rows of one place."""
        self.rows[at] = [{name: float(value) for name, value in row.items()} for row in rows]

    def along(self, metric: str, member: int) -> dict[int, float]:
        """Return {place: value} of one member, by rising place."""
        return {at: self.rows[at][member][metric] for at in sorted(self.rows)}

    def state_dict(self) -> dict[str, Any]:
        """Return what a resumed trial needs: its finished phases are skipped."""
        return {"places": list(self.rows), "rows": list(self.rows.values())}

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Take an earlier attempt's rows over."""
        self.rows = dict(zip(state["places"], state["rows"], strict=True))
