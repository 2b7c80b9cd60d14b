"""Training children on MNIST-1D: its recipe, its parts, and that children learn."""

from __future__ import annotations

from dataclasses import replace

import pytest
import torch

from papers.cells.child import mnist1d
from papers.cells.space.edge import T2
from tests.lab.testbeds import codes

pytestmark = pytest.mark.usefixtures("prepared")

SHORT = replace(mnist1d.RECIPE, steps=21)


@pytest.mark.slow
def test_what_a_child_becomes_does_not_depend_on_its_neighbours(signals: mnist1d.Signals):
    """Bit by bit: so a row of the table is replayed from (cell, seed) alone."""
    first, *others = [(code, seed) for seed, code in enumerate(codes(5, 3))]
    alone = mnist1d.train(T2, [first], signals, SHORT)[0]
    among = mnist1d.train(T2, [*others, first], signals, SHORT)[-1]
    assert replace(alone, seconds=0) == replace(among, seconds=0)


@pytest.mark.slow
def test_children_learn(signals: mnist1d.Signals):
    """The full recipe on two cells: a skip connection sees one position, convolutions many."""
    cells = [T2.code(("none",) * 3 + ("skip",) + ("none",) * 2), T2.code(("c5",) * 6)]
    skip, dense = mnist1d.train(T2, [(code, 0) for code in cells], signals)
    assert 0.35 < skip.test < 0.55
    assert dense.test > 0.9
    assert dense.val[0] < dense.val[2]
    assert dense.train_loss < 0.5


def test_test_data_stay_sealed(signals: mnist1d.Signals):
    with pytest.raises(AttributeError, match="sealed"):
        _ = signals.test.x  # type: ignore[attr-defined]
    child = mnist1d.train(T2, [((1,) * 6, 0)], signals, SHORT, test=False)[0]
    assert child.test != child.test


def test_parts_are_3000_1000_and_1000_rows_without_overlap(signals: mnist1d.Signals):
    sizes = [len(part.y) for part in (signals.train, signals.val, signals.test.open())]
    assert sizes == [3000, 1000, 1000]
    rows = torch.cat([signals.train.x, signals.val.x], 1).T
    assert len(torch.unique(rows, dim=0)) == 4000
    other = mnist1d.Signals.load(replace(mnist1d.RECIPE, split_seed=1))
    assert other.digest != signals.digest


def test_the_recipe_hash_tells_recipes_apart():
    assert mnist1d.RECIPE.digest == mnist1d.Recipe().digest != SHORT.digest
