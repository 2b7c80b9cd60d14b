"""Verdicts on made-up measurements: every rule in every outcome, and at its very boundary."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from harness import statistics
from harness.checks import (
    AtLeast,
    BestOf,
    CostRatio,
    Direction,
    Effect,
    Exact,
    Ordering,
    RankCorrelation,
    Same,
    Spread,
    Trend,
    Value,
)
from harness.judge.rules import judge, judge_each
from harness.paper import Published
from tests.lab.verdicts import TIGHT, every, frame, one, paper, rows, word

CLOSE = 1e-6


def bounds(values, level=0.95):
    """The interval of a mean; test_statistics holds it against scipy's."""
    return statistics.mean(np.asarray(values)).interval(level)


# ---- value, at least, exact


def test_value_in_each_outcome():
    data, (low, high) = frame(a=TIGHT), bounds(TIGHT)
    assert word(Value("a", "acc", low - CLOSE, high + CLOSE), data) == "reproduced"
    assert word(Value("a", "acc", low + CLOSE, high + CLOSE), data) == "inconclusive"
    assert word(Value("a", "acc", low - CLOSE, high - CLOSE), data) == "inconclusive"
    assert word(Value("a", "acc", high + CLOSE, 0.7), data) == "not reproduced"
    assert word(Value("a", "acc", high - CLOSE, 0.7), data) == "inconclusive"
    assert word(Value("a", "acc", 0.2, low - CLOSE), data) == "not reproduced"
    assert word(Value("a", "acc", 0.2, low + CLOSE), data) == "inconclusive"


def test_value_says_why_it_is_open():
    data = frame(a=TIGHT)
    assert one(Value("a", "acc", 0.496, 0.55), data).note.startswith("needs about")
    outside = one(Value("a", "acc", 0.501, 0.55), data)
    assert outside.verdict == "inconclusive" and "outside the band" in outside.note
    assert "edge" in one(Value("a", "acc", 0.49999999, 0.55), data).note


def test_at_least_in_each_outcome():
    data, (low, high) = frame(a=TIGHT), bounds(TIGHT)
    assert word(AtLeast("a", "acc", low - CLOSE), data) == "reproduced"
    assert word(AtLeast("a", "acc", low + CLOSE), data) == "inconclusive"
    assert word(AtLeast("a", "acc", high - CLOSE), data) == "inconclusive"
    assert word(AtLeast("a", "acc", high + CLOSE), data) == "not reproduced"


def test_exact_has_no_spread_and_no_p():
    same = one(Exact("a", "count", 7), frame("count", a=[7]))
    assert (same.verdict, same.p, same.low, same.high) == ("reproduced", None, 7, 7)
    assert word(Exact("a", "count", 7), frame("count", a=[7, 8, 7])) == "not reproduced"


def test_values_that_all_agree_decide_nothing_at_any_n():
    for n in (3, 8, 40):
        data = frame(a=[0.1] * n)
        for check in (Value("a", "acc", 0.0, 0.2), Value("a", "acc", 0.5, 0.6)):
            verdict = one(check, data)
            assert (verdict.verdict, verdict.low, verdict.p) == ("inconclusive", None, None)
            assert verdict.note.startswith(f"no spread in {n} trials")
    equal = frame(a=[0.5, 0.6, 0.7], b=[0.4, 0.5, 0.6])
    gap = one(Effect("a", "b", "acc", 0.05), equal)
    assert gap.verdict == "inconclusive" and "no spread in 3 trials" in gap.note


