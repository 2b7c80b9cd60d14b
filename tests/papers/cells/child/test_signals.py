"""MNIST-1D as a testbed: what a search sees, and children on it."""

from __future__ import annotations

from dataclasses import replace
from functools import partial

import pytest
import torch

from harness.paper import Phase
from harness.training import metrics
from harness.trial import stream
from papers.cells.child import mnist1d, signals
from papers.cells.child.config import SignalChildren
from papers.cells.child.signals import SignalTestbed
from papers.cells.child.testbed import Kept, Training, train
from papers.cells.network.darts import Network
from tests.lab.testbeds import draw, trial_of

pytestmark = pytest.mark.usefixtures("prepared")
CHILDREN = SignalChildren(child_channels=2, child_batch=20, child_steps=3, child_every=2)
RETRAIN = {"retrain": Phase("child_steps")}


def test_a_search_of_signals_sees_3000_and_1000():
    stored = mnist1d.Signals.load()
    whole = signals.rows(stored)
    assert whole.train.x.shape == (3000, 1, 40)
    assert whole.val.x.shape == (1000, 1, 40)
    torch.testing.assert_close(whole.train.x[7, 0], stored.train.x[:, 7])
    assert whole.all.train.x.shape == (4000, 1, 40)
    assert len(whole.all.val.y) == 1000
    assert len(whole.all.alpha.y) == 4000


def test_a_child_of_signals_learns_and_its_test_waits_for_the_last_step(lab, few):
    config = replace(CHILDREN, child_channels=4, child_steps=16, child_every=5, child_batch=30)
    bed = SignalTestbed.load(config, "cpu")
    kept: Kept = {}
    trial = trial_of(lab, config, RETRAIN)
    begin = partial(bed.child, draw(0), bed.parts, trial.stream)
    told = list(train(Training("retrain", begin, bed.parts, 5), trial, kept))
    assert [row["child_epoch"] for row in told] == [0.5, 3, 5.5, 8]
    assert told[-1]["child_train_loss"] < 0.95 * told[0]["child_train_loss"]
    assert all("child_val_error" in row for row in told)
    assert ["child_test_error" in row for row in told] == [False, False, False, True]
    assert kept == {"retrain": told[-1]}
    assert list(train(Training("retrain", begin, bed.parts), trial, kept)) == []  # it is over


def test_childrens_work_and_parameters(few_rows):
    bed = SignalTestbed.load(CHILDREN, "cpu")
    child = bed.child(draw(1), bed.parts, partial(stream, 0))
    before = {name: value.clone() for name, value in child.network.state_dict().items()}
    with torch.no_grad():
        forward = metrics.flops(lambda: Network(child.network.layout).eval()(few_rows.val.x[:1]))
    assert child.flops == pytest.approx(3 * forward * CHILDREN.child_batch)
    assert child.parameters == metrics.parameters(child.network)
    assert all(torch.equal(before[n], v) for n, v in child.network.state_dict().items())
