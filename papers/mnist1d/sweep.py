"""What a study that trains one model after another along an axis keeps between its phases."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

Values = dict[str, float]


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
