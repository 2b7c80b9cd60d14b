"""Verdicts on made-up measurements: every rule in every outcome, and how often rules err."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from harness.checks import (
    AtLeast,
    CostRatio,
    Effect,
    Exact,
    Ordering,
    RankCorrelation,
    Same,
    Trend,
    Value,
)
from harness.judge.rules import judge
from harness.paper import Claim, Experiment, Paper, Published, Task

TASK = Task("toy", "none", "v1", "acc")
TIGHT = (0.50, 0.51, 0.49, 0.505, 0.495)
ALL = ("smoke", "nightly", "paper")


@dataclass(frozen=True)
class Nothing:
    """A config without fields."""


def paper(*checks, fixed=()):
    names = sorted({name for check in checks for name in check.experiments})
    return Paper(
        title="toy",
        authors="nobody",
        year=2020,
        url="",
        experiments=[
            Experiment(name, TASK, Nothing(), "m:f", deterministic=name in fixed) for name in names
        ],
        claims=[
            Claim(f"c{i}", "", "", Published(""), check, budgets=ALL)
            for i, check in enumerate(checks)
        ],
    )


def rows(name, values, metric="acc", **changes):
    n = len(values)
    columns = {
        "experiment": name,
        "seed": range(n),
        "member": 0,
        "status": "completed",
        "stopped_by": "length",
        "data_hash": "d0",
        "steps": 100,
        "seconds": 1.0,
        "flops": 1e6,
        metric: list(values),
    }
    return pd.DataFrame(columns | changes)


def frame(metric="acc", **values):
    return pd.concat([rows(name, v, metric) for name, v in values.items()], ignore_index=True)


def one(check, measured, budget="paper", fixed=(), earlier=None):
    (verdict,) = judge(paper(check, fixed=fixed), measured, budget, earlier)
    return verdict


def word(check, measured, **options):
    return one(check, measured, **options).verdict


# ---- value, at least, exact


def test_value_in_each_outcome():
    data = frame(a=TIGHT)
    assert word(Value("a", "acc", 0.45, 0.55), data) == "reproduced"
    assert word(Value("a", "acc", 0.60, 0.70), data) == "not reproduced"
    close = one(Value("a", "acc", 0.496, 0.55), data)
    assert close.verdict == "inconclusive" and "needs about" in close.note
    outside = one(Value("a", "acc", 0.501, 0.55), data)
    assert outside.verdict == "inconclusive" and "outside the band" in outside.note
    assert "edge" in one(Value("a", "acc", 0.49999999, 0.55), data).note


def test_value_prints_interval_level_n_and_p():
    verdict = one(Value("a", "acc", 0.45, 0.55), frame(a=TIGHT))
    assert verdict.estimate == pytest.approx(0.5)
    assert verdict.low < 0.5 < verdict.high
    assert (verdict.level, verdict.n) == (0.90, (5,))
    assert 0 < verdict.p < 0.05
    assert not verdict.refuted


def test_seeds_needed_do_suffice():
    verdict = one(Value("a", "acc", 0.494, 0.55), frame(a=TIGHT))
    seeds = int(verdict.note.split()[2])
    sigma = np.std(TIGHT, ddof=1)
    more = np.random.default_rng(0).normal(size=seeds)
    more = 0.5 + sigma * (more - more.mean()) / more.std(ddof=1)
    check = Value("a", "acc", 0.494, 0.55)
    assert word(check, frame(a=more)) == "reproduced"
    assert word(check, frame(a=TIGHT)) == "inconclusive"


def test_a_headline_value_is_only_on_or_off_track_below_paper_budget():
    data = frame(a=TIGHT)
    bands = {"nightly": (0.4, 0.6)}
    assert word(Value("a", "acc", 0.9, 1.0, bands), data, budget="nightly") == "on track"
    off = one(Value("a", "acc", 0.9, 1.0, bands), data, budget="smoke")
    assert off.verdict == "off track" and off.refuted
    assert word(AtLeast("a", "acc", 0.4), data, budget="smoke") == "on track"
    assert word(AtLeast("a", "acc", 0.9), data, budget="smoke") == "off track"
    assert word(Exact("a", "acc", 1.0), frame(a=[1, 1]), budget="smoke") == "reproduced"


def test_at_least_in_each_outcome():
    data = frame(a=TIGHT)
    assert word(AtLeast("a", "acc", 0.45), data) == "reproduced"
    assert word(AtLeast("a", "acc", 0.55), data) == "not reproduced"
    close = one(AtLeast("a", "acc", 0.498), data)
    assert close.verdict == "inconclusive" and close.p > 0.05


def test_exact_has_no_spread_and_no_p():
    same = one(Exact("a", "count", 7), frame("count", a=[7]))
    assert (same.verdict, same.p, same.low, same.high) == ("reproduced", None, 7, 7)
    assert word(Exact("a", "count", 7), frame("count", a=[7, 8, 7])) == "not reproduced"


def test_equal_values_of_several_seeds_have_a_point_interval():
    data = frame(a=[0.1, 0.1, 0.1])
    inside = one(Value("a", "acc", 0.1, 0.2), data)
    assert (inside.verdict, inside.low, inside.high, inside.p) == ("reproduced", 0.1, 0.1, None)
    assert word(Value("a", "acc", 0.11, 0.2), data) == "not reproduced"
    assert word(AtLeast("a", "acc", 0.1), data) == "reproduced"


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


# ---- effect, same, ordering, trend


def test_effect_in_each_outcome():
    check = Effect("a", "b", "acc", claimed=0.10)
    low = [0.40, 0.41, 0.42, 0.39]
    data = {"b": low}
    assert (
        word(check, frame(a=[x + 0.1 for x in (0.41, 0.40, 0.42, 0.39)], **data)) == "reproduced"
    )
    small = one(check, frame(a=[0.431, 0.442, 0.449, 0.42], **data))
    assert small.verdict == "partially reproduced" and "0.05" in small.note
    assert word(check, frame(a=[0.31, 0.32, 0.30, 0.29], **data)) == "not reproduced"
    unclear = one(check, frame(a=[0.45, 0.40, 0.43, 0.38], **data))
    assert unclear.verdict == "inconclusive" and "seeds" in unclear.note


def test_effect_is_paired_only_by_equal_seeds_and_members():
    low = np.array([0.1, 0.9, 0.5, 0.3, 0.7, 0.2])
    high = low + np.array([0.05, 0.06, 0.04, 0.05, 0.06, 0.04])
    check = Effect("a", "b", "acc", claimed=0.05)
    paired = one(check, frame(a=high, b=low))
    assert paired.verdict == "reproduced"
    assert paired.p == pytest.approx(2 / 2**6)
    shuffled = pd.concat([rows("a", high), rows("b", low)]).sample(frac=1, random_state=1)
    assert one(check, shuffled).low == paired.low
    apart = pd.concat([rows("a", high), rows("b", low, seed=range(10, 16))])
    assert one(check, apart).verdict == "inconclusive"
    members = pd.concat([rows("a", high), rows("b", low, seed=0, member=range(6))])
    assert one(check, members).verdict == "inconclusive"


def test_effect_with_too_few_seeds_to_permute_says_so():
    check = Effect("a", "b", "acc", claimed=0.1)
    data = pd.concat([rows("a", [0.5, 0.51, 0.52]), rows("b", [0.4, 0.41, 0.42], seed=[7, 8, 9])])
    verdict = one(check, data)
    assert verdict.verdict == "reproduced" and verdict.p < 0.05
    assert "too few seeds to permute" in verdict.note
    unequal = pd.concat([rows("a", TIGHT), rows("b", np.array(TIGHT[:4]) - 0.1)])
    assert one(check, unequal).p == pytest.approx(2 / 126)


def test_many_claims_ask_for_a_p_that_holm_can_accept():
    checks = [Effect("a", "b", "acc", claimed=0.1) for _ in range(6)]
    data = pd.concat([rows("a", TIGHT[:4]), rows("b", np.array(TIGHT) + 0.4)])
    verdicts = judge(paper(*checks), data, "nightly")
    assert {v.verdict for v in verdicts} == {"not reproduced"}
    assert all("t test" in v.note for v in verdicts)


def test_same_in_each_outcome():
    data = frame(a=TIGHT, b=[0.51, 0.49, 0.5, 0.495, 0.505])
    assert word(Same("a", "b", "acc", margin=0.05), data) == "reproduced"
    assert word(Same("a", "b", "acc", margin=0.005), data) == "inconclusive"
    far = frame(a=TIGHT, b=[0.7, 0.71, 0.69, 0.7, 0.7])
    assert word(Same("a", "b", "acc", margin=0.05), far) == "not reproduced"


def test_ordering_in_each_outcome():
    check = Ordering((("a",), ("b", "c")), "acc")
    noise = np.array([0.0, 0.01, -0.01, 0.005, 0.002])
    up = frame(a=0.1 + noise, b=0.4 - noise, c=0.3 + noise[::-1])
    right = one(check, up)
    assert right.verdict == "reproduced" and right.note == "smallest gap: c - a"
    assert right.estimate == pytest.approx(0.2) and right.low > 0
    wrong = one(check, frame(a=0.1 + noise, b=0.4 - noise, c=noise[::-1]))
    assert wrong.verdict == "not reproduced" and wrong.estimate < 0
    tied = one(check, frame(a=0.1 + noise, b=0.4 - noise, c=0.101 + noise[::-1]))
    assert tied.verdict == "inconclusive" and "needs about" in tied.note


def test_ordering_applies_holm_over_its_pairs():
    noise = np.array([0.0, 0.01, -0.01, 0.006, -0.004])
    above = 0.016 + noise[[1, 2, 3, 4, 0]]
    check, pair = Ordering((("a",), ("b",)), "acc"), frame(a=noise, b=above)
    assert word(check, pair) == "reproduced" and 0.025 < one(check, pair).p < 0.05
    three = pd.concat([pair, rows("c", above)])
    fork = one(Ordering((("a",), ("b", "c")), "acc"), three)
    assert fork.verdict == "inconclusive"
    assert fork.p == pytest.approx(2 * one(check, pair).p)
    other_way = one(Ordering((("b", "c"), ("a",)), "acc"), three)
    assert other_way.verdict == "inconclusive"


def test_ordering_with_a_margin():
    noise = np.array([0.0, 0.01, -0.01, 0.005, 0.002])
    apart = frame(a=0.1 + noise, b=0.3 - noise)
    assert word(Ordering((("a",), ("b",)), "acc", margin=0.15), apart) == "reproduced"
    assert word(Ordering((("a",), ("b",)), "acc", margin=0.3), apart) == "not reproduced"
    near = frame(a=0.1 + noise, b=0.0999 + noise[::-1])
    assert word(Ordering((("a",), ("b",)), "acc", margin=-0.05), near) == "reproduced"
    assert word(Ordering((("a",), ("b",)), "acc"), near) == "inconclusive"


def test_effect_between_two_metrics_is_paired_per_replicate():
    """The replicates differ far more from one another than the two metrics differ in each."""
    level = np.array([0.1, 0.5, 0.9, 0.3, 0.7])
    measured = frame(a=level).assign(other=level - 0.05 - np.array([0, 1, -1, 1, -1]) * 1e-3)
    check = Effect("a", "a", "acc", claimed=0.08, other="other")
    verdict = one(check, measured)
    assert verdict.verdict == "reproduced" and verdict.estimate == pytest.approx(0.05)
    backward = Effect("a", "a", "other", claimed=0.08, other="acc")
    assert word(backward, measured) == "not reproduced"
    assert one(check, measured.drop(columns="other")).verdict == "not run"
    assert one(check, measured.assign(other=np.nan)).note == "a: 'other' was not measured"


def test_effect_between_metrics_of_two_experiments_reads_each_its_own():
    high = rows("a", [0.5, 0.52, 0.48, 0.51], "mine")
    low = rows("b", [0.3, 0.31, 0.29, 0.32], "yours")
    measured = pd.concat([high, low], ignore_index=True)
    verdict = one(Effect("a", "b", "mine", claimed=0.2, other="yours"), measured)
    assert verdict.verdict == "reproduced" and verdict.estimate == pytest.approx(0.1975)


def test_trend_in_each_outcome():
    check = Trend(("a", "b", "c", "d"), "acc")
    base = np.array([0.3, 0.1, 0.2])
    up = one(check, frame(a=base, b=base + 0.1, c=base + 0.2, d=base + 0.3))
    assert (up.verdict, up.estimate) == ("reproduced", 1)
    down = one(check, frame(d=base, c=base + 0.1, b=base + 0.2, a=base + 0.3))
    assert (down.verdict, down.estimate) == ("not reproduced", -1)
    flat = frame(a=[0.1, 0.2, 0.3], b=[0.2, 0.1, 0.3], c=[0.3, 0.2, 0.1], d=[0.2, 0.2, 0.2])
    assert word(check, flat) == "inconclusive"
    assert word(Trend(("a", "b"), "acc"), frame(a=base, b=base + 1)) == "inconclusive"


def test_trend_uses_common_blocks_and_carries_constants_into_each():
    check = Trend(("a", "b", "c"), "acc")
    base = np.linspace(0.1, 0.2, 6)
    data = pd.concat([rows("a", [0.05]), rows("b", base), rows("c", base + 0.1)])
    assert word(check, data, fixed=("a",)) == "reproduced"
    assert word(check, frame(a=[1.0], b=[2.0], c=[3.0]), fixed=("a", "b", "c")) == "reproduced"
    assert word(check, frame(a=[1.0], b=[3.0], c=[2.0]), fixed=("a", "b", "c")) == "not reproduced"
    apart = pd.concat([rows("a", base), rows("b", base + 1), rows("c", base, seed=range(9, 15))])
    assert word(check, apart) == "inconclusive"


# ---- cost ratio, rank correlation


def test_cost_ratio_in_each_outcome():
    check = CostRatio("a", "b", "seconds", claimed=10.0, at_least=5.0)
    cheap = [1.0, 1.1, 0.9, 1.05]
    ratio = one(check, frame("seconds", a=[10.0, 10.5, 9.5, 10.0], b=cheap))
    assert ratio.verdict == "reproduced"
    assert ratio.estimate == pytest.approx(40 / 4.05) and 5 < ratio.low < ratio.high
    partial = word(check, frame("seconds", a=[2.0, 2.1, 1.9, 2.0], b=cheap))
    assert partial == "partially reproduced"
    assert word(check, frame("seconds", a=[0.5, 0.6, 0.4, 0.5], b=cheap)) == "not reproduced"
    assert word(check, frame("seconds", a=[5.0, 5.5, 5.2, 5.0], b=cheap)) == "inconclusive"
    assert word(check, frame("seconds", a=[5.0, 0.0], b=cheap)) == "invalid"


def test_constant_costs_are_exact():
    check = CostRatio("a", "b", "steps", claimed=3.0, at_least=3.0)
    verdict = one(check, frame("steps", a=[3000, 3000], b=[1000, 1000]))
    assert verdict.verdict == "reproduced" and verdict.p is None
    assert verdict.low == verdict.high == pytest.approx(3.0)
    assert word(check, frame("steps", a=[2999, 2999], b=[1000, 1000])) == "partially reproduced"


def test_members_of_one_trial_share_its_clock():
    check = CostRatio("a", "b", "seconds", claimed=10.0, at_least=5.0)
    stacked = [
        rows(name, [cost] * 16, "seconds", seed=0, member=range(16))
        for name, cost in (("a", 10.0), ("b", 1.0))
    ]
    verdict = one(check, pd.concat(stacked))
    assert (verdict.verdict, verdict.n) == ("inconclusive", (1, 1))


def test_one_timing_of_a_deterministic_experiment_is_still_one_timing():
    check = CostRatio("a", "b", "seconds", claimed=10.0, at_least=5.0)
    data = frame("seconds", a=[10.0], b=[1.0])
    assert word(check, data, fixed=("a", "b")) == "inconclusive"
    steps = CostRatio("a", "b", "steps", claimed=10.0, at_least=5.0)
    assert word(steps, frame("steps", a=[10], b=[1]), fixed=("a", "b")) == "reproduced"


def test_rank_correlation_in_each_outcome():
    line, rng = np.linspace(0, 1, 60), np.random.default_rng(0)

    def verdict(second, at_least=0.5, n=60):
        data = rows("a", line[:n], "guess", seed=0, member=range(n)).assign(truth=second[:n])
        return one(RankCorrelation("a", "guess", "truth", at_least), data)

    strong = verdict(line + 0.05 * rng.normal(size=60))
    assert strong.verdict == "reproduced" and 0.5 < strong.low < strong.estimate < strong.high < 1
    assert verdict(line + 0.6 * rng.normal(size=60), 0.9).verdict == "partially reproduced"
    assert verdict(-line).verdict == "not reproduced"
    assert verdict(line + 0.3 * rng.normal(size=60), 0.45).verdict == "inconclusive"
    assert "at least 50" in verdict(line, n=49).note
    assert verdict(np.ones(60)).verdict == "inconclusive"


# ---- the validity gate

CHECKS = [
    Value("a", "acc", 0.0, 1.0),
    AtLeast("a", "acc", 0.0),
    Effect("a", "b", "acc", 0.1),
    Same("a", "b", "acc", 1.0),
    Ordering((("b",), ("a",)), "acc"),
    Trend(("b", "c", "a"), "acc"),
    CostRatio("a", "b", "seconds", 2.0, 1.5),
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
    check = Effect("a", "b", "acc", claimed=0.2)
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


# ---- the paper as a whole


def test_claims_come_in_order_and_only_those_of_the_budget():
    declared = paper(Exact("a", "acc", 1), Exact("a", "acc", 2))
    verdicts = judge(declared, frame(a=[1]), "nightly")
    assert [v.claim.id for v in verdicts] == ["c0", "c1"]
    assert [v.verdict for v in verdicts] == ["reproduced", "not reproduced"]
    assert {v.budget for v in verdicts} == {"nightly"}
    assert judge(declared, frame(a=[1]), "check") == []


def test_holm_takes_back_refutations_that_are_only_just_significant():
    weak, strong = AtLeast("a", "acc", 0.509), AtLeast("a", "acc", 0.9)
    data = frame(a=TIGHT)
    alone = one(weak, data)
    assert alone.refuted and 0.025 < alone.p < 0.05
    twice = judge(paper(weak, weak), data, "paper")
    assert [v.verdict for v in twice] == ["inconclusive", "inconclusive"]
    assert all("Holm" in v.note and "not reproduced" in v.note for v in twice)
    mixed = judge(paper(weak, strong, Exact("a", "acc", 3)), data, "paper")
    assert [v.verdict for v in mixed] == ["not reproduced"] * 3


# ---- how often the rules err


@pytest.mark.slow
def test_tost_errs_in_one_of_twenty_when_the_truth_is_at_the_margin():
    declared, rng = paper(Value("a", "acc", 0.0, 1.0)), np.random.default_rng(11)
    draws = [judge(declared, frame(a=rng.normal(1.0, 0.1, 5)), "paper") for _ in range(400)]
    words = [verdict.verdict for (verdict,) in draws]
    assert 0.02 <= words.count("reproduced") / 400 <= 0.08
    assert 0.02 <= words.count("not reproduced") / 400 <= 0.08


@pytest.mark.slow
@pytest.mark.parametrize("paired", [True, False])
def test_no_effect_is_seldom_confirmed(paired):
    check = Effect("a", "b", "acc", claimed=0.01)

    declared, rng, confirmed = paper(check), np.random.default_rng(11), 0
    for _ in range(100):
        high, low = rng.normal(0.5, 0.1, 4), rng.normal(0.5, 0.1, 4)
        seeds = range(4) if paired else range(50, 54)
        data = pd.concat([rows("a", high), rows("b", low, seed=seeds)])
        confirmed += "reproduced" in judge(declared, data, "paper")[0].verdict.replace("not r", "")
    assert confirmed / 100 <= 0.05


@pytest.mark.slow
def test_the_interval_of_an_effect_covers_the_truth():
    declared, rng, hits = paper(Effect("a", "b", "acc", claimed=0.1)), np.random.default_rng(5), 0
    for _ in range(100):
        data = pd.concat([rows("a", rng.normal(0.6, 0.2, 4)), rows("b", rng.normal(0.5, 0.1, 6))])
        (verdict,) = judge(declared, data, "paper")
        hits += verdict.low <= 0.1 <= verdict.high
    assert 0.92 <= hits / 100 <= 0.99


@pytest.mark.slow
def test_pooled_tost_keeps_its_level():
    check, rng = Value("a", "acc", 0.0, 1.0), np.random.default_rng(2)
    hits = 0
    for _ in range(100):
        old = rows("a", rng.normal(0.3, 0.1, 11), seed=range(50, 61))
        hits += word(check, frame(a=rng.normal(1.0, 0.1, 3)), earlier=old) == "reproduced"
    assert hits / 100 <= 0.08


NUMBERS = st.lists(st.integers(-64, 64), min_size=2, max_size=5)


@pytest.mark.slow
@settings(max_examples=15, deadline=None)
@given(NUMBERS, NUMBERS, st.sampled_from([0.25, 2.0, 8.0]), st.integers(-4, 4))
def test_verdicts_do_not_depend_on_the_unit_or_the_origin(first, second, scale, shift):
    def verdicts(k, s):
        a, b = (np.array(x) / 64 * k + s for x in (first, second))
        checks = [
            Value("a", "acc", -0.5 * k + s, 0.5 * k + s),
            AtLeast("a", "acc", 0.1 * k + s),
            Effect("a", "b", "acc", 0.5 * k),
            Same("a", "b", "acc", 0.75 * k),
            Ordering((("b",), ("a",)), "acc"),
        ]
        return [v.verdict for v in judge(paper(*checks), frame(a=a, b=b), "paper")]

    assert verdicts(1.0, 0.0) == verdicts(scale, shift)
