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


def keep(reports: Path, where: str, *titles: str) -> str:
    """Keep a line of each section, as timed there; return bench.md."""
    line = race._line(race.Timing(pair([]), *TIMES), peak=1e10)
    race._keep(reports, where, {title: [line] for title in titles})
    return (reports / "bench.md").read_text()


def heads(page: str) -> list[str]:
    return [row for row in page.splitlines() if row.startswith("## ")]


def test_the_page_has_every_section_and_the_harness_s_own_cost_last(tmp_path: Path):
    cost = [["meter", "1.0 µs", "8", "0.10 %"]]
    keep(tmp_path, "there", "harness/training", "papers/toy")
    race._keep(tmp_path, "there", {race.SHARED[-1]: cost})
    text = (tmp_path / "bench.md").read_text()
    assert heads(text) == ["## papers/toy", "## harness/training", "## The harness's own cost"]
    for columns, first in ((race.COLUMNS, "toy"), (overhead.COLUMNS, "meter")):
        row = next(row for row in text.splitlines() if row.startswith(f"| {first} |"))
        assert row.replace(r"\|", "").count("|") == len(columns) + 1


def test_what_was_timed_of_other_papers_stays_with_its_machine(tmp_path: Path):
    keep(tmp_path, "machine A", "papers/one", "papers/two")
    text = keep(tmp_path, "machine B", "papers/two")
    assert heads(text) == ["## papers/one", "## papers/two"]
    one, _, two = text.partition("## papers/two")
    assert "machine A." in one
    assert "machine B." in two
    assert "machine A" not in two


def test_a_section_says_machine_instruction_set_and_peak():
    where = race._where("Some CPU", 1e10)
    assert where.startswith(f"Some CPU, {resolved(NATIVE)}, one thread")
    assert where.endswith("10 GFLOP/s")
