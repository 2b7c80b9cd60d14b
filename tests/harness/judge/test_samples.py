"""Which evidence may not be judged."""

from __future__ import annotations

import pandas as pd

from harness.judge.samples import Evidence


def evidence(*clocks: str) -> Evidence:
    rows = pd.DataFrame({"experiment": ["dear", "cheap"], "clock": clocks})
    return Evidence(rows, rows.iloc[:0], frozenset())


def test_device_times_of_two_clocks_are_not_compared():
    status, reason = evidence("a", "b").clocks(("dear", "cheap"), ("seconds",))
    assert (status, reason) == ("invalid", "device time of dear, cheap was taken by 2 clocks")
    assert evidence("a", "a").clocks(("dear", "cheap"), ("seconds",)) is None


def test_what_is_no_time_may_come_from_any_clock():
    assert evidence("a", "b").clocks(("dear", "cheap"), ("steps",)) is None
    assert evidence("a", "b").clocks(("dear",), ("seconds",)) is None
