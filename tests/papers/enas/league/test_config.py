"""What ENAS's searches of the league refuse to be configured as, each in one line."""

from __future__ import annotations

import pytest

from harness.paper import Refused
from papers.enas.league.config import LeagueRandom, LeagueSearch


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({"score_batch": 99}, "score_batch=99"),
        ({"score_batch": 1001}, "score_batch=1001"),
        ({"norms": "running", "score_batch": 0}, "score_batch=0"),
        ({"candidates": 2}, "candidates=2"),
        ({"baseline_decay": 1.0}, r"baseline_decay=1\.0"),
        ({"baseline_decay": -0.1}, r"baseline_decay=-0\.1"),
        ({"preset": "papr"}, "did you mean 'paper'"),
        ({"policy": "frozn"}, "did you mean 'frozen'"),
        ({"norms": "runing"}, "did you mean 'running'"),
        ({"tasks": ("plain",)}, "tasks=plain"),
        ({"tasks": ()}, "tasks="),
        ({"space": "T9"}, "T9"),
        ({"limit": 0}, "limit=0"),
        ({"steps": 0}, "steps=0"),
        ({"ranked": 1}, "ranked=1"),
        ({"momentum": 1.0}, r"momentum=1\.0"),
        ({"lr": 1e-5}, "lr="),
    ],
)
def test_what_is_out_of_range_is_refused(fields, said):
    with pytest.raises(Refused, match=said) as refused:
        LeagueSearch(**fields)
    assert "\n" not in str(refused.value)


def test_running_statistics_may_score_on_few_rows():
    assert LeagueSearch(norms="running", score_batch=10).score_batch == 10


def test_searches_of_no_cells_are_refused():
    with pytest.raises(Refused, match="searches=0"):
        LeagueRandom(searches=0)
