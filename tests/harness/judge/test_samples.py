"""What may be judged: pooled spreads, unsound rows, and runs that have no seed."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from harness.checks import (
    AtLeast,
    CostRatio,
    Effect,
    Ordering,
    Same,
    Trend,
    Value,
)
from harness.judge.rules import judge
from harness.judge.samples import Evidence
from tests.lab.verdicts import TIGHT, frame, one, paper, rows, word

# ---- pooling


def earlier_rows(n=12, sigma=0.01, **changes):
    values = np.random.default_rng(3).normal(0.8, sigma, n)
    return rows("a", values, seed=range(100, 100 + n), **changes)


def test_pooled_variance_narrows_the_interval_and_leaves_the_mean():
    check, data = Value("a", "acc", 0.484, 0.516), frame(a=[0.49, 0.50, 0.51])
    alone, pooled = one(check, data), one(check, data, earlier=earlier_rows())
    assert alone.estimate == pooled.estimate
    assert pooled.high - pooled.low < alone.high - alone.low
    assert (alone.verdict, pooled.verdict) == ("inconclusive", "reproduced")


@pytest.mark.parametrize(
    "changes",
    [
        {"seed": [0, 1, 2] * 4},
        {"data_hash": "other"},
        {"status": "failed"},
        {"stopped_by": "steps"},
        {"experiment": "b"},
        {"acc": np.nan},
    ],
)
def test_rows_that_overlap_or_are_unsound_are_never_pooled(changes):
    check, data = Value("a", "acc", 0.48, 0.52), frame(a=[0.49, 0.50, 0.51])
    assert one(check, data, earlier=earlier_rows().assign(**changes)) == one(check, data)


def test_only_the_overlapping_rows_are_left_out():
    check, data = Value("a", "acc", 0.48, 0.52), frame(a=[0.49, 0.50, 0.51])
    fresh = earlier_rows()
    both = pd.concat([fresh, data.assign(acc=[0.0, 5.0, 9.0])])
    assert one(check, data, earlier=both) == one(check, data, earlier=fresh)


def test_one_seed_with_a_known_spread_says_how_many_seeds_it_needs():
    verdict = one(Value("a", "acc", 0.3, 0.7), frame(a=[0.5]), earlier=earlier_rows())
    assert verdict.verdict == "inconclusive" and "seeds" in verdict.note
    close = one(Value("a", "acc", 0.495, 0.7), frame(a=[0.5]), earlier=earlier_rows())
    assert close.note.startswith("needs about")


# ---- the validity gate

CHECKS = [
    Value("a", "acc", 0.0, 1.0),
    AtLeast("a", "acc", 0.0),
    Effect("a", "b", "acc", 0.1),
    Same("a", "b", "acc", 1.0),
    Ordering((("b",), ("a",)), "acc"),
    Trend(("b", "c", "a"), "acc"),
    CostRatio("a", "b", "seconds", 1.5),
]
BASE = np.array([0.5, 0.52, 0.48, 0.51, 0.49, 0.5])


def sound():
    data = frame(a=BASE + 0.2, b=BASE[::-1], c=BASE + 0.1)
    seconds = data["experiment"].map({"a": 4.0, "b": 1.0, "c": 2.0})
    return data.assign(seconds=seconds * (1 + 0.01 * data["acc"]))


@pytest.mark.parametrize("check", CHECKS, ids=lambda c: type(c).__name__)
def test_every_check_holds_on_sound_data_and_falls_silent_on_one_seed(check):
    assert word(check, sound()) == "reproduced"
    single = sound().query("experiment != 'a' or seed == 0")
    verdict = one(check, single)
    assert verdict.verdict == "inconclusive" and "seeds" in verdict.note
    everywhere = one(check, sound().query("seed == 0"))
    assert everywhere.verdict == "inconclusive" and "at least 3 seeds" in everywhere.note


@pytest.mark.parametrize("check", CHECKS, ids=lambda c: type(c).__name__)
@pytest.mark.parametrize(
    ("column", "value", "reason"),
    [
        ("status", "failed", "did not complete"),
        ("stopped_by", "seconds", "cap"),
        ("stopped_by", "steps", "cap"),
        ("data_hash", "d1", "data hash"),
        ("data_hash", None, "data hash"),
        ("seed", 1, "twice"),
    ],
)
def test_one_unsound_row_makes_a_claim_invalid(check, column, value, reason):
    data = sound()
    data.loc[(data["experiment"] == "a") & (data["seed"] == 0), column] = value
    verdict = one(check, data)
    assert verdict.verdict == "invalid"
    assert verdict.note.startswith("a: ") and reason in verdict.note
    assert not verdict.refuted


@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf])
@pytest.mark.parametrize("check", CHECKS[:-1], ids=lambda c: type(c).__name__)
def test_a_number_that_is_not_finite_makes_a_claim_invalid(check, bad):
    data = sound()
    data.loc[(data["experiment"] == "a") & (data["seed"] == 2), "acc"] = bad
    verdict = one(check, data)
    assert verdict.verdict == "invalid" and "finite" in verdict.note


def test_what_was_not_measured_is_not_run():
    check = Value("a", "acc", 0.0, 1.0)
    assert word(check, pd.DataFrame()) == "not run"
    assert word(check, frame(b=TIGHT)) == "not run"
    assert "acc" in one(check, frame("loss", a=TIGHT)).note
    assert word(check, frame(a=[np.nan] * 3)) == "not run"


def test_an_unrelated_failure_does_not_spoil_a_claim():
    data = pd.concat([rows("a", TIGHT), rows("b", TIGHT, status="failed")])
    verdicts = judge(paper(Value("a", "acc", 0, 1), Value("b", "acc", 0, 1)), data, "paper")
    assert [v.verdict for v in verdicts] == ["reproduced", "invalid"]


# ---- deterministic experiments


def test_a_deterministic_run_is_the_whole_population():
    data = frame(a=[0.5])
    inside = one(Value("a", "acc", 0.4, 0.6), data, fixed=("a",))
    assert (inside.verdict, inside.low, inside.high, inside.p) == ("reproduced", 0.5, 0.5, None)
    assert word(Value("a", "acc", 0.6, 0.7), data, fixed=("a",)) == "not reproduced"
    assert word(AtLeast("a", "acc", 0.6), data, fixed=("a",)) == "not reproduced"


def test_a_deterministic_side_is_a_constant():
    check = Effect("a", "b", "acc", at_least=0.1)
    verdict = one(check, frame(a=TIGHT, b=[0.3]), fixed=("b",))
    assert verdict.verdict == "reproduced" and "constant" in verdict.note
    assert 0 < verdict.p < 0.05 and verdict.n == (5, 1)
    both = one(check, frame(a=[0.5], b=[0.45]), fixed=("a", "b"))
    assert (both.verdict, both.p) == ("partially reproduced", None)
    assert word(Ordering((("b",), ("a",)), "acc"), frame(a=[1], b=[0]), fixed="ab") == "reproduced"


def test_a_deterministic_experiment_that_varies_is_invalid():
    verdict = one(Value("a", "acc", 0, 1), frame(a=[0.5, 0.6]), fixed=("a",))
    assert verdict.verdict == "invalid" and "deterministic" in verdict.note
    members = rows("a", [0.5, 0.6], seed=0, member=[0, 1])
    assert word(Value("a", "acc", 0, 1), members, fixed=("a",)) == "reproduced"


def timed(*clocks: str) -> Evidence:
    rows = pd.DataFrame({"experiment": ["dear", "cheap"], "clock": clocks})
    return Evidence(rows, rows.iloc[:0], frozenset())


def test_device_times_of_two_clocks_are_not_compared():
    status, reason = timed("a", "b").clocks(("dear", "cheap"), ("seconds",))
    assert (status, reason) == ("invalid", "device time of dear, cheap was taken by 2 clocks")
    assert timed("a", "a").clocks(("dear", "cheap"), ("seconds",)) is None


def test_what_is_no_time_may_come_from_any_clock():
    assert timed("a", "b").clocks(("dear", "cheap"), ("steps",)) is None
    assert timed("a", "b").clocks(("dear",), ("seconds",)) is None
