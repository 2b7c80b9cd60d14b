"""What may be judged: units, unsound and missing rows, and runs that have no seed."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from harness.checks import (
    AtLeast,
    BestOf,
    CostRatio,
    Direction,
    Effect,
    Ordering,
    Same,
    Trend,
    Value,
)
from harness.judge.rules import judge
from harness.judge.samples import Evidence
from tests.lab.verdicts import TIGHT, every, experiment, frame, one, paper, rows, word

# ---- units


def stacked(levels, spread=(-0.01, 0.0, 0.02)):
    """Trials of three members, each around a level that its members share."""
    offsets = np.array(spread)
    parts = [
        rows("a", level + offsets, seed=seed, member=range(3)) for seed, level in enumerate(levels)
    ]
    return pd.concat(parts, ignore_index=True)


def sample(measured, name="a", metric="acc", best=None, **fields):
    declared = {name: experiment(name, 4, **fields)}
    return Evidence(measured, declared, "paper").sample(name, metric, best)


def test_the_trial_is_the_unit_and_its_value_the_mean_of_its_members():
    trials = sample(stacked([0.5, 0.6, 0.55]))
    assert trials.array == pytest.approx([0.5 + 0.01 / 3, 0.6 + 0.01 / 3, 0.55 + 0.01 / 3])
    assert (trials.size.units, trials.size.members) == (3, 3)


def test_members_that_share_nothing_are_units():
    alone = sample(stacked([0.5, 0.6, 0.55]).sample(frac=1, random_state=2), independent=True)
    assert alone.array == pytest.approx([0.49, 0.5, 0.52, 0.59, 0.6, 0.62, 0.54, 0.55, 0.57])
    assert (alone.size.units, alone.size.members) == (9, 1)


def test_members_that_share_one_clock_are_one_timing():
    timed = stacked([0.5, 0.6, 0.55]).assign(seconds=[1.0] * 3 + [2.0] * 3 + [3.0] * 3)
    for metric, values in (("seconds", [1, 2, 3]), ("steps", [100, 100, 100])):
        assert list(sample(timed, metric=metric, independent=True).array) == values


def test_one_trial_of_many_members_decides_nothing():
    one_trial = rows("a", np.linspace(0.4, 0.6, 16), seed=0, member=range(16))
    check = AtLeast("a", "acc", 0.1)
    trial = one(check, one_trial)
    assert (trial.verdict, trial.low) == ("inconclusive", None)
    assert trial.note == "needs at least 3 trials"
    assert word(check, one_trial, alone=("a",)) == "reproduced"


def test_the_best_of_every_k_trials_in_the_order_of_their_seeds():
    measured = rows("a", [0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7], "acc").assign(
        val=[5, 1, 2, 3, 9, 4, 0]
    )
    shuffled = measured.sample(frac=1, random_state=4)
    most = sample(shuffled, best=BestOf(2, "val", "max"))
    assert list(most.array) == [0.1, 0.4, 0.5]  # the seventh trial is in no group
    assert (most.size.units, most.size.best) == (3, 2)
    least = sample(shuffled, best=BestOf(3, "val", "min"))
    assert list(least.array) == [0.2, 0.4]
    assert not len(sample(shuffled, best=BestOf(8, "val", "min")).array)


def test_groups_are_no_pairs_of_trials():
    measured = pd.concat([rows("a", np.arange(9.0)), rows("b", [0.0, 1.0, 3.0])])
    evidence = Evidence(measured, {n: experiment(n, 9) for n in "ab"}, "paper")
    best = evidence.sample("a", "acc", BestOf(3, "acc", "max"))
    assert len(best.array) == 3
    assert not best.pairs_with(evidence.sample("b", "acc"))


# ---- the validity gate

CHECKS = [
    Value("a", "acc", 0.0, 1.0),
    AtLeast("a", "acc", 0.0),
    Effect("a", "b", "acc", 0.1),
    Same("a", "b", "acc", 1.0),
    Ordering((("b",), ("a",)), "acc"),
    Direction("a", "b", "acc"),
    Trend(("b", "c", "a"), "acc"),
    CostRatio("a", "b", "seconds", 1.5),
]
BASE = np.array([0.5, 0.52, 0.48, 0.51, 0.49, 0.5])


def sound():
    data = frame(a=BASE + 0.2, b=BASE[::-1], c=BASE + 0.1)
    seconds = data["experiment"].map({"a": 4.0, "b": 1.0, "c": 2.0})
    return data.assign(seconds=seconds * (1 + 0.01 * data["acc"]))


@pytest.mark.parametrize("check", CHECKS, ids=lambda c: type(c).__name__)
def test_every_check_holds_on_sound_data_and_falls_silent_below_three_trials(check):
    assert word(check, sound()) == "reproduced"
    three = one(check, sound().query("experiment != 'a' or seed < 3"))
    assert three.p is not None and "at least" not in three.note
    fewer = one(check, sound().query("experiment != 'a' or seed < 2"))
    assert (fewer.verdict, fewer.low, fewer.high, fewer.p) == ("inconclusive", None, None, None)
    assert "at least 3 trials" in fewer.note


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
    verdicts = every([Value("a", "acc", 0, 1), Value("b", "acc", 0, 1)], data)
    assert [v.verdict for v in verdicts] == ["reproduced", "invalid"]


# ---- what is missing


@pytest.mark.parametrize(
    ("seeds", "said"),
    [
        ([0, 1, 2], "a: 1 of 4 trials missing: seed 3"),
        ([0, 1, 2, 4], "a: 1 of 4 trials missing: seed 3"),
        ([1, 3], "a: 2 of 4 trials missing: seed 0, 2"),
        ([0, 1, 2, 3, 4], "a: 4 trials declared; more than those: seed 4"),
        (list(range(12)), "a: 4 trials declared; more than those: seed 4, 5, 6, 7, 8, 9, ..."),
    ],
)
def test_other_seeds_than_the_declared_ones_are_incomplete(seeds, said):
    values = np.linspace(0.5, 0.6, len(seeds))
    verdict = one(Value("a", "acc", 0, 1), rows("a", values, seed=seeds), trials=4)
    assert (verdict.verdict, verdict.note) == ("incomplete", said)
    assert verdict.estimate is None and not verdict.refuted


def test_what_is_unsound_is_said_before_what_is_missing():
    data = rows("a", TIGHT, status="failed")
    assert word(Value("a", "acc", 0, 1), data, trials=8) == "invalid"


def test_a_trial_without_all_its_members_is_incomplete():
    whole = stacked([0.5, 0.6, 0.55]).assign(members=3)
    check = AtLeast("a", "acc", 0.1)
    assert word(check, whole) == "reproduced"
    cut = one(check, whole.drop(index=4))
    assert (cut.verdict, cut.note) == ("incomplete", "a: seed 1 has 2 of 3 members")


def test_a_claim_with_looks_is_judged_there_and_nowhere_between():
    check, values = AtLeast("a", "acc", 0.4), np.linspace(0.5, 0.6, 16)
    words = {n: word(check, frame(a=values[:n]), trials=16, looks=(8, 16)) for n in (4, 8, 12, 16)}
    assert words == {4: "incomplete", 8: "reproduced", 12: "incomplete", 16: "reproduced"}
    between = one(check, frame(a=values[:12]), trials=16, looks=(8, 16))
    assert between.note == "12 trials; it is judged at 8, 16"
    hole = rows("a", values[:8], seed=[0, 1, 2, 3, 4, 5, 6, 9])
    assert word(check, hole, trials=16, looks=(8, 16)) == "incomplete"
    sides = frame(a=values, b=values[:8] - 0.3)
    uneven = one(Direction("a", "b", "acc"), sides, looks=(8, 16))
    assert uneven.verdict == "incomplete" and uneven.note.startswith("b: 8 of 16 trials missing")


def test_blocked_says_what_is_missing_until_there_are_results():
    check, why = Value("a", "acc", 0, 1), "ImageNet is not at hand; a licence would unblock it"
    for measured in (pd.DataFrame(), frame(b=TIGHT)):
        verdict = one(check, measured, blocked=why)
        assert (verdict.verdict, verdict.note) == ("blocked", why)
    assert word(check, frame(a=TIGHT), blocked=why) == "reproduced"


# ---- experiments of other papers


def test_a_claim_across_papers_reads_both_and_their_declarations():
    check = Direction("a", "other/b", "acc")
    declared = paper(Direction("a", "a", "acc"), trials=5)
    claim = paper(check).claims[0]
    declared = type(declared)(**{**vars(declared), "claims": [claim]})
    data = pd.concat([rows("a", TIGHT), rows("other/b", [0.3])])
    foreign = {"other/b": experiment("b", 1, deterministic=True)}
    (verdict,) = judge(declared, data, "paper", foreign)
    assert verdict.verdict == "reproduced" and verdict.size == "1 to 5"
    (alone,) = judge(declared, rows("a", TIGHT), "paper", foreign)
    assert (alone.verdict, alone.note) == ("not run", "other/b: no result")
    (undeclared,) = judge(declared, data, "paper")
    assert undeclared.verdict == "not run"


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
    assert verdict.verdict == "reproduced"
    assert 0 < verdict.p < 0.05 and verdict.size == "1 to 5"
    both = one(check, frame(a=[0.5], b=[0.45]), fixed=("a", "b"))
    assert (both.verdict, both.p) == ("partially reproduced", None)
    assert word(Ordering((("b",), ("a",)), "acc"), frame(a=[1], b=[0]), fixed="ab") == "reproduced"


def test_a_deterministic_experiment_that_varies_is_invalid():
    verdict = one(Value("a", "acc", 0, 1), frame(a=[0.5, 0.6]), fixed=("a",))
    assert verdict.verdict == "invalid" and "deterministic" in verdict.note
    members = rows("a", [0.5, 0.6], seed=0, member=[0, 1])
    assert word(Value("a", "acc", 0, 1), members, fixed=("a",)) == "reproduced"


def timed(*clocks):
    check = CostRatio("dear", "cheap", "seconds", at_least=2.0)
    data = frame("seconds", dear=[9.0, 9.1, 8.9], cheap=[1.0, 1.1, 0.9])
    return check, data.assign(clock=np.repeat(clocks, 3))


def test_device_times_of_two_clocks_are_not_compared():
    check, data = timed("a", "b")
    verdict = one(check, data)
    assert verdict.verdict == "invalid"
    assert verdict.note == "device time of dear, cheap was taken by 2 clocks"
    check, data = timed("a", "a")
    assert word(check, data) == "reproduced"


def test_what_is_no_time_may_come_from_any_clock():
    _, data = timed("a", "b")
    steps = data.assign(steps=[300, 300, 300, 100, 100, 100])
    assert word(CostRatio("dear", "cheap", "steps", at_least=2.0), steps) == "reproduced"
    assert word(AtLeast("dear", "seconds", 2.0), data) == "reproduced"
