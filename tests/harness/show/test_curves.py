"""Averaged curves: pooled with what is known already, replaced by what is newer or more."""

from __future__ import annotations

import shutil

import pandas as pd
import pytest

from harness.record import tables
from harness.show import curves
from tests.lab.reports import measure, write


def loss(home) -> tuple[int, float]:
    """Return n and mean of the last loss in curves.csv."""
    read = tables.averages(home / "reports" / "curves.csv")
    last = read[read["metric"] == "loss"].iloc[-1]
    return int(last["n"]), float(last["mean"])


def elsewhere(home) -> None:
    """Report what is here, and lose its journals: the next trials run on another machine."""
    shutil.rmtree(home / "runs")


def test_seeds_of_two_machines_are_averaged_as_those_of_one(paper, tmp_path):
    for seed in range(5):
        measure(paper, tmp_path / "one" / "runs", seed, 0.1 + seed / 10)
    expected = write(paper, tmp_path / "one")
    for seeds in ((0, 1), (2,), (3, 4)):
        for seed in seeds:
            measure(paper, tmp_path / "two" / "runs", seed, 0.1 + seed / 10)
        found = write(paper, tmp_path / "two")
        elsewhere(tmp_path / "two")
    assert loss(tmp_path / "two") == (5, pytest.approx(0.3))
    one, two = (pd.read_csv(tmp_path / name / "reports" / "curves.csv") for name in ("one", "two"))
    pd.testing.assert_frame_equal(one, two, rtol=1e-5)
    assert found["results.csv"] == expected["results.csv"]


def test_one_seed_of_many_measured_again_puts_none_away(paper, tmp_path):
    for seed in range(3):
        measure(paper, tmp_path / "runs", seed, 0.1 * seed)
    write(paper, tmp_path)
    elsewhere(tmp_path)
    measure(paper, tmp_path / "runs", 1, 0.1)
    write(paper, tmp_path)
    assert loss(tmp_path) == (3, pytest.approx(0.1))


def test_all_seeds_measured_again_replace_the_average(paper, tmp_path):
    for value in (0.2, 0.7):
        for seed in range(2):
            measure(paper, tmp_path / "runs", seed, value, finished=1000 * value)
        write(paper, tmp_path)
        elsewhere(tmp_path)
    assert loss(tmp_path) == (2, pytest.approx(0.7))


def test_newer_code_replaces_the_average_once_it_stands_in_the_tables(paper, tmp_path):
    for seed, trial in enumerate("ab"):
        measure(paper, tmp_path / "runs", seed, 0.2, code="older", trial=trial)
    write(paper, tmp_path)
    elsewhere(tmp_path)
    measure(paper, tmp_path / "runs", 0, 0.8)
    write(paper, tmp_path)
    assert loss(tmp_path) == (2, pytest.approx(0.2))  # one new seed does not replace two
    measure(paper, tmp_path / "runs", 1, 0.8)
    write(paper, tmp_path)
    assert loss(tmp_path) == (2, pytest.approx(0.8))


def test_an_average_of_nobody_knows_which_trials_yields_to_as_many_and_not_to_fewer(
    paper, tmp_path
):
    for seed in range(3):
        measure(paper, tmp_path / "runs", seed, 0.3)
    write(paper, tmp_path)
    path = tmp_path / "reports" / "curves.csv"
    known = pd.read_csv(path)
    known.assign(n=2, mean=0.9).to_csv(path, index=False, lineterminator="\n")
    elsewhere(tmp_path)
    measure(paper, tmp_path / "runs", 0, 0.3)
    write(paper, tmp_path)
    assert loss(tmp_path) == (2, pytest.approx(0.9))
    measure(paper, tmp_path / "runs", 1, 0.3)
    write(paper, tmp_path)
    assert loss(tmp_path) == (2, pytest.approx(0.3))


def test_pooling_is_the_average_of_all():
    values = pd.Series([0.1, 0.4, 0.45, 0.9, 2.0])
    place = {"paper": "p", "experiment": "e", "budget": "smoke", "turn": 1, "at": float("nan")}

    def average(part: pd.Series) -> pd.DataFrame:
        line = {**place, "metric": "loss", "mean": part.mean(), "sd": part.std(), "n": len(part)}
        return pd.DataFrame([line])

    for cut in (1, 2, 3):
        found = curves.pooled(average(values[:cut]), average(values[cut:]))
        pd.testing.assert_frame_equal(found, average(values), check_dtype=False)
    equal = curves.pooled(average(values[:1]), average(values[:1]))
    assert equal["sd"].item() == 0.0
