"""The learning rate at the epochs where the release's can be written down (T12)."""

from __future__ import annotations

from math import cos, pi

import pytest

from papers.enas.schedule import restarted


@pytest.mark.parametrize(
    ("epoch", "expected"),
    [
        (0, 0.05),
        (9, 0.0005 + 0.0495 * (1 + cos(0.9 * pi)) / 2),
        (10, 0.05),
        (29, 0.0005 + 0.0495 * (1 + cos(0.95 * pi)) / 2),
        (30, 0.05),
        (70, 0.05),
        (149, 0.0005 + 0.0495 * (1 + cos(79 / 80 * pi)) / 2),
    ],
)
def test_rates_of_the_micro_search(epoch, expected):
    assert restarted(epoch, 150, 4, 0.05, 0.0005) == pytest.approx(expected)


@pytest.mark.parametrize(("epochs", "cycles"), [(150, 4), (310, 5), (630, 6)])
def test_the_authors_trainings_end_with_a_cycle(epochs, cycles):
    rates = [restarted(epoch, epochs, cycles, 1.0, 0.0) for epoch in range(epochs)]
    starts = [epoch for epoch, rate in enumerate(rates) if rate == 1.0]
    assert starts == [10 * (2**cycle - 1) for cycle in range(cycles)]
    assert min(rates) == rates[-1]


def test_one_cycle_is_a_cosine_and_short_trainings_end_low():
    assert restarted(50, 100, 1, 1.0, 0.0) == pytest.approx(0.5)
    assert restarted(6, 7, 3, 1.0, 0.0) < 0.2
