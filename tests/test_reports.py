"""The committed reports follow from the committed results: today's code judges them the same."""

from __future__ import annotations

import shutil
from pathlib import Path

import pandas as pd
import pytest

from harness.plan import discover
from harness.plan.discover import Folder
from harness.record import tables
from harness.show import draw, report

pytestmark = pytest.mark.slow
once = pytest.mark.xdist_group("rendered")  # one process renders and looks at it all
ROOT = Path(__file__).parents[1]
RENDERED = sorted(
    path.name for path in (ROOT / "reports").iterdir() if path.suffix in (".md", ".tex", ".html")
)


@pytest.fixture(scope="module")
def rendered(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Render results.csv and curves.csv anew, in a folder of their own."""
    reports = tmp_path_factory.mktemp("rendered") / "reports"
    reports.mkdir()
    for name in (report.RESULTS, report.CURVES):
        shutil.copy(ROOT / "reports" / name, reports)
    papers = discover.load_all(ROOT / "papers")
    list(report.write(papers, reports.parent / "no runs", reports))
    return reports


@once
@pytest.mark.parametrize("name", [n for n in RENDERED if n != "bench.md"])
def test_a_page_is_what_the_results_say(rendered: Path, name: str):
    text = (ROOT / "reports" / name).read_text()
    assert (rendered / name).read_text() == text, "run `python -m harness report` and look at it"


@once
@pytest.mark.parametrize("name", [report.RESULTS, report.CURVES])
def test_rendering_loses_and_changes_no_row(rendered: Path, name: str):
    assert (rendered / name).read_bytes() == (ROOT / "reports" / name).read_bytes()


@once
def test_every_figure_is_drawn(rendered: Path):
    figures = (ROOT / "reports" / "figures").iterdir()
    committed = {path.name for path in figures if not path.match("*-lr-range.png")}  # bench's own
    assert {path.name for path in (rendered / "figures").iterdir()} == committed


def test_every_row_says_which_code_was_measured():
    rows = tables.load(ROOT / "reports" / report.RESULTS)
    for column in ("code", "clock"):
        assert rows[column].str.fullmatch("[0-9a-f]{12}").all()


@pytest.mark.parametrize("name", RENDERED)
def test_nothing_was_measured_on_uncommitted_code(name: str):
    assert "with uncommitted changes" not in (ROOT / "reports" / name).read_text()


@pytest.mark.parametrize("found", discover.load_all(ROOT / "papers"), ids=lambda found: found.name)
def test_figures_make_do_with_one_experiment(found: Folder):
    """Whoever has run one experiment alone gets its figures, or none, and no error."""
    results = tables.load(ROOT / "reports" / report.RESULTS)
    curves = pd.read_csv(ROOT / "reports" / report.CURVES)
    draw.style()
    night = results[results["budget"] == "nightly"]
    figures, standings = found.figures().values(), found.standings().values()
    for (paper, name), rows in night.groupby(["paper", "experiment"]):
        lines = curves[(curves["experiment"] == name) & (curves["budget"] == "nightly")]
        for function in [*(figures if paper == found.name else ()), *standings]:
            function(rows, lines)