def test_zeros_and_ones_have_an_exact_interval():
    """Eight of eight: the share is at least 0.025 ** (1 / 8) = 0.6306, not certainly 1."""
    sure = frame(a=[1.0] * 8)
    verdict = one(AtLeast("a", "acc", 0.63), sure)
    assert (verdict.verdict, verdict.high) == ("reproduced", 1.0)
    assert verdict.low == pytest.approx(0.025 ** (1 / 8))
    assert word(AtLeast("a", "acc", 0.64), sure) == "inconclusive"
    never = frame(a=[0.0] * 8)
    assert word(AtLeast("a", "acc", 0.36), never) == "inconclusive"
    assert word(AtLeast("a", "acc", 0.37), never) == "not reproduced"
    assert word(Value("a", "acc", 0.0, 0.37), never) == "reproduced"
    mixed = one(Value("a", "acc", 0.0, 0.3), frame(a=[1.0, 0, 1, 1, 1, 1, 1, 1]))
    assert mixed.verdict == "not reproduced"
    theirs = stats.binomtest(7, 8).proportion_ci(0.95, "exact")
    assert (mixed.low, mixed.high) == pytest.approx((theirs.low, theirs.high))
    assert word(AtLeast("a", "acc", 0.1), frame(a=[1.0, 1.0])) == "inconclusive"


def test_ones_in_a_unit_without_an_end_may_be_anything_next_time():
    check, count = AtLeast("a", "acc", 0.1), frame(a=[1.0] * 8)
    assert word(check, count) == "reproduced"
    assert "no spread" in one(check, count, unit="arrays").note


def test_an_interval_of_a_fraction_ends_at_its_range():
    near = frame(a=[0.0, 0.01, 0.02])
    verdict = one(Value("a", "acc", 0.0, 0.1), near)
    assert (verdict.verdict, verdict.low) == ("reproduced", 0.0)
    assert one(Value("a", "acc", 0.9, 1.0), frame(a=[1.0, 0.99, 0.98])).high == 1.0
    assert one(Value("a", "acc", 0.0, 0.1), near, unit="nats").low < 0
    assert one(Value("a", "acc", 0.0, 2.0), frame(a=[0.9, 1.0, 1.2])).high > 1
    assert one(Same("a", "b", "acc", 0.5), frame(a=near["acc"], b=[0.1, 0.0, 0.0])).low < 0


def test_the_papers_own_error_enters_where_its_mean_is_in_the_band():
    """Ours is 0.650 +- 0.001; theirs is 68 +- 2 % of n = 3: more than 66 % is not refuted."""
    ours = frame(a=[0.649, 0.650, 0.651, 0.650])
    printed = Published("68 ± 2 %", 0.68, 0.02, 3, unit="%", dataset="none")
    check = Value("a", "acc", 0.66, 0.70)
    assert word(check, ours) == "not reproduced"
    beside = one(check, ours, published=printed)
    assert beside.verdict == "inconclusive"
    sd = np.std(ours["acc"], ddof=1)
    welch = stats.ttest_ind_from_stats(0.65, sd, 4, 0.66, 0.02, 3, equal_var=False)
    assert beside.p_against == pytest.approx(welch.pvalue)
    assert word(AtLeast("a", "acc", 0.66), ours, published=printed) == "inconclusive"
    band = Value("a", "acc", 0.66, 0.70, {"paper": (0.66, 0.70)})
    assert word(band, ours, published=printed) == "not reproduced"
    without = Published("68 ± 2 %", 0.68, 0.02, unit="%", dataset="none")
    assert word(check, ours, published=without) == "not reproduced"


# ---- effect, same, ordering, trend


LOW = np.array([0.40, 0.41, 0.42, 0.39])
GAPS = np.array([0.10, 0.09, 0.11, 0.10])


def test_effect_in_each_outcome():
    """Its whole interval decides, not its mean: the size itself is tested."""
    low, _ = bounds(GAPS)
    data = frame(a=LOW + GAPS, b=LOW)
    assert word(Effect("a", "b", "acc", low - CLOSE), data) == "reproduced"
    partial = one(Effect("a", "b", "acc", low + CLOSE), data)
    assert partial.verdict == "partially reproduced" and partial.estimate > low + CLOSE
    assert partial.note.startswith("the direction is confirmed, the size is not: needs about")
    less = one(Effect("a", "b", "acc", 0.2), data)
    assert less.verdict == "partially reproduced"
    assert less.note == "the direction is confirmed, the size is not"
    assert word(Effect("b", "a", "acc", 0.2), data) == "not reproduced"


