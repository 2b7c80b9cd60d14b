"""What is newer is told by commits and code: a clock that runs wrong decides nothing."""

from __future__ import annotations

import pytest

from harness.judge import ages, generations
from harness.plan import discover
from harness.record import tables
from tests.lab.measured import history, result  # noqa: F401
from tests.lab.throwaway import make_paper

pytestmark = pytest.mark.usefixtures("history")
CLOCKS = (5.0, 1e9, 4e9)  # of the years 1970, 2001 and 2096


@pytest.fixture
def paper(tmp_path):
    return make_paper(tmp_path)


def codes(rows, today=""):
    """Return the codes of the generations, the newest last."""
    return [ages.split(generation)[0] for generation in ages.by_age(rows, today)]


def frame(paper, *made):
    return tables.frame([result(paper, trial=f"t{i}", **how) for i, how in enumerate(made)])


@pytest.mark.parametrize("clock", CLOCKS)
@pytest.mark.parametrize("other", CLOCKS)
def test_the_commit_that_comes_later_in_the_history_is_newer_whatever_the_clock(
    paper, clock, other
):
    rows = frame(
        paper,
        {"code": "b", "commit": "second", "finished": clock},
        {"code": "a", "commit": "first", "finished": other},
    )
    assert codes(rows) == ["a", "b"]
    assert list(ages.in_order(rows)["commit"]) == ["first", "second"]
    assert list(generations.generations(rows)["code"]) == ["b"]


def test_a_generation_is_as_young_as_its_youngest_row(paper):
    rows = frame(
        paper,
        {"code": "a", "commit": "first"},
        {"code": "b", "commit": "second"},
        {"code": "a", "commit": "third", "seed": 1},
    )
    assert codes(rows) == ["b", "a"]


def test_changes_come_after_their_commit_and_before_the_next(paper):
    rows = frame(
        paper,
        {"code": "c", "commit": "second"},
        {"code": "b", "commit": "first", "dirty": True},
        {"code": "a", "commit": "first"},
    )
    assert codes(rows) == ["a", "b", "c"]


@pytest.mark.parametrize("clock", CLOCKS)
def test_a_commit_that_nobody_knows_is_old_unless_its_code_is_todays(paper, clock):
    rows = frame(
        paper,
        {"code": "a", "commit": "gone", "finished": clock},
        {"code": "b", "commit": "first", "finished": 1e9},
        {"code": "c", "commit": "second", "finished": 1e9},
    )
    assert codes(rows) == ["a", "b", "c"]
    assert codes(rows, today="a") == ["b", "c", "a"]


@pytest.mark.parametrize("clock", CLOCKS)
def test_where_no_commit_tells_it_the_larger_is_newer_then_what_more_machines_replay(paper, clock):
    rows = frame(
        paper,
        {"code": "b", "finished": clock},
        {"code": "a", "finished": 1e9},
        {"code": "a", "finished": 1e9, "seed": 1},
    )
    assert codes(rows) == ["b", "a"]
    for sets in (["avx512", "avx2"], ["avx2", "avx512"], ["", "avx2"]):
        pair = rows[:2].assign(isa=sets, code="a")
        assert [ages.split(each)[2] for each in ages.by_age(pair)][-1] == "avx2"


@pytest.mark.parametrize("clock", CLOCKS)
def test_what_todays_code_measures_is_current_whatever_the_clock(paper, clock):
    """Also at one commit: while code is being changed, nothing else tells old from new."""
    found = discover.load(paper)
    rows = frame(paper, {"finished": 1e9, "dirty": True}, {"code": "older", "finished": clock})
    assert list(generations.current(rows, found, "smoke")["trial"]) == ["t0"]
    known = frame(paper, {"commit": "gone"}, {"code": "older", "finished": clock})
    assert list(generations.current(known, found, "smoke")["trial"]) == ["t0"]


@pytest.mark.parametrize("clock", CLOCKS)
def test_of_a_seed_that_was_run_again_the_later_commit_is_kept(paper, clock):
    rows = frame(
        paper, {"commit": "second", "finished": 1e9}, {"commit": "first", "finished": clock}
    )
    assert list(generations.generations(rows)["trial"]) == ["t0"]


def test_what_a_table_lacks_tells_nothing(paper):
    rows = frame(paper, {"code": "b"}, {"code": "a"}).assign(commit=None, dirty=None)
    assert codes(rows) == ["a", "b"]
