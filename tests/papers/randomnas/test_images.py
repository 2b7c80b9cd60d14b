"""Weight sharing on DARTS's cells: what a step touches, and which cell is chosen."""

from __future__ import annotations

from random import Random

import pytest
import torch

from papers.cells.child import testbed
from papers.cells.space.genotype import Genotype
from papers.cells.space.node import DARTS
from papers.cells.supernet.node import Design
from papers.randomnas import images
from papers.randomnas.config import ImageSharing
from papers.randomnas.paper import PAPER

SMALL = next(e for e in PAPER.experiments if e.name == "cifar10/weight_sharing").at("check")
PHASES = {"search": (3, 1), "candidates": (3, 0), "finalists": (2, 0), "retrain": (2, 1)}
pytestmark = pytest.mark.usefixtures("prepared")


def sharing(config: ImageSharing, trial) -> images.SharedPaths:
    rows = testbed.of(config, "cpu").rows
    return images.SharedPaths(
        Design(config.channels, config.cells, dim=2, inputs=3), config, rows, trial.stream
    )


def test_a_step_moves_the_paths_operations_and_no_others(lab):
    shared = sharing(SMALL, lab())
    drawn = Random()
    drawn.setstate(shared.paths.getstate())
    cell = DARTS.random(drawn)
    before = {name: value.clone() for name, value in shared.supernet.named_parameters()}
    shared.step(0.1)
    moved = {
        tuple(name.split(".")[1:6])
        for name, value in shared.supernet.named_parameters()
        if ".mixed." in name and not torch.equal(value, before[name])
    }
    ran = set()
    for index, mixed in enumerate(shared.supernet.mixed_cells()):
        chosen = shared._both(cell)[mixed.reduction]
        ran |= {
            (str(index), "mixed", str(edge), "operations", mixed.mixed[edge].names[op])
            for edge, op in enumerate(chosen)
            if op is not None
        }
    assert moved
    assert moved <= ran


def test_finalists_are_chosen_on_some_batches_and_the_result_on_all(
    lab, monkeypatch: pytest.MonkeyPatch
):
    trial = lab(PHASES)
    drawn = Random(trial.stream("candidates"))
    first, second, third = (DARTS.random(drawn).text for _ in range(3))
    few = {first: 0.1, second: 0.3, third: 0.2}
    whole = {first: 0.6, third: 0.5}  # the second is no finalist

    def error(self: images.SharedPaths, genotype: Genotype, batches: int) -> float:
        return few[genotype.text] if batches == SMALL.batches else whole[genotype.text]

    monkeypatch.setattr(images.SharedPaths, "error", error)
    *_, last = list(images.run(SMALL, trial))
    assert last["cell"] == third
    assert last["discrete_error"] == 0.5
    assert last["mean_discrete_error"] == pytest.approx(0.2)
    assert 0 <= float(last["test_error"]) <= 1


def test_a_cells_error_is_of_so_many_batches(lab):
    shared, cell = sharing(SMALL, lab()), DARTS.random(Random(0))
    rows = shared.rows.val
    wrong = 0
    for x, y in zip(rows.x.split(4)[:3], rows.y.split(4)[:3], strict=True):
        logits = shared.supernet(shared.rows.plain(x), *shared._both(cell))
        wrong += int((logits.argmax(1) != y).sum())
    assert shared.error(cell, 3) == pytest.approx(wrong / 12)
