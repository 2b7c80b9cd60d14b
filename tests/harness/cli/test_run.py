"""What a run prints when it ends."""

from __future__ import annotations

import io
from dataclasses import replace

from rich.console import Console

from harness.cli import run
from harness.plan import discover
from harness.record import journal
from tests.lab.throwaway import make_paper


def test_what_an_experiment_shows_is_printed_for_one_seed(tmp_path):
    console = Console(file=(screen := io.StringIO()), width=150)
    found = discover.load(make_paper(tmp_path))
    drawn = "def drawn(artifacts):\n    return (artifacts / 'found').read_text()\n"
    (found.path / "drawing.py").write_text(drawn)
    own = replace(found.paper.experiments[0], shows="drawing:drawn")
    showing = replace(found, paper=replace(found.paper, experiments=[own]))
    results = []
    for seed, status in ((2, "completed"), (1, "completed"), (0, "failed")):
        folder = tmp_path / f"seed{seed}"
        (folder / "artifacts").mkdir(parents=True)
        (folder / "artifacts" / "found").write_text(f"[seed {seed}] drew\n")
        spec = {"paper": found.name, "experiment": own.name, "seed": seed}
        results.append(journal.Result(folder, spec, status=status))
    for panel in run.shown([showing], results):
        console.print(panel)
    assert "[seed 1] drew" in screen.getvalue()
    assert "seed 2" not in screen.getvalue()
    assert list(run.shown([found], results)) == []
