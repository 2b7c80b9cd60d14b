"""What every form of many searches side by side must be: each what one alone is, and resumed."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from papers.cells.league.contest import Contestant
from papers.cells.league.objective import KEYS, OBJECTIVES, objectives
from papers.cells.league.recorded import Recorded, recorded
from papers.cells.league.stacked import Stacked
from papers.cells.space.edge import T0

KINDS = tuple(KEYS.values())


def small(key: str) -> Recorded:
    """Return the recorded trainings of a small space for an objective, one of `KINDS`."""
    return recorded(objectives(OBJECTIVES, T0, 2, 0.01)[key])


def in_step(many: Stacked, alone: Sequence[Contestant], turns: int) -> None:
    """Let all take turns; after each one every search has found what its like alone has."""
    for _ in range(turns):
        many.turn()
        for search, one in enumerate(alone):
            one.turn()
            assert one.incumbent == many.recorded.codes[many.incumbents[search]]
            assert one.val == many.worth[search]


def goes_on(make: Callable[[], Stacked], turns: int, at: int) -> None:
    """Stop searches after `at` turns, let others go on: they end where undisturbed ones do."""
    whole, first, second = make(), make(), make()
    for turn in range(turns):
        whole.turn()
        if turn < at:
            first.turn()
    second.load_state_dict(first.state_dict())
    for _ in range(turns - at):
        second.turn()
    assert second.row() == whole.row()
    assert second.path == whole.path
