"""The meter charges what was spent, stops in time, and takes nothing else on its clock."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.budget import Limit
from harness.meter import Meter
from harness.paper import Refused


class Clock:
    """A clock that moves only when told to."""

    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now

    def spend(self, seconds: float) -> None:
        self.now += seconds


def meter(limit: Limit | None = None, clock: Clock | None = None, **phases: Any) -> Meter:
    return Meter(phases or {"train": (10, 1)}, limit or Limit(), clock or Clock())


# -- counting -------------------------------------------------------------------------------------


def test_counts_turns_steps_and_flops_with_their_cost() -> None:
    counted = meter(train=(5, 16))
    counted.count_flops("train", 1e9)
    assert list(counted.steps("train")) == [0, 1, 2, 3, 4]
    assert counted.spent("steps") == 80
    assert counted.spent("flops") == 5e9
    assert counted.ledgers["train"].turns == 5
    assert counted.stopped_by == "length"


@given(length=st.integers(1, 60), cost=st.integers(1, 20), cap=st.none() | st.integers(1, 500))
def test_never_exceeds_a_steps_cap(length: int, cost: int, cap: int | None) -> None:
    if cap is not None and cap < cost:
        with pytest.raises(Refused, match="one turn of 'train' is charged"):
            meter(Limit(steps=cap), train=(length, cost))
        return
    capped = meter(Limit(steps=cap), train=(length, cost))
    expected = length if cap is None else min(length, cap // cost)
    assert capped.horizon("train") == expected
    assert list(capped.steps("train")) == list(range(expected))
    assert capped.spent("steps") == expected * cost
    assert cap is None or capped.spent("steps") <= cap
    assert capped.stopped_by == ("length" if expected == length else "steps")


def test_cap_below_one_turn_is_refused_even_for_a_later_phase() -> None:
    with pytest.raises(Refused, match="steps=4: one turn of 'retrain' is charged 5 steps"):
        meter(Limit(steps=4), search=(10, 1), retrain=(10, 5))


def test_phase_shorter_than_the_cap_ends_by_its_length() -> None:
    short = meter(Limit(steps=100), train=(3, 2))
    assert list(short.steps("train")) == [0, 1, 2]
    assert short.stopped_by == "length"


def test_phases_are_charged_apart() -> None:
    clock = Clock()
    both = meter(Limit(steps=12), clock, search=(3, 4), retrain=(20, 2))
    for _ in both.steps("search"):
        clock.spend(1.0)
    for _ in both.steps("retrain"):
        clock.spend(0.5)
    search, retrain = both.ledgers["search"], both.ledgers["retrain"]
    assert (search.turns, search.steps, search.seconds, search.stopped_by) == (3, 12, 3, "length")
    assert (retrain.turns, retrain.steps, retrain.seconds) == (6, 12, 3)
    assert both.spent("steps") == 24
    assert both.stopped_by == "steps"  # search ran as declared, retrain was cut


def test_unknown_phase_is_refused_with_the_nearest() -> None:
    with pytest.raises(Refused, match=r"unknown phase 'serch'; did you mean 'search'\?"):
        next(meter(search=(1, 1)).steps("serch"))
    with pytest.raises(Refused, match="unknown phase"):
        meter(search=(1, 1)).horizon("train")


# -- time -----------------------------------------------------------------------------------------


@given(turn=st.integers(1, 40), cap=st.integers(1, 400), length=st.integers(1, 60))
def test_time_cap_stops_before_it_overspends(turn: int, cap: int, length: int) -> None:
    clock = Clock()
    capped = meter(Limit(seconds=cap), clock, train=(length, 1))
    for _ in capped.steps("train"):
        clock.spend(turn)
    turns = capped.ledgers["train"].turns
    assert turns == max(1, min(length, cap // turn))  # the first turn's price is not known before
    assert capped.spent("seconds") == turns * turn
    assert turns == 1 or turns * turn <= cap
    assert capped.stopped_by == ("length" if turns == length else "seconds")


def test_time_cap_holds_over_all_phases() -> None:
    clock = Clock()
    capped = meter(Limit(seconds=10), clock, search=(6, 1), retrain=(50, 1))
    for phase in ("search", "retrain"):
        for _ in capped.steps(phase):
            clock.spend(1)
    assert capped.ledgers["retrain"].turns == 4
    assert capped.spent("seconds") == 10
    assert capped.ledgers["search"].stopped_by == "length"
    assert capped.ledgers["retrain"].stopped_by == "seconds"


def test_evaluation_inside_paused_is_off_the_clock() -> None:
    clock = Clock()
    fair = meter(None, clock)
    for _ in fair.steps("train"):
        clock.spend(2)
        with fair.paused():
            clock.spend(1000)
        clock.spend(1)
    assert fair.spent("seconds") == 30


def test_forgetting_paused_charges_the_evaluation() -> None:
    clock = Clock()
    unfair = meter(None, clock)
    for _ in unfair.steps("train"):
        clock.spend(2)
        clock.spend(1000)
    assert unfair.spent("seconds") == 10 * 1002


def test_paused_may_be_nested_and_used_between_phases() -> None:
    clock = Clock()
    nested = meter(None, clock)
    with nested.paused():
        clock.spend(50)
    for turn in nested.steps("train"):
        clock.spend(1)
        if turn == 4:
            with nested.paused(), nested.paused():
                clock.spend(1000)
    with nested.paused():
        clock.spend(50)
    assert nested.spent("seconds") == 10


def test_clock_goes_on_after_an_evaluation_that_raises() -> None:
    clock = Clock()
    hurt = meter(None, clock, train=(1, 1))
    for _ in hurt.steps("train"):
        with pytest.raises(ZeroDivisionError), hurt.paused():
            clock.spend(7)
            raise ZeroDivisionError
        clock.spend(3)
    assert hurt.spent("seconds") == 3


def test_loop_left_early_stops_the_clock() -> None:
    clock = Clock()
    left = meter(None, clock)
    for turn in left.steps("train"):
        clock.spend(1)
        if turn == 3:
            break
    clock.spend(1000)
    assert left.spent("seconds") == 4
    assert left.ledgers["train"].turns == 3  # the turn that was broken off is not counted
    clock.spend(1000)
    assert list(left.steps("train")) == [3, 4, 5, 6, 7, 8, 9]
    assert left.spent("seconds") == 4


def test_device_is_synchronised_at_pauses_and_at_the_end_of_a_phase() -> None:
    calls: list[str] = []
    clock = Clock()

    def sync() -> None:
        calls.append("sync")
        clock.spend(5)  # what the device had in flight

    synced = Meter({"train": (2, 1)}, Limit(), clock, sync)
    for turn in synced.steps("train"):
        calls.append(f"turn {turn}")
        with synced.paused():
            calls.append("evaluate")
    pause = ["sync", "evaluate", "sync"]
    assert calls == ["turn 0", *pause, "turn 1", *pause, "sync"]
    # in flight before a pause and at the end: the method's; after an evaluation: the evaluation's
    assert synced.spent("seconds") == 15


def test_timed_charges_seconds_and_no_steps() -> None:
    clock = Clock()
    fitted = meter(None, clock)
    edges = []
    fitted.on_turn = lambda: edges.append(fitted.phase)
    with fitted.timed("fit"):
        clock.spend(4)
        with fitted.paused():
            clock.spend(100)
    assert fitted.spent("seconds") == 4
    assert fitted.spent("steps") == 0
    assert (fitted.ledgers["fit"].turns, fitted.ledgers["fit"].stopped_by) == (1, "length")
    assert edges == ["fit"]


def test_on_turn_comes_after_each_turn_was_charged() -> None:
    told = meter(train=(3, 2))
    seen = []
    told.on_turn = lambda: seen.append(told.spent("steps"))
    assert len(list(told.steps("train"))) == 3
    assert seen == [2, 4, 6]


# -- calibration ----------------------------------------------------------------------------------


def test_calibrate_fixes_the_horizon_from_the_median_turn() -> None:
    clock = Clock()
    timed = meter(Limit(seconds=100), clock, train=(1000, 1))
    seconds = iter([50, 50, 3, 3, 900, 4, 2])  # two of warm-up; the median of the rest is 3
    assert timed.calibrate("train", lambda: clock.spend(next(seconds))) == 33
    assert timed.horizon("train") == 33
    assert timed.spent("seconds") == 0  # throw-away turns are not charged
    assert timed.ledgers["train"].calibrated == 3
    assert len(list(timed.steps("train"))) == 33
    assert timed.stopped_by == "seconds"


def test_calibrate_is_decided_once() -> None:
    clock = Clock()
    timed = meter(Limit(seconds=100), clock, train=(1000, 1))
    assert timed.calibrate("train", lambda: clock.spend(10)) == 10
    assert timed.calibrate("train", lambda: pytest.fail("ran a second time")) == 10
    restored = meter(Limit(seconds=100), clock, train=(1000, 1))
    restored.load_state_dict(timed.state_dict())
    assert restored.calibrate("train", lambda: pytest.fail("ran again after a restart")) == 10


def test_calibrate_runs_nothing_where_no_time_binds() -> None:
    free = meter(Limit(steps=7), train=(10, 1))
    assert free.calibrate("train", lambda: pytest.fail("ran")) == 7


@pytest.mark.parametrize(("price", "turns"), [(1, 10), (1000, 1)])
def test_calibrate_neither_lengthens_a_phase_nor_leaves_it_without_a_turn(
    price: float, turns: int
) -> None:
    clock = Clock()
    timed = meter(Limit(seconds=100), clock, train=(10, 1))
    assert timed.calibrate("train", lambda: clock.spend(price)) == turns


def test_calibrate_counts_on_the_time_that_is_left() -> None:
    clock = Clock()
    timed = meter(Limit(seconds=100), clock, search=(6, 1), retrain=(1000, 1))
    for _ in timed.steps("search"):
        clock.spend(10)
    assert timed.calibrate("retrain", lambda: clock.spend(4)) == 10


# -- save and restore -----------------------------------------------------------------------------


@given(stop=st.integers(0, 9))
def test_restored_meter_goes_on_where_it_stood(stop: int) -> None:
    clock = Clock()

    def fresh() -> Meter:
        return Meter({"train": (9, 3)}, Limit(), clock)

    first, turns = fresh(), []
    first.count_flops("train", 7)
    for turn in first.steps("train"):
        if turn == stop:
            break
        turns.append(turn)
        clock.spend(2)
    second = fresh()
    second.load_state_dict(first.state_dict())
    for turn in second.steps("train"):
        turns.append(turn)
        clock.spend(2)
    assert turns == list(range(9))
    assert [second.spent(c) for c in ("steps", "seconds", "flops")] == [27, 18, 63]


# -- whole phases, and replicates --------------------------------------------------------------


def test_a_phase_is_done_when_its_turns_are() -> None:
    meter = Meter({"first": (2, 1), "second": (1, 1)}, Limit())
    assert not meter.done("first")
    list(meter.steps("first"))
    meter.phase = ""
    assert meter.done("first") and meter.phase == "first"  # rows that follow belong after it
    assert not meter.done("second") and meter.phase == "first"
    with pytest.raises(Refused, match="did you mean 'second'"):
        meter.done("secnd")


def test_replicates_are_each_charged_and_capped_alone() -> None:
    clock = Clock()
    stacked = Meter({"train": (100, 2)}, Limit(steps=30), clock=clock, replicates=8)
    turns = list(stacked.steps("train"))
    assert len(turns) == 15  # 30 steps of one replicate, at 2 a turn
    assert stacked.spent("steps") == 15 * 2 * 8
    assert stacked.stopped_by == "steps"
