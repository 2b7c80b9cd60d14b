"""`bench --lr-range`: a table, a figure, and a refusal where a paper has no such test."""

from __future__ import annotations

import io
from pathlib import Path
from types import SimpleNamespace

import pytest
from rich.console import Console

from harness.paper import Refused
from harness.plan import discover
from harness.speed import lr_range
from harness.training import device
from harness.training.lr_range import Curve

ROOT = Path(__file__).parents[3]
FALLING = Curve((0.1, 1.0, 10.0), (3.0, 1.0, 9.0), (3.0, 1.0, 9.0), 1.0, True)
FLAT = Curve((0.1, 10.0), (2.0, 2.0), (2.0, 2.0), None, False)
NOTHING = Curve((), (), (), None, True)


@pytest.fixture(autouse=True)
def untouched(monkeypatch: pytest.MonkeyPatch) -> None:
    """Leave the threads and kernels of the process that runs the tests alone."""
    monkeypatch.setattr(device, "prepare", lambda *_, **__: None)


def paper(*, has_bench: bool = True, **curves: Curve) -> SimpleNamespace:
    tests = {name: lambda curve=curve: curve for name, curve in curves.items()}
    return SimpleNamespace(name="made_up", lr_ranges=lambda: tests if has_bench else {})


def printed(table: object) -> str:
    console = Console(width=200, record=True, file=io.StringIO())
    console.print(table)
    return console.export_text()


def test_suggestions_are_told_and_drawn(tmp_path: Path):
    (table,) = lr_range.run([paper(falls=FALLING, flat=FLAT, bad=NOTHING)], tmp_path)
    rows = {line.partition(" ")[0]: line for line in printed(table).splitlines()}
    assert "1.0e+00" in rows["falls"]
    assert "diverged" in rows["falls"]
    assert "the loss never fell" in rows["flat"]
    assert "highest rate" in rows["flat"]
    assert "not finite at the first rate" in rows["bad"]
    assert (tmp_path / "figures" / "made_up-lr-range.png").stat().st_size > 1000


def test_nothing_is_written_when_not_asked_for(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.chdir(tmp_path)
    (table,) = lr_range.run([paper(falls=FALLING)], None)
    assert len(table.rows) == 1
    assert list(tmp_path.iterdir()) == []


def test_papers_without_a_test_are_refused():
    bare = paper(has_bench=False)  # has no bench module
    with pytest.raises(Refused, match=r"--lr-range: no bench\.py of papers/made_up has lr_range"):
        list(lr_range.run([bare], None))


@pytest.mark.slow
def test_mnist1d_suggests_rates_near_the_authors():
    """They used 0.01 with Adam; a suggestion more than ten times off would be of no use."""
    (found,) = discover.load_each([str(ROOT / "papers" / "mnist1d")])
    for name, test in found.lr_ranges().items():
        suggested = test().suggested
        assert suggested is not None, name
        assert 0.001 < suggested < 0.1, name
