"""A race is run only by pairs that agree, and its page has what it found; no time is asserted."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace

import pytest

from harness.pair import Pair
from harness.plan.processor import NATIVE, resolved
from harness.speed import overhead, pipeline, race

TIMES = (2.0, 1.0, (2.5, 2.0, 1.5))  # made up: medians of oracle and fast, ratio by ratio


def pair(calls: list[str], agrees: bool = True, flops: float = 0.0) -> Pair:
    def agree() -> None:
        calls.append("agree")
        assert agrees, "they differ"

    work = [lambda name=name: calls.append(name) for name in ("oracle", "fast")]
    return Pair("toy", *work, agree, aim=1.5, units=4, flops=flops, note="a | sign")


def test_a_pair_that_does_not_agree_is_not_timed():
    with pytest.raises(AssertionError, match="they differ"):
        race.measure(pair(calls := [], agrees=False))
    assert calls == ["agree"]


def test_oracle_and_fast_form_take_turns_after_they_agreed_and_warmed_up():
    timing = race.measure(pair(calls := []), rounds=3)
    assert calls == ["agree", *["oracle", "fast"] * 4]
    assert len(timing.ratios) == 3


@pytest.mark.parametrize(("flops", "share"), [(0.0, "–"), (5e9, "50 %")])
def test_a_line_has_a_cell_a_column_and_a_share_only_of_matrix_products(flops, share):
    line = race._line(race.Timing(pair([], flops=flops), *TIMES), peak=1e10)
    assert len(line) == len(race.COLUMNS)
    found = dict(zip(race.COLUMNS, line, strict=True))
    assert found["share of peak"] == share
    assert found["ratio [min, max]"] == "2.00 [1.50, 2.50]"
    assert (found["oracle"], found["fast"]) == ("500 ms", "250 ms")  # each of four units


def test_who_has_no_pairs_has_no_section(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(pipeline, "pairs", list)
    own = pair([])
    papers = [
        SimpleNamespace(name="one", pairs=lambda: [own]),
        SimpleNamespace(name="two", pairs=list),
    ]
    assert list(race._sections(papers)) == [("papers/one", [own]), ("harness/training", [])]


def test_the_page_has_every_section_and_the_harness_s_own_cost_last(tmp_path: Path):
    line = race._line(race.Timing(pair([]), *TIMES), peak=1e10)
    cost = [["meter", "1.0 µs", "8", "0.10 %"]]
    race._write(tmp_path / "reports" / "bench.md", "Some CPU", 1e10, {"papers/toy": [line]}, cost)
    text = (tmp_path / "reports" / "bench.md").read_text()
    heads = [row for row in text.splitlines() if row.startswith("## ")]
    assert heads == ["## papers/toy", "## The harness's own cost"]
    assert f"Some CPU, {resolved(NATIVE)}, one thread" in text
    assert "10 GFLOP/s" in text
    for columns, first in ((race.COLUMNS, "toy"), (overhead.COLUMNS, "meter")):
        (row,) = (row for row in text.splitlines() if row.startswith(f"| {first} |"))
        assert row.replace(r"\|", "").count("|") == len(columns) + 1
