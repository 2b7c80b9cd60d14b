"""The forms that `bench` races on a GPU agree, driven without one; nothing is timed here."""

from __future__ import annotations

import pytest
import torch

from papers.cells.speed import graph_bench
from papers.cells.speed.graph_bench import GRAPHS, MISSING, GraphRace, Place
from papers.cells.supernet.captured import BF16
from papers.cells.supernet.node import Design
from papers.darts import bench
from papers.darts.config import Darts
from papers.darts.method import method
from tests.lab.recorders import Again

pytestmark = pytest.mark.usefixtures("prepared")
SMALL = Design(channels=2, cells=3)


@pytest.fixture
def race() -> GraphRace:
    way = method(Darts(gradient="first_order"))
    return GraphRace(SMALL, 2, (8, 8), way, Place("cpu", Again))


@pytest.mark.parametrize("form", GRAPHS)
def test_a_replayed_step_goes_where_the_loop_goes(race, form):
    race.agree(form)
    race(form)
    assert race.step(form) is race.step(form)
    assert race.step(form).optimizers.problem.loss.graphs


@pytest.mark.parametrize("form", GRAPHS)
def test_a_form_that_differs_is_told(race, form, monkeypatch):
    real = graph_bench.replayed

    def bent(problem, recorder, precision):
        with torch.no_grad():
            problem.weights[-1].add_(torch.arange(10.0))
        return real(problem, recorder, precision)

    monkeypatch.setattr(graph_bench, "replayed", bent)
    with pytest.raises(AssertionError):
        race.agree(form)


def test_precisions_are_as_named():
    assert [precision == BF16 for _, precision in GRAPHS.values()] == ["bf16" in g for g in GRAPHS]


@pytest.mark.parametrize("there", [False, True])
def test_rows_say_that_there_is_no_gpu_and_build_nothing(monkeypatch, there):
    monkeypatch.setattr(torch.cuda, "is_available", lambda: there)
    monkeypatch.setattr(torch.cuda, "get_device_name", lambda: "a GPU")
    monkeypatch.setattr(graph_bench, "node_step", None)
    pairs = bench.pairs()
    assert len(pairs) == len(GRAPHS)
    assert {pair.missing for pair in pairs} == {"" if there else MISSING}
    assert all(
        ("on a GPU" in pair.name) and ("; on a GPU" in pair.note) == there for pair in pairs
    )
