"""Numbers as people read them."""

from __future__ import annotations

import pytest

from harness.words import duration, measured, percent, scientific


@pytest.mark.parametrize(
    ("seconds", "said"), [(0.2, "0 s"), (89, "89 s"), (125, "2:05 min"), (5400, "1:30 h")]
)
def test_durations_are_said_as_people_say_them(seconds: float, said: str):
    assert duration(seconds) == said


@pytest.mark.parametrize(
    ("value", "unit", "text"),
    [(0.6549, "%", "65.5"), (1234.0, "arrays", "1,234"), (2.5, "steps", "2.5"), (None, "%", "–"),
     (float("nan"), "%", "–"), (-0.0004, "points", "0.0"), (-0.0006, "%", "-0.1"),
     (-0.0, "steps", "0")],
)  # fmt: skip
def test_numbers_are_written_in_their_unit(value, unit, text):
    assert percent(value, unit) == text


@pytest.mark.parametrize(
    ("value", "text"), [(8.2e9, "8.2 G"), (999.0, "999"), (1500.0, "1.5 k"), (3e15, "3 P")]
)
def test_large_counts_are_short(value, text):
    assert scientific(value) == text


def test_an_interval_that_ends_at_nothing_has_no_negative_nought():
    assert measured(0.023, (-0.0002, 0.091), "points", "3") == "2.3 [0.0, 9.1] points, n = 3"
