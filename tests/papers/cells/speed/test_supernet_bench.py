"""The supernet's forms that `bench` races give the same; nothing is timed here."""

from __future__ import annotations

import pytest
import torch

from papers.cells.speed import supernet_bench
from papers.cells.speed.search_step import FORMS
from papers.cells.speed.supernet_bench import COMPILED, Race
from papers.cells.supernet.node import Design
from papers.cells.supernet.node_fast_c import functions
from papers.darts.images import bench as images
from tests.lab.compilers import needs_compiler

pytestmark = pytest.mark.usefixtures("prepared")
SMALL = Design(channels=2, cells=3)


@pytest.mark.parametrize("path", [False, True])
@pytest.mark.parametrize("design", [SMALL, Design(channels=2, cells=3, dim=1, inputs=1)])
def test_all_forms_have_the_same_gradients(path, design):
    Race(path, design, 2, (8,) * design.dim).agree()


def test_forms_of_images_lie_as_they_are_called():
    race = Race(False, SMALL, 2, (8, 8))
    assert tuple(race.nets) == (*FORMS, COMPILED)
    last = {"memory_format": torch.channels_last}
    assert [x.is_contiguous(**last) for _, x in race.nets.values()] == [False, True, True, True]


@needs_compiler
@pytest.mark.parametrize("few", [2, 4])
def test_compiled_kernels_agree_and_run_at_every_batch(few, monkeypatch):
    design = Design(channels=4, cells=3)
    race = Race(False, design, few, (8, 8))
    race.kernels_agree()
    assert not torch.equal(race.gradients("fast")[1], race.gradients(COMPILED)[1])
    calls = []
    real = functions.Node.forward
    monkeypatch.setattr(
        functions.Node, "forward", staticmethod(lambda *all: calls.append(1) or real(*all))
    )
    race.gradients("fast")
    assert not calls
    race.gradients(COMPILED)
    assert calls


def test_a_form_that_differs_is_told(monkeypatch):
    real = supernet_bench.arranged

    def bent(loop, x, form):
        return real(loop, 2 * x if form == "channels_last" else x, form)

    monkeypatch.setattr(supernet_bench, "arranged", bent)
    with pytest.raises(AssertionError):
        Race(False, SMALL, 2, (8, 8)).agree()


def test_passes_have_a_rival_one_thread_and_two(monkeypatch):
    monkeypatch.setattr(supernet_bench, "WHOLE", SMALL)
    found = [supernet_bench.on_images(batch, {1: 1.6, 2: 1}, {1: 2.0}) for batch in (1, 4)]
    pairs = [pair for each in found for pair in each]
    assert [(p.threads, p.rival.aim) for p in pairs] == [(1, 1.6), (2, 1), (1, 2.0)] * 2
    assert ["compiled" in p.name for p in pairs] == [False, False, True] * 2
    assert pairs[3].flops == 4 * pairs[0].flops > 0
    assert set(images.AIMS) == set(images.COMPILED) == {1, 4, 16, 64}
    assert all(set(aims) == {1, 2} for aims in images.AIMS.values())
