"""The numbers behind the verdicts: against scipy, closed forms and simulation."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import special, stats

from harness import statistics
from harness.statistics import Estimate

RNG = np.random.default_rng


def even(seed, center, sigma, n):
    """A sample without skew, for which Hall's transformation leaves t as it is."""
    half = np.abs(RNG(seed).normal(0, sigma, n // 2)) + sigma / 10
    return center + np.concatenate([half, -half, [0.0] * (n % 2)])


def test_mean_agrees_with_scipys_one_sample_t_test():
    values = even(0, 2.0, 1.0, 7)
    mean = statistics.mean(values)
    for level in (0.90, 0.95):
        theirs = stats.ttest_1samp(values, 0.0).confidence_interval(level)
        assert mean.interval(level) == pytest.approx((theirs.low, theirs.high))
    greater = stats.ttest_1samp(values, 1.5, alternative="greater").pvalue
    less = stats.ttest_1samp(values, 1.5, alternative="less").pvalue
    assert mean.p_above(1.5) == pytest.approx(greater)
    assert mean.p_below(1.5) == pytest.approx(less)


def test_difference_is_welchs():
    high, low = even(1, 1, 3, 5), even(2, 0, 1, 9)
    gap = statistics.difference(statistics.mean(high), statistics.mean(low))
    theirs = stats.ttest_ind(high, low, equal_var=False)
    assert gap.df == pytest.approx(theirs.df)
    assert gap.n == 5
    assert 2 * gap.p_above(0.0) == pytest.approx(theirs.pvalue)
    assert gap.skew == pytest.approx(0.0, abs=1e-12)
    interval = theirs.confidence_interval(0.95)
    assert gap.interval(0.95) == pytest.approx((interval.low, interval.high))


def test_equivalence_is_scipys_two_one_sided_tests():
    first, second = even(3, 0.5, 0.1, 6), even(4, 0.52, 0.1, 6)
    welch = [
        stats.ttest_ind(first, second - 0.2, equal_var=False, alternative="greater").pvalue,
        stats.ttest_ind(first, second + 0.2, equal_var=False, alternative="less").pvalue,
    ]
    paired = [
        stats.ttest_rel(first, second - 0.2, alternative="greater").pvalue,
        stats.ttest_rel(first, second + 0.2, alternative="less").pvalue,
    ]
    gap = statistics.difference(statistics.mean(first), statistics.mean(second))
    assert [gap.p_above(-0.2), gap.p_below(0.2)] == pytest.approx(welch)
    gap = statistics.mean(first - second)
    assert [gap.p_above(-0.2), gap.p_below(0.2)] == pytest.approx(paired)


def test_difference_to_a_constant_is_the_one_sample_test():
    values = even(3, 1, 1, 6)
    gap = statistics.difference(statistics.mean(values), Estimate(0.25))
    assert (gap.df, gap.n) == (5, 6)
    assert 2 * gap.p_above(0.0) == pytest.approx(stats.ttest_1samp(values, 0.25).pvalue)


def test_the_error_of_a_published_mean_enters_as_welchs():
    ours, theirs = even(5, 0.65, 0.02, 8), even(6, 0.68, 0.02, 3)
    both = statistics.beside(statistics.mean(ours), float(np.std(theirs, ddof=1)), 3)
    welch = stats.ttest_ind(ours, theirs, equal_var=False)
    assert (both.value, both.n) == (pytest.approx(ours.mean()), 8)
    assert both.df == pytest.approx(welch.df)
    assert 2 * both.p_below(float(theirs.mean())) == pytest.approx(welch.pvalue)


def test_a_skewed_interval_is_students_on_one_side_and_halls_on_the_other():
    values = np.array([0.0, 0.1, 0.2, 0.1, 0.9])
    mean = statistics.mean(values)
    assert mean.skew == pytest.approx(stats.skew(values, bias=False) / math.sqrt(5))
    students = stats.ttest_1samp(values, 0).confidence_interval(0.95)
    low, high = mean.interval(0.95)
    assert low == pytest.approx(students.low) and high > students.high
    t = (values.mean() - high) / mean.error
    w = mean.skew / 3
    assert t + w * t**2 + w**2 * t**3 / 3 + w / 2 == pytest.approx(stats.t.ppf(0.025, 4))
    assert mean.p_below(high) == pytest.approx(0.025) == mean.p_above(low)
    mirrored = statistics.mean(-values)
    assert mirrored.interval(0.95) == pytest.approx((-high, -low))


@given(st.floats(-3, 3), st.floats(-0.9, 0.9))
def test_halls_transformation_rises_and_is_turned_back(t, skew):
    assert statistics.straightened(t + 0.01, skew) >= statistics.straightened(t, skew)
    below, above = statistics.reach(2.0, skew)
    farther = [max(2.0, below), max(2.0, above)]
    assert [below, above] == farther
    if skew > 0:
        assert below == 2.0
        assert statistics.straightened(-above, skew) == pytest.approx(-2.0)


def test_the_skew_of_a_difference_is_that_of_its_sides():
    long, short = RNG(1).gamma(1, 1, 6), RNG(2).gamma(1, 2, 9)
    high, low = statistics.mean(long), statistics.mean(short)
    gap = statistics.difference(high, low)
    third = (high.skew * high.error**3 - low.skew * low.error**3) / gap.error**3
    assert gap.skew == pytest.approx(third)
    assert statistics.difference(high, Estimate(1.0)).skew == pytest.approx(high.skew)


@pytest.mark.slow
@pytest.mark.parametrize("n", [3, 4, 8, 16])
def test_the_interval_of_a_skewed_mean_errs_at_most_one_time_in_twenty_a_side(n):
    draws, beyond = RNG(n).gamma(2, 1, (4000, n)), np.zeros(2)
    for values in draws:
        low, high = statistics.mean(values).interval(0.95)
        beyond += [high < 2, low > 2]
    assert (beyond / 4000 <= 0.05 + 3 * math.sqrt(0.05 * 0.95 / 4000)).all()


@pytest.mark.parametrize("n", [0, 1, 2])
def test_fewer_than_three_have_no_spread(n):
    few = statistics.mean(np.array([0.5, 0.7][:n]))
    assert few.unknown and few.n == n
    assert all(math.isnan(bound) for bound in few.interval(0.95))
    assert math.isnan(few.p_above(0.0)) and math.isnan(few.p_below(0.0))
    assert statistics.difference(few, Estimate(0.1)).unknown
    assert statistics.proportion(np.ones(n)).unknown


@given(st.floats(-1e6, 1e6), st.integers(3, 20))
def test_equal_values_give_exactly_that_value_and_no_spread(value, n):
    mean = statistics.mean(np.full(n, value))
    assert (mean.value, mean.n) == (value, n)
    assert mean.unknown


def test_values_that_differ_by_rounding_are_equal():
    level = np.array([0.1, 0.7, 0.3, 0.9])
    gaps = (level + 0.1) - level
    assert np.ptp(gaps) > 0
    assert statistics.mean(gaps, scale=0.9).unknown
    assert statistics.mean(np.array([1e-17, -1e-17, 0.0]), scale=0.9).unknown
    assert not statistics.mean(np.array([1e-7, 2e-7, 3e-7])).unknown


@given(st.integers(3, 30), st.data())
def test_zeros_and_ones_have_clopper_and_pearsons_interval(n, data):
    hits = data.draw(st.integers(0, n))
    share = statistics.proportion(np.array([1.0] * hits + [0.0] * (n - hits)))
    low, high = share.interval(0.95)
    theirs = stats.binomtest(hits, n).proportion_ci(0.95, "exact")
    assert (low, high) == pytest.approx((theirs.low, theirs.high), abs=1e-9)
    for bound in (-0.5, 0.0, 0.3, 1.0, 1.5):
        chance = min(max(bound, 0.0), 1.0)
        greater = stats.binomtest(hits, n, chance, "greater").pvalue
        less = stats.binomtest(hits, n, chance, "less").pvalue
        assert (share.p_above(bound), share.p_below(bound)) == pytest.approx((greater, less))
    if hits:
        assert share.p_above(low) == pytest.approx(0.025, abs=1e-6)
    if hits < n:
        assert share.p_below(high) == pytest.approx(0.025, abs=1e-6)
    assert share.of(2 * n).value == pytest.approx(share.value)


def test_log_ratio_covers_the_true_ratio():
    rng, hits = RNG(6), 0
    for _ in range(400):
        dear, cheap = rng.normal(30, 3, 6), rng.normal(10, 1, 6)
        logs = [statistics.logarithm(statistics.mean(x)) for x in (dear, cheap)]
        low, high = statistics.difference(*logs).interval(0.95)
        hits += low <= math.log(3) <= high
    assert 0.92 <= hits / 400 <= 0.98


def test_mean_difference_is_unbiased_and_its_error_the_jackknifes():
    stream = np.random.default_rng(3)
    values = stream.standard_normal(7)
    found = statistics.mean_difference(values)
    pairs = [abs(a - b) for i, a in enumerate(values) for b in values[:i]]
    assert found.value == pytest.approx(np.mean(pairs))
    left = [statistics.mean_difference(np.delete(values, i)).value for i in range(7)]
    assert found.error == pytest.approx(np.sqrt(6 / 7 * np.square(left - np.mean(left)).sum()))
    for n in (3, 8):  # of normal numbers: 2 sigma over the root of pi
        means = [statistics.mean_difference(stream.standard_normal(n)).value for _ in range(4000)]
        assert np.mean(means) == pytest.approx(2 / np.sqrt(np.pi), abs=0.03)
    for alike in ([1.0, 1.0, 1.0], [0.0, 1.0, 0.0, 1.0], [0.0, 1.0]):
        assert statistics.mean_difference(np.array(alike)).unknown


@pytest.mark.parametrize(("first", "second"), [(4, 4), (4, 10), (8, 8)])
def test_a_ratio_of_spreads_errs_seldom(first: int, second: int):
    stream = np.random.default_rng(first + second)
    wrong = 0
    for _ in range(2000):
        sides = (stream.standard_normal(n) for n in (first, second))
        logs = (statistics.logarithm(statistics.mean_difference(side)) for side in sides)
        low, high = statistics.difference(*logs).interval(0.95)
        wrong += low > 0 or high < 0
    assert wrong / 2000 < 0.05 + 3 * np.sqrt(0.05 * 0.95 / 2000)


def test_kendalls_interval_covers_the_true_tau():
    rho, rng, hits = 0.6, RNG(7), 0
    tau = 2 / math.pi * math.asin(rho)
    for _ in range(400):
        first, second = rng.multivariate_normal([0, 0], [[1, rho], [rho, 1]], 60).T
        low, high = statistics.kendall(first, second).interval(0.95)
        hits += math.tanh(low) <= tau <= math.tanh(high)
    assert 0.92 <= hits / 400 <= 0.98


def test_kendall_of_a_perfect_order_is_finite_and_of_a_constant_unknown():
    line = np.arange(50.0)
    assert math.tanh(statistics.kendall(line, line).value) == pytest.approx(1.0)
    assert math.isnan(statistics.kendall(line, np.ones(50)).value)


def test_units_needed_is_the_smallest_number_that_fits():
    now = statistics.mean(np.array([0.0, 1.0, 2.0]))  # sigma = 1, no skew
    units = statistics.units_needed(now, 0.5, 0.95)
    assert units is not None

    def half(n):
        return stats.t.ppf(0.975, n - 1) / math.sqrt(n)

    assert half(units) < 0.5 <= half(units - 1)
    assert statistics.units_needed(now, 0.001, 0.95) is None


def test_units_needed_of_a_proportion_that_has_no_spread():
    sure = statistics.proportion(np.ones(8))
    units = statistics.units_needed(sure, 0.1, 0.95)
    assert units == 36  # the smallest n with 1 - 0.025 ** (1 / n) < 0.1
    assert 1 - 0.025 ** (1 / 36) < 0.1 <= 1 - 0.025 ** (1 / 35)


def test_page_and_concordance_tell_rising_from_falling():
    rising = np.array([[1.0, 2, 3, 4], [0, 2, 1, 5], [1, 3, 4, 6], [2, 3, 5, 4]])
    up, down = statistics.page_p(rising)
    assert up < 0.01 and down > 0.9
    assert statistics.page_p(-rising) == (down, up)
    assert statistics.concordance(rising).tolist() == pytest.approx([1, 2 / 3, 1, 2 / 3])
    assert statistics.concordance(np.ones((2, 3))).tolist() == [0, 0]


def test_holm_matches_the_textbook():
    assert statistics.holm([0.01, 0.04, 0.03, 0.005]) == pytest.approx([0.03, 0.06, 0.06, 0.02])
    assert statistics.holm([0.6, 0.7]) == [1.0, 1.0]
    assert statistics.holm([]) == []


@pytest.mark.parametrize(
    ("looks", "bounds"),
    [
        ((16,), [1.960]),
        ((8, 16), [2.963, 1.969]),  # the boundary as printed by ldbounds and gsDesign
        ((5, 10, 15, 20), [4.333, 2.963, 2.359, 2.014]),
    ],
)
def test_looks_spend_alpha_as_obrien_and_fleming_do(looks, bounds):
    levels = [statistics.look_alpha(look, looks, 0.05) for look in looks]
    assert [-special.ndtri(level / 2) for level in levels] == pytest.approx(bounds, abs=2e-3)


def test_looks_together_err_as_often_as_one():
    walks = RNG(10).normal(size=(200_000, 16)).cumsum(axis=1)
    z = [walks[:, look - 1] / math.sqrt(look) for look in (4, 8, 16)]
    levels = [statistics.look_alpha(look, (4, 8, 16), 0.05) for look in (4, 8, 16)]
    out = [abs(score) > -special.ndtri(level / 2) for score, level in zip(z, levels, strict=True)]
    assert np.any(out, axis=0).mean() == pytest.approx(0.05, abs=0.002)
