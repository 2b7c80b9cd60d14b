"""The committed reports follow from the committed results: today's code judges them the same."""

from __future__ import annotations

import shutil
from pathlib import Path

import pandas as pd
import pytest

from harness.plan import discover
from harness.plan.discover import Folder
from harness.record import tables
from harness.record.lineage import Lineage
from harness.show import draw, report

pytestmark = pytest.mark.slow
ROOT = Path(__file__).parents[1]
RENDERED = sorted(
    path.name for path in (ROOT / "reports").iterdir() if path.suffix in (".md", ".tex", ".html")
)


def test_reports_are_what_the_results_say(tmp_path: Path):
    """Rendered anew: the same pages and rows, and a picture for every picture."""
    committed, rendered = ROOT / "reports", tmp_path / "reports"
    rendered.mkdir()
    for path in committed.glob("*.csv"):
        shutil.copy(path, rendered)
    if (committed / report.ASIDE).exists():
        shutil.copytree(committed / report.ASIDE, rendered / report.ASIDE)
    list(report.write(discover.load_all(ROOT / "papers"), tmp_path / "no runs", rendered))
    kept = (report.RESULTS, tables.MEASURED, report.CURVES)
    names = [*(name for name in RENDERED if name not in ("bench.md", "calibration.md")), *kept]
    other = [n for n in names if (rendered / n).read_bytes() != (committed / n).read_bytes()]
    assert other == [], "run `python -m harness report` and look at them"
    figures = (committed / "figures").iterdir()
    known = {path.name for path in figures if not path.match("*-lr-range.png")}  # bench's own
    assert {path.name for path in (rendered / "figures").iterdir()} == known


def test_every_row_says_which_code_was_measured():
    rows = tables.load(ROOT / "reports" / report.RESULTS)
    for column in ("code", "clock"):
        assert rows[column].str.fullmatch("[0-9a-f]{12}").all()


def test_every_row_says_its_instruction_set_or_that_nobody_knows():
    rows = tables.load(ROOT / "reports" / report.RESULTS)
    assert set(rows["isa"]) <= {"avx2", "avx512", ""}
    sets = {line.isa for line in Lineage.load(ROOT / "reports").confirmed}
    assert sets <= {"avx2", "avx512"}  # "native" would be another one elsewhere


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
