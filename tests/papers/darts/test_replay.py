"""Replayed losses in DARTS's searches: put in place from outside, and in no other search."""

from __future__ import annotations

import dataclasses
from functools import partial

import pytest
import torch

from harness.plan import discover, kernels
from harness.trial import stream
from papers.cells.child.mnist1d import Signals
from papers.cells.league.edge_search import EdgeSearch
from papers.cells.space.edge import T0
from papers.cells.supernet.captured import ReplayedLoss, replayed
from papers.cells.supernet.node import Design
from papers.darts import method, replay
from papers.darts.config import Darts
from tests.lab.recorders import Again

pytestmark = pytest.mark.usefixtures("prepared")
TINY = Design(channels=2, cells=3, nodes=2, dim=1, inputs=1)
FIRST = Darts(gradient="first_order", clip=float("inf"))
RATE = 0.05


def on_nodes(rows):
    found = method.searched(TINY, FIRST, rows, 8, partial(stream, 0))
    return found, partial(found.step, horizon=4)


def on_edges(rows):
    signals = Signals.load()
    seed = partial(stream, 0)
    found = EdgeSearch(T0, FIRST, signals, 8, seed, method.method(FIRST))
    return found, lambda turn: found.step(RATE / (turn + 1))


def state(found):
    own = *found.supernet.parameters(), *found.relaxation.parameters()
    return [each.detach().clone() for each in own]


@pytest.mark.parametrize("search", [on_nodes, on_edges])
def test_a_search_with_replayed_losses_goes_where_a_plain_one_goes(few_rows, monkeypatch, search):
    monkeypatch.setattr(replay, "RECORDER", Again)
    plain, step = search(few_rows)
    with replay.captured("float32"):
        own, again = search(few_rows)
    assert isinstance(own.optimizers.problem.loss, ReplayedLoss)
    assert not isinstance(plain.optimizers.problem.loss, ReplayedLoss)
    for turn in range(3):
        step(turn)
        again(turn)
    pairs = zip(state(plain), state(own), strict=True)
    assert all(torch.equal(one, other) for one, other in pairs)
    assert own.optimizers.problem.loss.graphs


def test_losses_are_replayed_in_the_precision_that_was_asked_for(few_rows, monkeypatch):
    monkeypatch.setattr(replay, "RECORDER", Again)
    with replay.captured("bf16"):
        own, step = on_nodes(few_rows)
    assert own.optimizers.problem.loss.reduced
    step(0)
    assert 0 <= own.error() <= 1


def test_a_sample_cannot_be_captured(few_rows):
    """Which operations run is read from the device: why GDAS's searches are left out."""
    found, _ = on_nodes(few_rows)
    x, y = next(found.streams["train"])

    def loss(batch):
        one_hot = [each.round() for each in found.weights]
        return found.fast(batch[0], *one_hot, True).sum()

    problem = dataclasses.replace(found.optimizers.problem, loss=loss)
    with pytest.raises(RuntimeError, match="when stream is capturing: _local_scalar_dense"):
        replayed(problem, Again).loss((x, y))


def test_what_fails_inside_leaves_searches_as_they_were(few_rows):
    with pytest.raises(RuntimeError, match="stop"), replay.captured("float32"):
        raise RuntimeError("stop")
    assert not isinstance(on_nodes(few_rows)[0].optimizers.problem.loss, ReplayedLoss)


@pytest.mark.slow
def test_searches_on_mixtures_are_captured_and_no_other():
    """GDAS runs a sample, whose path is another one in every pass; windows of text differ, too.

    And `sizes` measures what autograd keeps of a pass: of a replay that is nothing.
    """
    captured = {}
    for name in ("darts", "gdas"):
        folder = discover.load(f"papers/{name}")
        captured[name] = {
            experiment.name
            for experiment in folder.paper.experiments
            if kernels.forms(folder, experiment, kernels.GRAPH)
        }
    assert captured["gdas"] == set()
    assert {"league/first_order", "signals/first_order"} <= captured["darts"]
    studies = {name.partition("/")[0] for name in captured["darts"]}
    assert studies == {"league", "signals", "cifar10", "cifar10_subset"}
