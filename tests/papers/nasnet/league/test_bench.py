"""The forms that `bench` races end at the same numbers; nothing is timed here."""

from __future__ import annotations

import pytest

from papers.cells.league.league import league_of
from papers.cells.league.objective import Objective
from papers.cells.league.recorded import recorded
from papers.cells.space.edge import T0
from papers.nasnet.league.bench import Race
from papers.nasnet.league.study import LEARNED, RECURRENT, clipped


@pytest.mark.parametrize("config", [LEARNED, RECURRENT, clipped(RECURRENT)])
def test_both_forms_find_the_same_cells(config, one_thread):
    race = Race(recorded(Objective(league_of(T0, 2))), config, 3, 17)
    race.agree()
    assert race.together().shape == (3,)
