"""Random cells: a trial that resumes, and which cell is the result."""

from __future__ import annotations

import math
from pathlib import Path

import pytest

from papers.darts.recurrent import study
from papers.text import draw, random_search
from tests.lab.recurrent import ran


def test_a_resumed_trial_ends_with_the_same_rows(tmp_path: Path):
    whole = ran(study.RANDOM, random_search.run, tmp_path / "whole")
    for stop in (6, 9):
        folder = tmp_path / str(stop)
        ran(study.RANDOM, random_search.run, folder, stop)
        assert ran(study.RANDOM, random_search.run, folder) == whole
    last = whole[-1]
    assert last["corpus"] == "grammar"
    assert last["test_perplexity"] == pytest.approx(math.exp(last["test_loss"]))
    assert draw.shown(tmp_path / "whole" / "artifacts").startswith(last["cell"])


def test_the_best_random_cell_is_chosen_by_validation():
    found: random_search.CellScores = {}
    for number, (val, test) in enumerate([(3.0, 1.0), (2.0, 4.0), (2.5, 2.0)]):
        scores = {"val_loss": val, "test_loss": test, "test_perplexity": math.exp(test)}
        found[number] = scores
    assert random_search.chosen(found) == 1
    assert random_search.means(found)["mean_test_loss"] == pytest.approx(7 / 3)
