"""The committed reports follow from the committed results: today's code judges them the same."""

from __future__ import annotations

import shutil
from pathlib import Path

import pandas as pd
import pytest
from matplotlib.figure import Figure

from harness.plan import discover
from harness.plan.discover import Folder
from harness.record import tables
from harness.record.lineage import Lineage
from harness.show import draw, report
from harness.show.pictures import VECTOR

pytestmark = pytest.mark.slow
ROOT = Path(__file__).parents[1]
PAPERS = discover.load_all(ROOT / "papers")
RENDERED = sorted(
    path.name for path in (ROOT / "reports").iterdir() if path.suffix in (".md", ".tex", ".html")
)


Measured = list[tuple[str, pd.DataFrame, pd.DataFrame]]


@pytest.fixture(scope="module")
def results() -> pd.DataFrame:
    return tables.load(ROOT / "reports" / report.RESULTS)


@pytest.fixture(scope="module")
def alone(results: pd.DataFrame) -> Measured:
    """What the night measured of each experiment: its paper, its rows, its curves."""
    curves = pd.read_csv(ROOT / "reports" / report.CURVES)
    curves = curves[curves["budget"] == "nightly"]
    lines = dict(iter(curves.groupby("experiment")))
    night = results[results["budget"] == "nightly"]
    return [
        (str(paper), rows, lines.get(name, curves.iloc[:0]))
        for (paper, name), rows in night.groupby(["paper", "experiment"])
    ]


def arranged(figure: Figure | str, path: Path) -> Path:
    """Arrange a figure and draw it on nothing: what `draw.save` writes, its own tests compare."""
    path.parent.mkdir(exist_ok=True)
    path.touch()
    if isinstance(figure, Figure):
        figure.draw_without_rendering()
        path.with_suffix(VECTOR).touch()
    return path


def test_reports_are_what_the_results_say(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """Rendered anew: the same pages and rows, and a picture for every picture."""
    monkeypatch.setattr(draw, "save", arranged)
    committed, rendered = ROOT / "reports", tmp_path / "reports"
    rendered.mkdir()
    for path in committed.glob("*.csv"):
        shutil.copy(path, rendered)
    if (committed / report.ASIDE).exists():
        shutil.copytree(committed / report.ASIDE, rendered / report.ASIDE)
    list(report.write(PAPERS, tmp_path / "no runs", rendered))
    kept = (report.RESULTS, tables.MEASURED, report.CURVES)
    names = [*(name for name in RENDERED if name not in ("bench.md", "calibration.md")), *kept]
    other = [n for n in names if (rendered / n).read_bytes() != (committed / n).read_bytes()]
    assert other == [], "run `python -m harness report` and look at them"
    figures = (committed / "figures").iterdir()
    known = {path.name for path in figures if not path.match("*-lr-range.png")}  # bench's own
    assert {path.name for path in (rendered / "figures").iterdir()} == known


def test_every_row_says_which_code_was_measured(results: pd.DataFrame):
    for column in ("code", "clock"):
        assert results[column].str.fullmatch("[0-9a-f]{12}").all()


def test_every_row_says_its_instruction_set_or_that_nobody_knows(results: pd.DataFrame):
    assert set(results["isa"]) <= {"avx2", "avx512", ""}
    sets = {line.isa for line in Lineage.load(ROOT / "reports").confirmed}
    assert sets <= {"avx2", "avx512"}  # "native" would be another one elsewhere


@pytest.mark.parametrize("name", RENDERED)
def test_nothing_was_measured_on_uncommitted_code(name: str):
    assert "with uncommitted changes" not in (ROOT / "reports" / name).read_text()


@pytest.mark.parametrize("found", PAPERS, ids=lambda found: found.name)
def test_figures_make_do_with_one_experiment(found: Folder, alone: Measured):
    """Whoever has run one experiment alone gets its figures, or none, and no error."""
    draw.style()
    for paper, rows, lines in alone:
        for function in found.figures().values() if paper == found.name else ():
            function(rows, lines)


def test_figures_of_several_papers_make_do_with_one_experiment(alone: Measured):
    draw.style()
    functions = {function for found in PAPERS for function in found.standings().values()}
    assert functions
    for _, rows, lines in alone:
        for function in functions:
            function(rows, lines)
