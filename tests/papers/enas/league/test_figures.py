"""The league study as a picture."""

from __future__ import annotations

import pandas as pd
import pytest

from papers.enas.league import figures, study


def measured() -> tuple[pd.DataFrame, pd.DataFrame]:
    """Return three trials of each policy, and curves of two turns."""
    trial = {"budget": "nightly", "status": "completed", "regret": 0.1, "regret_candidate": 0.02}
    results = [{**trial, "experiment": name} for name in figures.POLICIES for _ in range(3)]
    one = {"budget": "nightly", "sd": 0.01, "n": 3, "at": float("nan")}
    curves = [
        {**one, "experiment": name, "metric": "sampled_truth", "turn": turn, "mean": 0.7}
        for name in figures.POLICIES
        for turn in (0, figures.LAST, 200)
    ]
    scattered = [
        {**one, "experiment": figures.ENAS, "metric": metric, "turn": 1, "at": at, "mean": at / 9}
        for metric in ("one_hot_accuracy", "true_accuracy")
        for at in range(9)
    ]
    return pd.DataFrame(results), pd.DataFrame(curves + scattered)


def test_the_figure_shows_what_was_measured():
    figure = figures.cells(*measured())
    assert figure is not None
    truth, picks, proxy = figure.axes
    lines = truth.get_lines()
    assert len(lines) == 3
    assert lines[0].get_xdata().tolist() == [
        0,
        200,
    ]  # what comes after the search is no place of it
    assert lines[0].get_ydata() == pytest.approx([70, 70])
    assert picks.get_lines()[0].get_ydata() == pytest.approx([10, 10, 10])
    assert picks.get_lines()[0].get_xdata() == pytest.approx([2, 2, 2])
    assert len(proxy.get_lines()[0].get_xdata()) == 9
    assert figure.legends


def test_nothing_is_drawn_of_nothing():
    results, curves = measured()
    assert figures.cells(results.iloc[:0], curves) is None


def test_every_policy_that_is_drawn_is_declared():
    declared = {experiment.name for experiment in study.EXPERIMENTS}
    assert set(figures.POLICIES) <= declared
