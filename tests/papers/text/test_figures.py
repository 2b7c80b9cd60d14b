"""The picture of recurrent cells, as every paper that searches them draws it."""

from __future__ import annotations

import importlib

import pandas as pd
import pytest

from harness.plan.discover import Draw
from papers.darts.recurrent import figures as darts
from papers.gdas.recurrent import figures as gdas
from papers.text.figures import Ways


def measured(ways: Ways) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Return three seeds of every way, each way 0.01 nats above the one before."""
    what = {"budget": "nightly", "corpus": "wikitext2-valid"}
    results = pd.DataFrame(
        [
            {**what, "experiment": name, "test_loss": 3.8 + 0.01 * place + 0.001 * seed}
            for place, name in enumerate(ways.labels)
            for seed in range(3)
        ]
    )
    curves = pd.DataFrame(
        [
            {**what, "experiment": ways.searches[0], "metric": "alpha_entropy", "at": float(at),
             "turn": at, "mean": 1.6 - 0.1 * at, "sd": 0.1, "n": 3}
            for at in range(3)
        ]
    )  # fmt: skip
    return results, curves


@pytest.mark.parametrize("paper", [darts, gdas])
def test_the_figure_shows_what_was_measured(paper):
    ways, draw = paper.WAYS, paper.FIGURES["recurrent"]
    results, curves = measured(ways)
    figure = draw(results, curves)
    assert figure is not None
    losses, entropies = figure.axes
    first = ways.labels[ways.searches[0]][0]
    shown = [label.get_text() for label in losses.get_yticklabels()]
    assert shown == [label for label, _ in ways.labels.values()]
    marks = {line.get_label(): line.get_xdata()[0] for line in losses.get_lines()}
    assert marks[ways.whose] == next(iter(ways.printed.values()))
    assert any(line.get_label() == first for line in entropies.get_lines())


@pytest.mark.parametrize("paper", [darts, gdas])
def test_without_random_cells_there_is_nothing_to_compare_with(paper):
    draw: Draw = paper.FIGURES["recurrent"]
    results, curves = measured(paper.WAYS)
    assert draw(results.iloc[:0], curves.iloc[:0]) is None
    assert draw(results[results["experiment"] != paper.WAYS.random], curves) is None


@pytest.mark.parametrize("paper", [darts, gdas])
def test_every_way_is_an_experiment(paper):
    study = importlib.import_module(f"{paper.__package__}.study")
    names = {experiment.name for experiment in study.EXPERIMENTS}
    assert {*paper.WAYS.labels, paper.WAYS.random, *paper.WAYS.searches} <= names
