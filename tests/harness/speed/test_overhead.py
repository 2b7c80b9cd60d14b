"""The harness's own cost is a line a part and their sum; no time is asserted."""

from __future__ import annotations

from pathlib import Path

import pytest

from harness.record import tables
from harness.speed import overhead
from tests.lab.measured import result
from tests.lab.throwaway import make_paper


def test_every_part_is_measured_where_no_run_is_known(tmp_path, monkeypatch: pytest.MonkeyPatch):
    for name, count in (("TURNS", 20), ("ROWS", 5), ("BEATS", 2), ("DRAWS", 2)):
        monkeypatch.setattr(overhead, name, count)
    lines = overhead.measure(tmp_path)
    assert [line[0] for line in lines] == ["meter", "journal", "heartbeat", "bars"]
    assert {len(line) for line in lines} == {len(overhead.COLUMNS)}
    assert {line[-1] for line in lines} == {"–"}


def test_shares_are_of_the_smoke_run_that_was_reported(tmp_path: Path, monkeypatch):
    """Two trials of 40 steps in half a second each; costs are made up."""
    made = make_paper(tmp_path)
    results = [result(made, 0), result(made, 1), result(made, 2, budget_name="nightly")]
    tables.store(tables.frame(results), tmp_path / "results.csv")
    for part, cost in (("turn", 1e-3), ("row", 2e-3), ("beat", 0.0), ("draw", 0.0)):
        monkeypatch.setattr(overhead, f"_per_{part}", lambda cost=cost: cost)
    meter, rows, *_, whole = overhead.measure(tmp_path)
    assert meter == ["meter, per turn", "1000.0 µs", "80", "8.00 %"]
    assert rows == ["journal, per row", "2000.0 µs", "4", "0.80 %"]
    assert whole == ["all", "", "1 s", "8.80 %"]
