"""Bands of committed units, and what three fresh seeds are worth beside them."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

from harness.judge import bands
from harness.judge.bands import BROKEN, HEALTHY, NEUTRAL, UNBANDED, Band, Tonight, verdict
from harness.judge.samples import Sample

PLAIN = Band(0.4, 0.6, 8)
EIGHT = np.array([-3.0, -2.0, -1.0, 0.0, 0.5, 1.0, 2.0, 2.5])


def sample(values, constant=False) -> Sample:
    keys = tuple((1, seed, 0) for seed in range(len(values)))
    return Sample(keys, np.asarray(values, dtype=float), constant=constant)


def word(*values, band=PLAIN, **how) -> str:
    return verdict(band, "loss", Tonight(np.array(values), **how))[0]


def test_a_band_is_students_prediction_interval():
    low, high = bands.limits(EIGHT, level=0.05)
    reach = stats.t.ppf(0.975, 7) * EIGHT.std(ddof=1) * np.sqrt(1 + 1 / 8)
    assert low == pytest.approx(EIGHT.mean() - reach)
    assert high == pytest.approx(EIGHT.mean() + reach)


def test_one_more_normal_unit_lies_outside_as_often_as_the_level_says():
    drawn = np.random.default_rng(0).normal(-50, 1, (40_000, 9))
    low, high = bands.limits(drawn[:, :8], level=0.05)
    away = (drawn[:, 8] < low) | (drawn[:, 8] > high)
    assert away.mean() == pytest.approx(0.05, abs=0.005)


def test_a_band_of_positive_units_reaches_farther_up():
    low, high = bands.limits(np.array([1.0, 2.0, 4.0, 8.0, 16.0, 32.0]), level=0.01)
    center = np.mean([1.0, 2.0, 4.0, 8.0, 16.0, 32.0])
    assert high - center > center - low


def test_a_band_of_shares_reaches_as_far_down_as_their_rest_does_up():
    units = np.array([0.99, 0.98, 0.96, 0.92, 0.84, 0.68])
    low, high = bands.limits(units, level=0.01)
    rest = bands.limits(1 - units, level=0.01)
    assert low == pytest.approx(1 - rest[1])
    assert high == pytest.approx(1 - rest[0])


def test_bands_of_many_samples_are_those_of_each():
    many = np.random.default_rng(1).normal(size=(4, 6))
    low, high = bands.limits(many)
    for place, units in enumerate(many):
        one = bands.limits(units)
        assert [low[place], high[place]] == pytest.approx([float(one[0]), float(one[1])])


def test_fewer_units_than_a_band_needs_have_none():
    found = bands.band(sample([0.1, 0.2, 0.3, 0.4]))
    assert found.why == "4 committed, needs 5"
    assert verdict(found, "loss", Tonight(np.array([9.0, 9.0, 9.0])))[0] == UNBANDED


def test_random_units_that_all_agree_have_no_band():
    found = bands.band(sample([0.5] * 8))
    assert "agree" in found.why


def test_two_of_three_on_one_side_are_red():
    assert word(0.7, 0.7, 0.5) == BROKEN
    assert word(0.1, 0.5, 0.2) == BROKEN
    assert word(0.7, 0.7, 0.7) == BROKEN


def test_one_of_three_is_not_nor_are_two_on_opposite_sides():
    assert word(0.7, 0.5, 0.5) == HEALTHY
    assert word(0.7, 0.3, 0.5) == HEALTHY
    assert word(0.5, 0.5, 0.5) == HEALTHY


def test_a_value_on_the_end_of_a_band_is_inside_it():
    assert word(0.6, 0.6, 0.4) == HEALTHY


def test_only_the_first_three_units_count():
    assert word(0.5, 0.5, 0.5, 0.9, 0.9, 0.9) == HEALTHY


def test_seeds_that_end_in_an_error_lie_outside_on_either_side():
    assert word(0.5, failed=2) == BROKEN
    assert word(0.5, 0.5, failed=1) == HEALTHY
    assert word(0.5, 0.9, failed=1) == BROKEN
    assert word(0.5, 0.1, failed=1) == BROKEN


def test_seeds_that_were_lost_are_never_red():
    assert word(lost=3) == NEUTRAL
    assert word(0.5, lost=2) == NEUTRAL
    assert word(0.9, 0.5, lost=1) == NEUTRAL


def test_seeds_that_were_lost_hide_nothing():
    assert word(0.5, 0.5, lost=1) == HEALTHY
    assert word(0.9, 0.9, lost=1) == BROKEN


def test_what_is_deterministic_must_come_out_again():
    exact = bands.band(sample([0.25], constant=True))
    assert word(0.25, band=exact) == HEALTHY
    assert word(np.nextafter(0.25, 1), band=exact) == BROKEN
    assert word(band=exact, failed=1) == BROKEN
    assert word(band=exact, lost=1) == NEUTRAL


def test_on_another_processor_a_difference_is_neutral():
    exact = bands.band(sample([0.25], constant=True))
    assert word(0.26, band=exact, same=False) == NEUTRAL
    assert word(0.25, band=exact, same=False) == HEALTHY


def test_steps_are_the_same_on_every_processor():
    exact = bands.band(sample([40.0] * 8, constant=True))
    more = Tonight(np.array([41.0] * 3), same=False)
    assert verdict(exact, "steps", more)[0] == BROKEN


def test_a_deterministic_experiment_is_compared_row_by_row():
    exact = bands.band(sample([1.0, 2.0], constant=True))
    assert word(1.0, 2.0, band=exact) == HEALTHY
    assert word(2.0, 1.0, band=exact) == BROKEN
