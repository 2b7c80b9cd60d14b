"""What the league's searches of DARTS refuse to be configured as."""

from __future__ import annotations

from dataclasses import replace

import pytest

from harness.paper import Refused
from papers.darts.league.config import LeagueRandom, LeagueSearch

SMALL = LeagueSearch(gradient="first_order", space="T0", steps=6, ranked=4, eval_every=4)


def test_joint_needs_all_rows():
    with pytest.raises(Refused, match="union"):
        LeagueSearch(gradient="joint")


def test_what_is_out_of_range_is_refused():
    for field, value in (
        ("space", "T9"),
        ("limit", 0),
        ("steps", 0),
        ("ranked", 1),
        ("radius", 0.0),
    ):
        with pytest.raises(Refused):
            replace(SMALL, **{field: value})
    with pytest.raises(Refused):
        LeagueRandom(searches=0)
