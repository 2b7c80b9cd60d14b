"""Numbers as people read them."""

from __future__ import annotations

import pytest

from harness.words import duration, percent, scientific


@pytest.mark.parametrize(
    ("seconds", "said"), [(0.2, "0 s"), (89, "89 s"), (125, "2:05 min"), (5400, "1:30 h")]
)
def test_durations_are_said_as_people_say_them(seconds: float, said: str):
    assert duration(seconds) == said


@pytest.mark.parametrize(
    ("value", "unit", "text"),
    [(0.6549, "%", "65.5"), (1234.0, "arrays", "1,234"), (2.5, "steps", "2.5"), (None, "%", "–"),
     (float("nan"), "%", "–")],
)  # fmt: skip
def test_numbers_are_written_in_their_unit(value, unit, text):
    assert percent(value, unit) == text


@pytest.mark.parametrize(
    ("value", "text"), [(8.2e9, "8.2 G"), (999.0, "999"), (1500.0, "1.5 k"), (3e15, "3 P")]
)
def test_large_counts_are_short(value, text):
    assert scientific(value) == text
