"""The micro space on signals: whole trials, its controls, and what random cells are."""

from __future__ import annotations

from dataclasses import replace

import pandas as pd
import pytest

from harness.paper import Refused
from papers.cells.space.genotype import Genotype
from papers.cells.space.node import ENAS as SPACE
from papers.enas.recurrent import figures as recurrent_figures
from papers.enas.signals import cells, figures, search, study
from papers.enas.signals.config import DrawnCells, SignalSearch, space
from tests.lab.testbeds import trial_of

EXPERIMENTS = {e.name: e for e in study.EXPERIMENTS}
pytestmark = [pytest.mark.usefixtures("prepared", "one_thread"), pytest.mark.slow]


def run(lab, name: str, function, seed: int = 0, **changes):
    config = replace(EXPERIMENTS[name].at("check"), **changes)
    return list(function(config, trial_of(lab, config, EXPERIMENTS[name].phases, seed)))


@pytest.mark.parametrize("name", [study.ENAS, study.FROZEN, study.SHARING])
def test_a_search_tells_its_errors_and_keeps_its_cell(lab, few, name):
    *rows, final = run(lab, name, search.run)
    assert {"val_error", "discrete_error", "test_error", "child_val_error"} <= set(final)
    assert {"sampled_accuracy", "uniform_accuracy", "share_convolutions"} <= set(final)
    assert ("theta_entropy" in final) == (name != study.SHARING)
    assert ("reward" in final) == (name == study.ENAS)
    assert all("test_error" not in row for row in rows)
    cell = Genotype.parse(final["cell"])
    assert space(2).check(cell) == cell


def test_uniform_paths_train_for_what_enas_is_charged():
    """At nightly both cost the same FLOPs: twice the steps, and no scoring for theta."""
    one, two = (EXPERIMENTS[name].at("nightly") for name in (study.ENAS, study.SHARING))
    deriving = one.candidates * 1000
    scoring = one.rounds * one.updates * one.samples * one.score_batch
    passes = [3 * config.batch * config.steps + deriving for config in (one, two)]
    assert passes[1] == pytest.approx(passes[0] + scoring, rel=0.05)
    whole = EXPERIMENTS[study.ENAS].config
    scoring = whole.rounds * whole.updates * whole.samples * whole.score_batch
    assert scoring == pytest.approx(3 * whole.batch * whole.steps, rel=0.15)


def test_the_best_of_random_cells_is_chosen_by_validation(lab, few):
    *rows, final = run(lab, study.RANDOM, cells.run)
    last = {row["at"]: row for row in rows}
    best = min(last, key=lambda at: last[at]["child_val_error"])
    assert (final["best"], final["test_error"]) == (best, last[best]["child_test_error"])
    mean = sum(row["child_test_error"] for row in last.values()) / len(last)
    assert final["mean_error"] == pytest.approx(mean)
    assert final["cell"] != run(lab, study.RANDOM, cells.run, seed=1)[-1]["cell"]


def test_the_largest_cell_belongs_to_the_space(lab, few):
    for nodes in (1, 3, 5):
        found = cells.heaviest(nodes)
        assert {op for op, _ in (*found.normal, *found.reduce)} == {"sep_conv_5x5"}
    *_, final = run(lab, study.LARGEST, cells.largest)
    assert Genotype.parse(final["cell"]) == cells.heaviest(2)


def test_the_space_of_five_nodes_is_the_papers():
    assert space(5).size == SPACE.size
    assert space(5).ops == SPACE.ops


def test_stand_ins_are_experiments_of_the_study():
    assert set(study.TASK.stand_ins) == {"enas/signals/largest", "enas/signals/drawn"}
    for claim in study.CLAIMS:
        assert claim.subject in claim.check.experiments


@pytest.mark.parametrize(
    ("make", "told"),
    [
        (lambda: SignalSearch(nodes=0), "nodes=0: must lie between 1 and 10"),
        (lambda: SignalSearch(cells=2), "cells=2: must be at least 3"),
        (lambda: SignalSearch(policy="random"), "unknown policy 'random'"),
        (lambda: SignalSearch(score_batch=50), "score_batch=50: must be at least 100"),
        (lambda: DrawnCells(drawn=()), r"drawn=\(\): numbers of cells, 0, 1, 2 and so on"),
    ],
)
def test_what_cannot_be_is_refused(make, told):
    with pytest.raises(Refused, match=told):
        make()


# -- figures --------------------------------------------------------------------------------------


def frames(names, metrics, curves):
    """Return rows of three seeds, and curves of four places, with made-up numbers."""
    what = {"budget": "nightly", "corpus": "wikitext2-valid", "status": "completed"}
    rows = [
        {**what, "experiment": name, "seed": seed, **dict.fromkeys(metrics, 0.1 * (place + seed))}
        for place, name in enumerate(names)
        for seed in range(3)
    ]
    lines = [
        {**what, "experiment": name, "metric": metric, "at": float(at), "turn": at,
         "mean": 0.1 * at, "sd": 0.1, "n": 3}
        for name, metric in curves
        for at in range(4)
    ]  # fmt: skip
    return pd.DataFrame(rows), pd.DataFrame(lines)


def test_the_micro_figure_shows_what_was_measured():
    names = {name for name, _ in figures.METHODS}
    metrics = ("test_error", "mean_error", "discrete_error", "child_val_error")
    results, curves = frames(sorted(names), metrics, figures.PATHS)
    figure = figures.FIGURES["micro"](results, curves)
    assert figure is not None
    paths, errors, proxy = figure.axes
    assert {line.get_label() for line in paths.get_lines()} >= {
        label for label, _ in figures.PATHS.values()
    }
    assert len(errors.get_xticklabels()) == len(figures.METHODS)
    assert sum(len(line.get_xdata()) == 3 for line in proxy.get_lines()) == len(figures.SEARCHES)
    assert "n = 3" in figure.get_suptitle()
    assert figures.FIGURES["micro"](results.iloc[:0], curves.iloc[:0]) is None


def test_the_recurrent_figure_shows_what_was_measured():
    names = set(recurrent_figures.WAYS.labels)
    results, curves = frames(
        sorted(names), ("test_loss", "mean_test_loss"), recurrent_figures.PATHS
    )
    figure = recurrent_figures.FIGURES["recurrent"](results, curves)
    assert figure is not None
    losses, paths = figure.axes
    assert len(losses.get_yticklabels()) == len(list(recurrent_figures.WAYS.lines()))
    assert len(paths.get_lines()) == len(recurrent_figures.PATHS)
    assert "wikitext2-valid" in figure.get_suptitle()
    empty = recurrent_figures.FIGURES["recurrent"](results.iloc[:0], curves.iloc[:0])
    assert empty is None
