"""What a study that trains one model after another along an axis keeps between its phases."""

from __future__ import annotations

Values = dict[str, float]
Found = dict[int, list[Values]]  # {place: the last row of every member, in their order}


def along(found: Found, metric: str, member: int) -> dict[int, float]:
    """Return {place: value} of one member, by rising place."""
    return {at: found[at][member][metric] for at in sorted(found)}
