"""T19: the authors' toy. Aging helps where accuracies are noisy, and else makes no difference."""

from __future__ import annotations

from statistics import fmean

import pytest
from scipy.stats import ttest_ind

from papers.amoebanet.onemax import study
from papers.amoebanet.onemax.config import OneMax
from papers.amoebanet.onemax.toy import Toy, run
from tests.lab.testbeds import trial_of


def worths(kind: str, sigma: float, repeats: int = 20) -> list[float]:
    found = []
    for seed in range(repeats):
        toy = Toy(OneMax(kind=kind), sigma, seed)
        for _ in range(1000):
            toy.turn()
        found.append(toy.worth)
    return found


@pytest.mark.slow
def test_aging_beats_non_aging_under_noise():
    assert ttest_ind(worths("aging", 0.05), worths("nonaging", 0.05)).pvalue < 0.01
    assert fmean(worths("aging", 0.05)) > fmean(worths("nonaging", 0.05))


@pytest.mark.slow
def test_with_little_noise_both_are_equal():
    assert abs(fmean(worths("aging", 0.01)) - fmean(worths("nonaging", 0.01))) < 0.03


def test_accuracy_is_the_share_of_ones_within_its_bounds():
    toy = Toy(OneMax(), 0.0, 0)
    assert toy.accuracy(0b1011) == 3 / 100
    noisy = Toy(OneMax(), 5.0, 0)
    drawn = [noisy.accuracy(2**50 - 1) for _ in range(200)]
    assert min(drawn) == 0
    assert max(drawn) == 1
    assert any(0 < value < 1 for value in drawn)


def test_a_mutation_flips_one_bit():
    toy = Toy(OneMax(), 0.0, 0)
    flipped = {(0b1011 ^ toy.mutate(0b1011, toy.stream)).bit_length() for _ in range(5000)}
    assert flipped == set(range(1, 101))
    assert all((0b11 ^ toy.mutate(0b11, toy.stream)).bit_count() == 1 for _ in range(50))


def test_every_deviation_has_a_row_and_a_name(lab):
    config = OneMax(population=5, sample=2, evaluations=30, sigmas=(0.0, 0.05))
    rows = list(run(config, trial_of(lab, config, study.EXPERIMENTS[0].phases)))
    assert {row["at"] for row in rows[:-1]} == {0.0, 0.05}
    last = rows[-1]
    assert last["worth"] == pytest.approx((last["worth_0"] + last["worth_0.05"]) / 2)
    seen = [row for row in rows[:-1] if row["at"] == 0.0]
    assert seen[-1]["seen"] == seen[-1]["worth"] == last["worth_0"]  # without noise