def test_an_effect_whose_size_is_excluded_is_refuted_unless_its_direction_is_sure():
    gaps = np.array([0.01, -0.02, 0.03, 0.0])
    low, high = bounds(gaps)
    assert low < 0 < high
    data = frame(a=LOW + gaps, b=LOW)
    assert word(Effect("a", "b", "acc", high + CLOSE), data) == "not reproduced"
    unclear = one(Effect("a", "b", "acc", high - CLOSE), data)
    assert unclear.verdict == "inconclusive" and "needs about" in unclear.note
    assert word(Direction("a", "b", "acc"), data) == "inconclusive"


def test_direction_in_each_outcome():
    data = frame(a=LOW + GAPS, b=LOW)
    up, down = one(Direction("a", "b", "acc"), data), one(Direction("b", "a", "acc"), data)
    assert (up.verdict, down.verdict) == ("reproduced", "not reproduced")
    assert up.p == down.p == pytest.approx(stats.ttest_1samp(GAPS, 0).pvalue)
    same = frame(a=[0.3], b=[0.3])
    assert word(Direction("a", "b", "acc"), same, fixed=("a", "b")) == "not reproduced"


def test_effect_is_paired_only_by_equal_units():
    low = np.array([0.1, 0.9, 0.5, 0.3, 0.7, 0.2])
    high = low + np.array([0.05, 0.06, 0.04, 0.05, 0.06, 0.04])
    check = Effect("a", "b", "acc", at_least=0.025)
    paired = one(check, frame(a=high, b=low))
    assert paired.verdict == "reproduced"
    shuffled = pd.concat([rows("a", high), rows("b", low)]).sample(frac=1, random_state=1)
    assert one(check, shuffled).low == paired.low
    uneven = one(check, pd.concat([rows("a", high), rows("b", low[:5])]))
    welch = statistics.difference(statistics.mean(high), statistics.mean(low[:5]))
    assert (uneven.low, uneven.high) == pytest.approx(welch.interval(0.95))
    members = [rows(name, v, seed=0, member=range(6)) for name, v in (("a", high), ("b", low))]
    assert one(check, pd.concat(members), alone=("a", "b")).low == pytest.approx(paired.low)
    assert word(check, pd.concat(members)) == "inconclusive"


def test_a_side_without_spread_leaves_an_unpaired_difference_open():
    check = Direction("a", "b", "acc")
    uneven = pd.concat([rows("a", [0.9] * 6), rows("b", TIGHT)])
    assert "no spread" in one(check, uneven).note
    assert word(check, frame(a=[0.9] * 5, b=TIGHT)) == "reproduced"  # pairs have a spread


def test_the_best_of_k_of_a_paper_is_compared_with_ours():
    """Sixteen trials in groups of four: each group's best by validation is one unit."""
    rng = np.random.default_rng(1)
    validation = rng.normal(0.5, 0.05, 16)
    data = rows("a", validation + 0.01, "acc").assign(val=validation)
    best = BestOf(4, "val", "max")
    verdict = one(Value("a", "acc", 0.5, 0.7, best=best), data)
    expected = validation.reshape(4, 4).max(axis=1) + 0.01
    assert (verdict.low, verdict.high) == pytest.approx(bounds(expected))
    assert verdict.size == "4 x best of 4"
    below = pd.concat([data, rows("b", validation - 0.2)])
    gap = one(Direction("a", "b", "acc", best={"a": best}), below)
    assert gap.estimate == pytest.approx(expected.mean() - (validation - 0.2).mean())
    few = one(Value("a", "acc", 0.5, 0.7, best=BestOf(8, "val", "max")), data)
    assert (few.verdict, few.low) == ("inconclusive", None)
    none = one(Value("a", "acc", 0.5, 0.7, best=BestOf(32, "val", "max")), data)
    assert (none.verdict, none.estimate) == ("inconclusive", None)


