"""A run ends with headlines and one drawing, names what else there is, and shows it on request."""

from __future__ import annotations

import io
import shlex
from dataclasses import replace
from pathlib import Path

import pytest
from rich.console import Console

from harness.cli import ending
from harness.plan import discover
from harness.run.session import Site
from harness.trial import Pace
from tests.lab.measured import result
from tests.lab.reports import two_claims
from tests.lab.throwaway import make_paper


@pytest.fixture
def paper(tmp_path):
    """Two experiments that show what they found, and a headline with a supporting claim."""
    path = make_paper(tmp_path, experiments=("fit", "more"), seeds={"smoke": 3})
    folder = discover.load(two_claims(path))
    drawn = "def drawn(artifacts):\n    return f'the cell of {artifacts.parent.name}'\n"
    (folder.path / "drawing.py").write_text(drawn)
    showing = [replace(e, shows="drawing:drawn") for e in folder.paper.experiments]
    return replace(folder, paper=replace(folder.paper, experiments=showing))


def told(paper, results, runs: Path, full: bool = False, width: int = 100) -> str:
    site = Site(runs, Pace(), "local", False, ())
    console = Console(file=(screen := io.StringIO()), width=width)
    ending.tell([paper], results, site, full, console)
    return screen.getvalue()


@pytest.fixture
def results(paper):
    return [
        replace(result(paper.path, seed, 0.5, experiment=name), folder=Path(f"{name}{seed}"))
        for name in ("more", "fit")
        for seed in range(3)
    ]


def test_the_headlines_come_first_and_the_rest_is_named(paper, results, tmp_path):
    said = told(paper, results, tmp_path)
    assert "loss: the loss is a square" in said
    assert "doubt: " not in said
    assert "not shown: 1 more claims of" in said
    assert "what 1 more experiments found, drawn" in said
    assert said.index("the loss is a square") < said.index("the cell of fit0")
    assert "the cell of more0" not in said


def test_everything_is_shown_on_request(paper, results, tmp_path):
    said = told(paper, results, tmp_path, full=True)
    for text in ("loss: the loss is a square", "doubt: ", "the cell of fit0", "the cell of more0"):
        assert text in said
    assert "not shown" not in said
    assert "--full" not in said


def test_where_no_headline_is_judged_all_claims_are_shown(paper, results, tmp_path):
    quiet = [replace(claim, kind="supporting") for claim in paper.paper.claims]
    said = told(replace(paper, paper=replace(paper.paper, claims=quiet)), results, tmp_path)
    assert "loss: the loss is a square" in said
    assert "doubt: " in said


def test_a_grid_stands_beside_the_verdicts(paper, results, tmp_path):
    changed = result(paper.path, 0, 0.5, experiment="fit", config={"cost": 1})
    said = told(paper, [*results, changed], tmp_path)
    assert "loss: the loss is a square" in said
    assert "fit (cost=1)" in said


def test_the_command_that_it_prints_works_as_typed_where_names_have_spaces(
    paper, results, tmp_path
):
    runs = tmp_path / "my runs"
    (line,) = (
        text for text in told(paper, results, runs).splitlines() if "harness report" in text
    )
    words = shlex.split(line.partition("figures: ")[2])
    assert words[:4] == ["python", "-m", "harness", "report"]
    assert words[-2:] == ["--runs", str(runs)]
    assert Path(words[4]).resolve() == paper.path
