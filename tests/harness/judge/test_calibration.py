"""The small form of `calibrate`: the rules err as often as they say, and it sees where they do."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest

from harness import statistics
from harness.judge import calibration
from harness.judge.calibration import (
    AT_LEAST,
    BOUND,
    CLOSE,
    EFFECT,
    MORE,
    MOST,
    NOISES,
    RULES,
    VALUE,
    rates,
)

NOISE = {noise.name: noise for noise in NOISES}
RULE = {rule.name: rule for rule in RULES}


def most(repetitions):
    """The bound, and what chance may add to it."""
    return BOUND + 3 * math.sqrt(BOUND * (1 - BOUND) / repetitions)


@pytest.mark.parametrize("name", ["Value", "AtLeast", "Effect", "Direction", "Same", "CostRatio"])
def test_errors_at_four_trials_are_within_their_bound(name):
    found = calibration._rates(RULE[name], NOISE["normal"], 4, 250)
    assert found.error <= most(250)
    assert found.power > 0


@pytest.mark.slow
@pytest.mark.parametrize("noise", NOISES, ids=lambda noise: noise.name)
def test_every_rule_is_within_its_bound_in_every_noise(noise):
    for rule in calibration.rules_for(noise):
        for n in rule.looks[-1:] or (3, 8):
            found = calibration._rates(rule, noise, n, 250)
            assert found.error <= most(250), found


def test_power_grows_with_n():
    power = [rates(EFFECT, NOISE["normal"], n, 250).power for n in (3, 8)]
    assert power[0] < 0.4 < 0.7 < power[1]


def test_members_that_share_would_err_if_they_counted():
    """What the trial as unit is for: 4 members of 4 trials, 60 % shared, taken for 16 units."""
    shared = NOISE["shared 60 %"]
    counted = replace(AT_LEAST, independent=True)
    assert calibration._rates(counted, shared, 4, 250).error > 2 * BOUND
    assert rates(AT_LEAST, shared, 4, 250).error <= most(250)


def test_a_bound_that_is_judged_twice_would_err_without_its_looks():
    rng = np.random.default_rng(0)
    twice = replace(AT_LEAST, looks=(8, 16))
    assert rates(twice, NOISE["normal"], 16, 250).error <= most(250)
    alphas = [calibration.judge_each(*_measured(twice, n, rng))[0].alpha for n in (8, 16)]
    assert alphas[0] < 0.01 < 0.04 < alphas[1] < BOUND


def _measured(rule, n, rng):
    measured = calibration._rows(rule, NOISE["normal"], n, rule.margin, rng)
    return calibration._paper(rule, NOISE["normal"], 16), measured, "paper"


def test_what_is_close_to_the_bound_is_counted_more_often(monkeypatch):
    asked, errors = [], iter((CLOSE, CLOSE + 0.001, BOUND, 0.06, 0.06, 0.02))

    def counted(rule, noise, n, repetitions):
        asked.append(repetitions)
        return calibration.Rates(rule.name, n, next(errors), 0.0, 1.0)

    monkeypatch.setattr(calibration, "_rates", counted)
    assert rates(VALUE, NOISE["normal"], 4, 200).reproduced == CLOSE
    assert rates(VALUE, NOISE["normal"], 4, 200).reproduced == BOUND
    assert asked == [200, 200, 200 * MORE]
    assert rates(VALUE, NOISE["normal"], 4, 200).reproduced == 0.02
    assert asked[3:] == [200, 200 * MORE, 200 * MOST]


@pytest.mark.parametrize("noise", [n for n in NOISES if not n.binary], ids=lambda n: n.name)
def test_noise_has_mean_zero_and_one_standard_deviation(noise):
    drawn = calibration._values(
        VALUE, noise, "a", 0.0, (400, 50, noise.members), np.random.default_rng(1)
    )
    assert drawn.mean() == pytest.approx(0.0, abs=0.03)
    assert drawn.std() == pytest.approx(1.0, abs=0.04)
    between = np.corrcoef(drawn[..., 0].ravel(), drawn[..., -1].ravel())[0, 1]
    assert between == pytest.approx(noise.shared if noise.members > 1 else 1.0, abs=0.03)


def test_pairs_have_the_tau_that_was_asked_for():
    first, second = calibration._pairs(np.random.default_rng(2), (200, 1, 50), 0.4)
    taus = [statistics.tau(x, y) for x, y in zip(first[:, 0], second[:, 0], strict=True)]
    assert np.mean(taus) == pytest.approx(0.4, abs=0.02)


def test_the_same_numbers_come_out_again():
    first, again = (calibration._rates(VALUE, NOISE["skew"], 3, 250) for _ in range(2))
    assert first == again