def test_logarithms_are_printed_as_ratios():
    high, low = np.array([1.1, 1.2, 1.3, 1.2]), np.array([0.2, 0.1, 0.3, 0.2])
    plain = one(Effect("a", "b", "acc", at_least=0.5), frame(a=high, b=low))
    ratio, whole = (
        one(Effect("a", "b", "acc", at_least=0.5, base=base), frame(a=high, b=low))
        for base in (10.0, 10)  # a whole number is no other base
    )
    assert whole == replace(ratio, claim=whole.claim)
    assert plain.verdict == ratio.verdict == "reproduced"
    assert ratio.estimate == pytest.approx(10.0)
    assert (ratio.low, ratio.high) == (10**plain.low, 10**plain.high)
    assert ratio.p == plain.p


def test_spread_in_each_outcome():
    close, wide = [0.50, 0.51, 0.49, 0.505, 0.51, 0.49], [0.1, 0.9, 0.25, 0.8, 0.15, 0.85]
    data = frame(a=wide, b=[x + 3 for x in close])
    found = one(Spread("a", "b", "acc"), data)
    assert found.verdict == "reproduced"
    assert 1 < found.low < found.estimate < found.high
    back = one(Spread("b", "a", "acc"), data)
    assert back.verdict == "not reproduced"
    assert back.estimate == pytest.approx(1 / found.estimate)
    alike = one(Spread("a", "b", "acc"), frame(a=close, b=[0.5, 0.52, 0.48, 0.5, 0.5, 0.51]))
    assert alike.verdict == "inconclusive" and "trials" in alike.note
    assert word(Spread("a", "b", "acc"), frame(a=[0.5] * 4, b=close)) == "inconclusive"
    assert word(Spread("a", "b", "acc"), frame(a=[0.1, 0.9], b=close)) == "inconclusive"


def test_same_in_each_outcome():
    data = frame(a=TIGHT, b=[0.51, 0.49, 0.5, 0.495, 0.505])
    gaps = statistics.mean(np.array(TIGHT) - [0.51, 0.49, 0.5, 0.495, 0.505]).interval(0.95)
    farther = max(-gaps[0], gaps[1])
    assert word(Same("a", "b", "acc", margin=farther + CLOSE), data) == "reproduced"
    assert word(Same("a", "b", "acc", margin=farther - CLOSE), data) == "inconclusive"
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


def test_an_ordering_is_confirmed_pair_by_pair_and_refuted_after_holm():
    noise = np.array([0.0, 0.01, -0.01, 0.006, -0.004])
    above = 0.027 + noise[[1, 2, 3, 4, 0]]
    check, pair = Ordering((("a",), ("b",)), "acc"), frame(a=noise, b=above)
    alone = one(check, pair)
    assert alone.verdict == "reproduced" and 0.025 < alone.p < 0.05
    three = pd.concat([pair, rows("c", above)])
    fork = one(Ordering((("a",), ("b", "c")), "acc"), three)
    assert fork.verdict == "reproduced" and fork.p == pytest.approx(alone.p)
    backward = one(Ordering((("b",), ("a",)), "acc"), pair)
    assert backward.verdict == "not reproduced" and backward.p == pytest.approx(alone.p)
    both = one(Ordering((("b", "c"), ("a",)), "acc"), three)
    assert both.verdict == "inconclusive"
    assert both.p_against == pytest.approx(2 * alone.p)


def test_an_ordering_of_constants_and_samples():
    check = Ordering((("a",), ("b",), ("c",)), "acc")
    data = frame(a=[0.1], b=[0.2], c=np.array(TIGHT))
    assert word(check, data, fixed=("a", "b")) == "reproduced"
    wrong = one(check, frame(a=[0.2], b=[0.1], c=np.array(TIGHT)), fixed=("a", "b"))
    assert wrong.verdict == "not reproduced"
    few = one(check, frame(a=[0.1], b=[0.2], c=TIGHT[:2]), fixed=("a", "b"))
    assert few.note == "c - b: needs at least 3 trials"


def test_ordering_with_a_margin():
    noise = np.array([0.0, 0.01, -0.01, 0.005, 0.002])
    apart = frame(a=0.1 + noise, b=0.3 - noise)
    assert word(Ordering((("a",), ("b",)), "acc", margin=0.15), apart) == "reproduced"
    assert word(Ordering((("a",), ("b",)), "acc", margin=0.3), apart) == "not reproduced"
    near = frame(a=0.1 + noise, b=0.0999 + noise[::-1])
    assert word(Ordering((("a",), ("b",)), "acc", margin=-0.05), near) == "reproduced"
    assert word(Ordering((("a",), ("b",)), "acc"), near) == "inconclusive"


