"""The numbers behind the verdicts: against closed forms, scipy's own tests and simulation."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from harness import statistics
from harness.statistics import Estimate

RNG = np.random.default_rng


def test_mean_agrees_with_scipys_one_sample_t_test():
    values = RNG(0).normal(2.0, 1.0, 7)
    mean = statistics.mean(values)
    for level in (0.90, 0.95):
        theirs = stats.ttest_1samp(values, 0.0).confidence_interval(level)
        assert mean.interval(level) == pytest.approx((theirs.low, theirs.high))
    greater = stats.ttest_1samp(values, 1.5, alternative="greater").pvalue
    less = stats.ttest_1samp(values, 1.5, alternative="less").pvalue
    assert mean.p_above(1.5) == pytest.approx(greater)
    assert mean.p_below(1.5) == pytest.approx(less)
    assert mean.p_differs() == pytest.approx(stats.ttest_1samp(values, 0.0).pvalue)


def test_difference_is_welchs():
    high, low = RNG(1).normal(1, 3, 5), RNG(2).normal(0, 1, 9)
    gap = statistics.difference(statistics.mean(high), statistics.mean(low))
    theirs = stats.ttest_ind(high, low, equal_var=False)
    assert gap.df == pytest.approx(theirs.df)
    assert gap.n == 5
    assert gap.p_differs() == pytest.approx(theirs.pvalue)
    interval = theirs.confidence_interval(0.95)
    assert gap.interval(0.95) == pytest.approx((interval.low, interval.high))


def test_difference_to_a_constant_is_the_one_sample_test():
    values = RNG(3).normal(1, 1, 6)
    gap = statistics.difference(statistics.mean(values), Estimate(0.25))
    assert (gap.df, gap.n) == (5, 6)
    assert gap.p_differs() == pytest.approx(stats.ttest_1samp(values, 0.25).pvalue)


def test_one_run_has_a_value_but_no_spread():
    one = statistics.mean(np.array([0.5]))
    assert one.value == 0.5
    assert all(math.isnan(bound) for bound in one.interval(0.95))
    assert math.isnan(one.p_above(0.0)) and math.isnan(one.p_differs())
    assert math.isnan(statistics.difference(one, Estimate(0.1)).error)


@given(st.floats(-1e6, 1e6), st.integers(2, 20))
def test_equal_values_give_exactly_that_value(value, n):
    mean = statistics.mean(np.full(n, value))
    assert mean.interval(0.95) == (value, value)
    assert (mean.p_above(value), mean.p_below(value), mean.p_differs()) == (
        1.0,
        1.0,
        0.0 if value else 1.0,
    )


def test_pooled_variance_follows_its_formula_and_caps_the_prior():
    now, before = RNG(4).normal(0, 1, 3), RNG(5).normal(9, 2, 50)
    pooled = statistics.mean(now, before)
    variance = (20 * np.var(before, ddof=1) + 2 * np.var(now, ddof=1)) / 22
    assert pooled.df == 22
    assert pooled.error == pytest.approx(math.sqrt(variance / 3))
    assert pooled.value == pytest.approx(now.mean())


def test_log_ratio_covers_the_true_ratio():
    rng, hits = RNG(6), 0
    for _ in range(400):
        dear, cheap = rng.normal(30, 3, 6), rng.normal(10, 1, 6)
        logs = [statistics.logarithm(statistics.mean(x)) for x in (dear, cheap)]
        low, high = statistics.difference(*logs).interval(0.95)
        hits += low <= math.log(3) <= high
    assert 0.92 <= hits / 400 <= 0.98


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


def test_seeds_needed_is_the_smallest_number_that_fits():
    now = statistics.mean(np.array([0.0, 1.0, 2.0]))  # sigma = 1
    seeds = statistics.seeds_needed(now, 0.5, 0.95)
    assert seeds is not None

    def half(n):
        return stats.t.ppf(0.975, n - 1) / math.sqrt(n)

    assert half(seeds) < 0.5 <= half(seeds - 1)
    assert statistics.seeds_needed(now, 0.001, 0.95) is None


@pytest.mark.parametrize(("n", "paired", "smallest"), [(3, False, 0.1), (4, True, 0.125)])
def test_permutation_p_reaches_its_smallest_value_and_no_less(n, paired, smallest):
    high, low = np.arange(n) + 100.0, np.arange(n) * 2.0
    assert statistics.smallest_p(n, n, paired) == pytest.approx(smallest)
    assert statistics.permutation_p(high, low, paired) == pytest.approx(smallest)


def test_sampled_permutation_p_repeats_itself_and_is_close_to_the_t_test():
    high, low = RNG(8).normal(1.0, 1, 20), RNG(9).normal(0, 1, 20)
    p = statistics.permutation_p(high, low, paired=False)
    assert p == statistics.permutation_p(high, low, paired=False)
    assert p == pytest.approx(stats.ttest_ind(high, low).pvalue, abs=0.02)


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
