"""DARTS's cell space: the search network, children, both testbeds, sizes, what is declared."""

from __future__ import annotations

import itertools
from dataclasses import replace

import numpy as np
import pytest

from harness.paper import Refused
from harness.training import metrics
from papers.cells.child.cifar_recipe import DARTS
from papers.cells.child.config import ImageRandom, SignalRandom
from papers.cells.draw import files
from papers.cells.network.darts import Layout, Network
from papers.cells.space.genotype import Genotype
from papers.cells.space.node import DARTS as SPACE
from papers.cells.supernet.node import Design
from papers.darts.space import search, sizes, study
from papers.darts.space.config import (
    ImageSearch,
    SignalSearch,
    Size,
)
from tests.lab.testbeds import trial_of

pytestmark = pytest.mark.usefixtures("prepared")
TINY = Design(channels=2, cells=3, nodes=2, dim=1, inputs=1)
SIGNAL = SignalSearch(
    gradient="first_order", channels=2, batch=8, steps=2, eval_every=2,
    child_channels=2, child_batch=20, child_steps=3, child_every=2,
)  # fmt: skip
IMAGE = ImageSearch(
    gradient="first_order", dataset="cifar10_subset", side=8, channels=4, cells=3, batch=4,
    steps=2, eval_every=2, child_channels=4, child_layers=3, child_batch=24, child_steps=2,
    child_every=2, child_cutout=2,
)  # fmt: skip


SEARCH = study.EXPERIMENTS[0].phases


# -- runs -----------------------------------------------------------------------------------------


def test_a_search_tells_three_errors_and_keeps_its_cell(lab, few):
    trial = trial_of(lab, SIGNAL, SEARCH)
    told = list(search.run(SIGNAL, trial))
    final = told[-1]
    assert {"val_error", "discrete_error", "test_error", "child_val_error"} <= set(final)
    assert all("test_error" not in row for row in told[:-1])
    cell = Genotype.parse(final["cell"])
    assert SPACE.check(cell) == cell
    assert Genotype.from_json((trial.artifacts / "cell.json").read_text()) == cell
    assert "from scratch" in files.shown(trial.artifacts)
    assert "reduction cell" in files.shown(trial.artifacts)
    child = Network(Layout(cell, 2, 3, inputs=1, dim=1))
    assert final["parameters"] == metrics.parameters(child)
    assert trial.meter.ledgers["search"].flops > 0


def test_a_search_that_time_cuts_short_says_what_it_got_to(lab, few, monkeypatch):
    """The last row is of the turn that was reached, not of the last one that was measured."""
    trial = trial_of(lab, replace(SIGNAL, steps=40, eval_every=39), SEARCH)
    reason = trial.meter._reason_to_stop
    monkeypatch.setattr(
        trial.meter,
        "_reason_to_stop",
        lambda ledger: "seconds" if ledger.length == 40 and ledger.turns == 2 else reason(ledger),
    )
    told = list(search.run(replace(SIGNAL, steps=40, eval_every=39), trial))
    assert trial.meter.ledgers["search"].turns == 2
    assert told[-1]["alpha_entropy"] != told[0]["alpha_entropy"]
    assert "test_error" in told[-1]


# -- sizes ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "channels", "layers", "batch"),
    [("search", 16, 8, 64), ("evaluation", 36, 20, 96), ("imagenet", 48, 14, 128)],
)
def test_full_networks_are_the_papers(name, channels, layers, batch):
    config = next(e for e in study.EXPERIMENTS if e.name == f"sizes/{name}").config
    assert config.batch == config.published_batch == batch
    built = sizes.design(config) if name == "search" else sizes.layout(config)
    assert built.channels == channels
    assert (built.cells if name == "search" else built.layers) == layers


@pytest.mark.parametrize("network", ["search", "evaluation"])
def test_memory_counted_from_shapes_is_the_memory_of_a_real_pass(lab, monkeypatch, network):
    monkeypatch.setattr(sizes, "design", lambda config: replace(TINY, dim=2, inputs=3))
    config = Size(network, layers=3, side=8, batch=4, published_batch=4, steps=1)
    (final,) = sizes.run(config, lab({"steps": (1, 1)}))
    assert final["memory_gb"] == final["memory_published_gb"]
    assert np.isfinite(final["loss"])


# -- what is declared -----------------------------------------------------------------------------


def test_the_defaults_are_the_papers():
    config = ImageSearch()
    assert (config.channels, config.cells, config.batch) == (16, 8, 64)
    assert config.steps == 50 * 391
    assert config.recipe == DARTS
    assert config.child_steps == DARTS.steps() == 600 * 521
    assert len(ImageRandom().drawn) == 24
    assert ImageRandom().selection_steps == 100 * 469


def test_alpha_goes_as_far_as_in_the_papers_search():
    whole = ImageSearch().alpha_lr * ImageSearch().steps
    searches = [e for e in study.EXPERIMENTS if "alpha_lr" in vars(e.config)]
    assert len(searches) == 8
    for experiment, budget in itertools.product(searches, ("smoke", "nightly", "paper")):
        if budget not in experiment.skipped:
            config = experiment.at(budget)
            assert config.alpha_lr * config.steps == pytest.approx(whole, rel=0.03)


def test_everything_that_is_claimed_is_run_with_enough_seeds():
    by_name = {experiment.name: experiment for experiment in study.EXPERIMENTS}
    for name in ("signals/first_order", "signals/random"):
        assert by_name[name].trials("nightly") >= 4
    for claim in study.CLAIMS:
        for name in claim.check.experiments:
            assert not set(claim.budgets) & set(by_name[name].skipped), claim.id


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: replace(IMAGE, dataset="cifar11"), "did you mean 'cifar10'"),
        (lambda: replace(IMAGE, side=24), "side=24: must be one of 8, 16, 32"),
        (lambda: replace(IMAGE, child_channels=2), "child_channels=2: must be at least 4"),
        (lambda: replace(IMAGE, channels=2), "channels=2: must be at least 4"),
        (lambda: replace(SIGNAL, child_layers=2), "child_layers=2"),
        (lambda: replace(SIGNAL, batch=0), "batch=0"),
        (lambda: replace(SIGNAL, gradient="third"), "unknown gradient of alpha"),
        (lambda: SignalRandom(drawn=(1, 2)), "drawn"),
        (lambda: Size("searched"), "did you mean 'search'"),
        (lambda: Size(batch=1), "batch=1"),
        (lambda: Size(layers=2), "layers=2"),
    ],
)
def test_what_cannot_be_is_refused(make, message):
    with pytest.raises(Refused, match=message):
        make()
