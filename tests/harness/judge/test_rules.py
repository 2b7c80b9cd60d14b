"""Verdicts on made-up measurements: every rule in every outcome, and how often rules err."""

from __future__ import annotations

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
    Spread,
    Trend,
    Value,
)
from harness.judge.rules import judge
from tests.lab.verdicts import TIGHT, frame, one, paper, rows, word

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


# ---- effect, same, ordering, trend


def test_effect_in_each_outcome():
    check = Effect("a", "b", "acc", at_least=0.05)
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
    check = Effect("a", "b", "acc", at_least=0.025)
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
    check = Effect("a", "b", "acc", at_least=0.05)
    data = pd.concat([rows("a", [0.5, 0.51, 0.52]), rows("b", [0.4, 0.41, 0.42], seed=[7, 8, 9])])
    verdict = one(check, data)
    assert verdict.verdict == "reproduced" and verdict.p < 0.05
    assert "too few seeds to permute" in verdict.note
    unequal = pd.concat([rows("a", TIGHT), rows("b", np.array(TIGHT[:4]) - 0.1)])
    assert one(check, unequal).p == pytest.approx(2 / 126)


def test_many_claims_ask_for_a_p_that_holm_can_accept():
    checks = [Effect("a", "b", "acc", at_least=0.05) for _ in range(6)]
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
    check = Effect("a", "a", "acc", at_least=0.04, other="other")
    verdict = one(check, measured)
    assert verdict.verdict == "reproduced" and verdict.estimate == pytest.approx(0.05)
    backward = Effect("a", "a", "other", at_least=0.04, other="acc")
    assert word(backward, measured) == "not reproduced"
    assert one(check, measured.drop(columns="other")).verdict == "not run"
    assert one(check, measured.assign(other=np.nan)).note == "a: 'other' was not measured"


def test_effect_between_metrics_of_two_experiments_reads_each_its_own():
    high = rows("a", [0.5, 0.52, 0.48, 0.51], "mine")
    low = rows("b", [0.3, 0.31, 0.29, 0.32], "yours")
    measured = pd.concat([high, low], ignore_index=True)
    verdict = one(Effect("a", "b", "mine", at_least=0.1, other="yours"), measured)
    assert verdict.verdict == "reproduced" and verdict.estimate == pytest.approx(0.1975)


def test_logarithms_are_printed_as_ratios():
    high, low = np.array([1.1, 1.2, 1.3, 1.2]), np.array([0.2, 0.1, 0.3, 0.2])
    plain = one(Effect("a", "b", "acc", at_least=0.5), frame(a=high, b=low))
    ratio = one(Effect("a", "b", "acc", at_least=0.5, base=10.0), frame(a=high, b=low))
    assert plain.verdict == ratio.verdict == "reproduced"
    assert ratio.estimate == pytest.approx(10.0)
    assert (ratio.low, ratio.high) == (10**plain.low, 10**plain.high)
    assert ratio.p == plain.p


def test_spread_compares_distances_from_the_median():
    close, wide = [0.50, 0.51, 0.49, 0.50, 0.51, 0.49], [0.1, 0.9, 0.2, 0.8, 0.15, 0.85]
    data = frame(a=wide, b=[x + 3 for x in close])
    assert word(Spread("a", "b", "acc"), data) == "reproduced"
    assert word(Spread("b", "a", "acc"), data) == "not reproduced"
    alike = one(Spread("a", "b", "acc"), frame(a=close, b=[0.5, 0.52, 0.48, 0.5, 0.5, 0.51]))
    assert alike.verdict == "inconclusive"
    assert word(Spread("a", "b", "acc"), frame(a=[0.5] * 4, b=[0.4] * 4)) == "inconclusive"


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
    check = CostRatio("a", "b", "seconds", at_least=5.0)
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
    check = CostRatio("a", "b", "steps", at_least=3.0)
    verdict = one(check, frame("steps", a=[3000, 3000], b=[1000, 1000]))
    assert verdict.verdict == "reproduced" and verdict.p is None
    assert verdict.low == verdict.high == pytest.approx(3.0)
    assert word(check, frame("steps", a=[2999, 2999], b=[1000, 1000])) == "partially reproduced"


def test_members_of_one_trial_share_its_clock():
    check = CostRatio("a", "b", "seconds", at_least=5.0)
    stacked = [
        rows(name, [cost] * 16, "seconds", seed=0, member=range(16))
        for name, cost in (("a", 10.0), ("b", 1.0))
    ]
    verdict = one(check, pd.concat(stacked))
    assert (verdict.verdict, verdict.n) == ("inconclusive", (1, 1))


def test_one_timing_of_a_deterministic_experiment_is_still_one_timing():
    check = CostRatio("a", "b", "seconds", at_least=5.0)
    data = frame("seconds", a=[10.0], b=[1.0])
    assert word(check, data, fixed=("a", "b")) == "inconclusive"
    steps = CostRatio("a", "b", "steps", at_least=5.0)
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
    check = Effect("a", "b", "acc", at_least=0.005)

    declared, rng, confirmed = paper(check), np.random.default_rng(11), 0
    for _ in range(100):
        high, low = rng.normal(0.5, 0.1, 4), rng.normal(0.5, 0.1, 4)
        seeds = range(4) if paired else range(50, 54)
        data = pd.concat([rows("a", high), rows("b", low, seed=seeds)])
        confirmed += "reproduced" in judge(declared, data, "paper")[0].verdict.replace("not r", "")
    assert confirmed / 100 <= 0.05


@pytest.mark.slow
def test_the_interval_of_an_effect_covers_the_truth():
    declared, rng, hits = (
        paper(Effect("a", "b", "acc", at_least=0.05)),
        np.random.default_rng(5),
        0,
    )
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