def test_effect_between_two_metrics_is_paired_per_trial():
    """The trials differ far more from one another than the two metrics differ in each."""
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


def test_a_trend_is_a_two_sided_test_of_units():
    check, base = Trend(("a", "b", "c"), "acc"), np.array([0.3, 0.1, 0.2])
    up = one(check, frame(a=base, b=base + 0.1, c=base + 0.2))
    assert up.p == pytest.approx(2 * stats.page_trend_test(np.arange(9).reshape(3, 3)).pvalue)
    stacked = [
        rows(name, [0.1 * k] * 9, seed=[0, 0, 0, 1, 1, 1, 2, 2, 2], member=[0, 1, 2] * 3)
        for k, name in enumerate("abc")
    ]
    wobble = np.tile(np.repeat([0.0, 0.01, 0.02], 3), 3)
    blocks = one(check, pd.concat(stacked).assign(acc=lambda d: d["acc"] + wobble))
    assert blocks.note == "3 blocks" and blocks.size == "3 trials x 3"
    two = one(check, frame(a=base[:2], b=base[:2] + 1, c=base[:2] + 2))
    assert two.verdict == "inconclusive" and "at least 3 trials" in two.note
    equal = one(check, frame(a=[1.0] * 4, b=[2.0] * 4, c=[3.0] * 4))
    assert equal.verdict == "inconclusive" and "no spread in 4 trials" in equal.note


def test_trend_uses_common_blocks_and_carries_constants_into_each():
    check = Trend(("a", "b", "c"), "acc")
    base = np.linspace(0.1, 0.2, 6)
    data = pd.concat([rows("a", [0.05]), rows("b", base), rows("c", base + 0.1)])
    assert word(check, data, fixed=("a",)) == "reproduced"
    assert word(check, frame(a=[1.0], b=[2.0], c=[3.0]), fixed=("a", "b", "c")) == "reproduced"
    assert word(check, frame(a=[1.0], b=[3.0], c=[2.0]), fixed=("a", "b", "c")) == "not reproduced"
    uneven = one(check, pd.concat([rows("a", base), rows("b", base + 1), rows("c", base[:4] + 2)]))
    assert uneven.note == "4 blocks"


# ---- cost ratio, rank correlation


def test_cost_ratio_in_each_outcome():
    check = CostRatio("a", "b", "seconds", at_least=5.0)
    cheap = [1.0, 1.1, 0.9, 1.05]
    ratio = one(check, frame("seconds", a=[10.0, 10.5, 9.5, 10.0], b=cheap))
    assert ratio.verdict == "reproduced"
    assert ratio.estimate == pytest.approx(40 / 4.05) and 5 < ratio.low < ratio.high
    partial = frame("seconds", a=[2.0, 2.1, 1.9, 2.0], b=cheap)
    assert word(check, partial) == "partially reproduced"
    just = CostRatio("a", "b", "seconds", at_least=ratio.low + CLOSE)
    assert word(just, frame("seconds", a=[10.0, 10.5, 9.5, 10.0], b=cheap)) != "reproduced"
    assert word(check, frame("seconds", a=[0.5, 0.6, 0.4, 0.5], b=cheap)) == "not reproduced"
    assert word(check, frame("seconds", a=[1.0, 1.2, 0.9, 1.1], b=cheap)) == "not reproduced"
    assert word(check, frame("seconds", a=[5.0, 0.0, 5.0], b=cheap)) == "invalid"


@pytest.mark.parametrize("cost", ["steps", "flops"])
def test_work_that_is_planned_is_exact(cost):
    check = CostRatio("a", "b", cost, at_least=3.0)
    verdict = one(check, frame(cost, a=[3000] * 3, b=[1000] * 3))
    assert verdict.verdict == "reproduced" and verdict.p is None
    assert verdict.low == verdict.high == pytest.approx(3.0)
    assert word(check, frame(cost, a=[2999] * 3, b=[1000] * 3)) == "partially reproduced"
    assert word(check, frame(cost, a=[999] * 3, b=[1000] * 3)) == "not reproduced"
    assert word(check, frame(cost, a=[3000] * 2, b=[1000] * 2)) == "inconclusive"


def test_time_without_spread_is_not_exact():
    check = CostRatio("a", "b", "seconds", at_least=3.0)
    assert word(check, frame("seconds", a=[9.0] * 3, b=[1.0] * 3)) == "inconclusive"


def test_members_of_one_trial_share_its_clock():
    check = CostRatio("a", "b", "seconds", at_least=5.0)
    stacked = [
        rows(name, [cost] * 16, "seconds", seed=0, member=range(16))
        for name, cost in (("a", 10.0), ("b", 1.0))
    ]
    verdict = one(check, pd.concat(stacked), alone=("a", "b"))
    assert (verdict.verdict, verdict.size) == ("inconclusive", "1 trials x 16")


def test_one_timing_of_a_deterministic_experiment_is_still_one_timing():
    check = CostRatio("a", "b", "seconds", at_least=5.0)
    data = frame("seconds", a=[10.0], b=[1.0])
    assert word(check, data, fixed=("a", "b")) == "inconclusive"
    steps = CostRatio("a", "b", "steps", at_least=5.0)
    assert word(steps, frame("steps", a=[10], b=[1]), fixed=("a", "b")) == "reproduced"


LINE = np.linspace(0, 1, 60)
NOISE = np.random.default_rng(0).normal(size=(4, 60))


def ranked(*seconds, at_least=0.5, members=60, **fields):
    """The verdict on trials of members in two metrics; the second one is given by trial."""
    trials = [
        rows("a", LINE[:members], "guess", seed=seed, member=range(members)).assign(
            truth=np.asarray(second)[:members]
        )
        for seed, second in enumerate(seconds)
    ]
    return one(RankCorrelation("a", "guess", "truth", at_least), pd.concat(trials), **fields)


def test_rank_correlation_of_independent_members_in_each_outcome():
    strong = ranked(LINE + 0.05 * NOISE[0], alone=("a",))
    assert strong.verdict == "reproduced" and 0.5 < strong.low < strong.estimate < strong.high < 1
    weak = ranked(LINE + 0.6 * NOISE[0], at_least=0.9, alone=("a",))
    assert weak.verdict == "partially reproduced"
    assert ranked(-LINE, alone=("a",)).verdict == "not reproduced"
    near = ranked(LINE + 0.3 * NOISE[0], at_least=0.55, alone=("a",))
    assert near.verdict == "partially reproduced" and "needs about" in near.note
    assert "at least 50" in ranked(LINE, members=49, alone=("a",)).note
    assert ranked(np.ones(60), alone=("a",)).verdict == "inconclusive"


def test_the_correlations_of_trials_are_the_units_where_members_share_something():
    trials = [LINE + 0.3 * noise for noise in NOISE]
    taus = [stats.kendalltau(LINE, second).statistic for second in trials]
    verdict = ranked(*trials, at_least=0.3)
    assert verdict.verdict == "reproduced" and verdict.size == "4 trials x 60"
    assert (verdict.low, verdict.high) == pytest.approx(bounds(taus))
    assert ranked(*trials, at_least=bounds(taus)[0] + CLOSE).verdict == "partially reproduced"
    one_trial = ranked(trials[0])
    assert (one_trial.verdict, one_trial.note) == ("inconclusive", "needs at least 3 trials")
    assert ranked(*trials, members=49).estimate is None


def test_the_correlation_of_a_deterministic_table_is_exact():
    verdict = ranked(LINE + 0.05 * NOISE[0], fixed=("a",))
    assert verdict.verdict == "reproduced" and verdict.low == verdict.high


# ---- the paper as a whole


def test_claims_come_in_order_and_only_those_of_the_budget():
    declared = paper(Exact("a", "acc", 1), Exact("a", "acc", 2))
    verdicts = judge(declared, frame(a=[1]), "nightly")
    assert [v.claim.id for v in verdicts] == ["c0", "c1"]
    assert [v.verdict for v in verdicts] == ["reproduced", "not reproduced"]
    assert {v.budget for v in verdicts} == {"nightly"}
    assert judge(declared, frame(a=[1]), "check") == []


def test_holm_counts_every_claim_that_could_have_been_refuted():
    weak, strong = AtLeast("a", "acc", 0.512), AtLeast("a", "acc", 0.9)
    data = frame(a=TIGHT)
    alone = one(weak, data)
    assert alone.refuted and 0.025 < alone.p < 0.05
    beside = every([weak, AtLeast("a", "acc", 0.4)], data)
    assert [v.verdict for v in beside] == ["inconclusive", "reproduced"]
    assert "not reproduced if judged alone; p = 0.0" in beside[0].note
    assert "after Holm" in beside[0].note
    mixed = every([weak, strong], data)  # the second step of Holm's is at the full level
    assert [v.verdict for v in mixed] == ["not reproduced", "not reproduced"]
    apart = every([weak, Exact("a", "acc", 3), AtLeast("a", "loss", 0)], data)
    assert [v.verdict for v in apart] == ["not reproduced", "not reproduced", "not run"]


def test_self_checks_are_apart_from_holms_correction():
    weak = AtLeast("a", "acc", 0.512)
    verdicts = every([weak] * 4, frame(a=TIGHT), kind="self-check")
    assert [v.verdict for v in verdicts] == ["not reproduced"] * 4


def test_each_alone_is_before_holms_correction():
    weak = AtLeast("a", "acc", 0.512)
    declared = paper(weak, AtLeast("a", "acc", 0.4), trials=5)
    assert judge_each(declared, frame(a=TIGHT), "paper")[0].refuted
    assert not judge(declared, frame(a=TIGHT), "paper")[0].refuted


# ---- looks


def test_a_look_before_the_last_asks_for_more():
    """At 8 of (8, 16) the level is 0.305 %, at 16 it is 4.9 %."""
    values = np.random.default_rng(3).normal(0.5, 0.1, 16)
    early = one(AtLeast("a", "acc", 0.1), frame(a=values[:8]), trials=16, looks=(8, 16))
    assert early.alpha == pytest.approx(0.00305, abs=1e-5)
    assert (early.low, early.high) == pytest.approx(bounds(values[:8], 1 - early.alpha))
    late = one(AtLeast("a", "acc", 0.1), frame(a=values), trials=16, looks=(8, 16))
    assert late.alpha == pytest.approx(0.049, abs=1e-4)
    alone = AtLeast("a", "acc", bounds(values[:8])[0] - CLOSE)
    assert word(alone, frame(a=values[:8])) == "reproduced"
    looked = one(alone, frame(a=values[:8]), trials=16, looks=(8, 16))
    assert looked.verdict == "inconclusive"
    assert looked.note.endswith("; the declared looks end at 16")


def test_holm_reads_a_look_at_its_own_level():
    values = np.random.default_rng(3).normal(0.5, 0.1, 8)
    _, high = bounds(values)
    check, data = AtLeast("a", "acc", high + 0.01), frame(a=values)
    beside = paper(check, AtLeast("a", "acc", 0.1), trials=16, looks=(8, 16))
    p = one(check, data).p
    assert 0.00305 < p < 0.05 and not judge(beside, data, "paper")[0].refuted
    far = paper(AtLeast("a", "acc", 0.9), AtLeast("a", "acc", 0.1), trials=16, looks=(8, 16))
    assert judge(far, data, "paper")[0].refuted


# ---- what no rule may depend on


NUMBERS = st.lists(st.integers(-64, 64), min_size=3, max_size=6)


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
            Direction("a", "b", "acc"),
            Same("a", "b", "acc", 0.75 * k),
            Ordering((("b",), ("a",)), "acc"),
        ]
        return [v.verdict for v in every(checks, frame(a=a, b=b), unit="nats")]

    assert verdicts(1.0, 0.0) == verdicts(scale, shift)
