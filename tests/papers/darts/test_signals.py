"""The cell space on signals: a whole search, and what all of the space's searches declare."""

from __future__ import annotations

import itertools
from dataclasses import replace
from random import Random

import pytest

from harness.paper import Refused
from harness.training import metrics
from papers.cells.child import published_cell
from papers.cells.child.cifar_recipe import DARTS
from papers.cells.child.config import ImagePublished, ImageRandom, SignalPublished
from papers.cells.draw import files
from papers.cells.network.darts import Layout, Network
from papers.cells.space.genotype import Genotype
from papers.cells.space.node import DARTS as SPACE
from papers.cells.space.published import PUBLISHED
from papers.darts.images import study as images
from papers.darts.images.config import ImageSearch
from papers.darts.signals import search, study
from papers.darts.signals.config import SignalSearch
from papers.darts.sizes import study as sizes
from tests.lab.testbeds import trial_of

pytestmark = [pytest.mark.usefixtures("prepared"), pytest.mark.slow]
EXPERIMENTS = [*study.EXPERIMENTS, *images.EXPERIMENTS, *sizes.EXPERIMENTS]
SIGNAL = SignalSearch(
    gradient="first_order", channels=2, batch=8, steps=2, eval_every=2,
    child_channels=2, child_batch=20, child_steps=3, child_every=2,
)  # fmt: skip

SEARCH = study.EXPERIMENTS[0].phases


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
    searches = [e for e in EXPERIMENTS if "alpha_lr" in vars(e.config)]
    assert len(searches) == 8
    for experiment, budget in itertools.product(searches, ("smoke", "nightly", "paper")):
        if budget not in experiment.skipped:
            config = experiment.at(budget)
            assert config.alpha_lr * config.steps == pytest.approx(whole, rel=0.03)


def test_no_cell_of_the_space_has_more_weights_than_the_largest():
    assert SPACE.check(published_cell.LARGEST) == published_cell.LARGEST
    at_full_size = Network(Layout(published_cell.LARGEST, 36, 20))
    assert metrics.parameters(at_full_size) == 5_144_086
    stream = Random(0)
    sizes = [
        metrics.parameters(Network(Layout(cell, 2, 3, inputs=1, dim=1)))
        for cell in (published_cell.LARGEST, *(SPACE.random(stream) for _ in range(30)))
    ]
    assert sizes[0] >= max(sizes[1:])


def test_a_published_cell_is_trained_whatever_the_seed(lab, few):
    phases = next(e.phases for e in study.EXPERIMENTS if e.name == study.KNOWN)
    config = SignalPublished(
        child_channels=2, child_batch=20, child_steps=3, child_every=2, cell="DARTS_V1"
    )
    finals = [[*published_cell.run(config, trial_of(lab, config, phases, s))][-1] for s in (0, 1)]
    trial = trial_of(lab, config, phases, 2)
    *_, last = published_cell.run(config, trial)
    for final in (*finals, last):
        assert Genotype.parse(final["cell"]) == PUBLISHED["DARTS_V1"].genotype
        assert 0 <= final["test_error"] <= 1
    assert finals[0]["child_train_loss"] != finals[1]["child_train_loss"]
    assert "DARTS_V1" in files.shown(trial.artifacts)


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: ImageSearch(channels=2), "channels=2: must be at least 4"),
        (lambda: replace(SIGNAL, batch=0), "batch=0"),
        (lambda: SignalPublished(cell="DARTS_V3"), "did you mean 'DARTS_V"),
        (lambda: ImagePublished(cell="DARTS_V3"), "did you mean 'DARTS_V"),
        (lambda: replace(SIGNAL, gradient="third"), "unknown gradient of alpha"),
    ],
)
def test_what_cannot_be_is_refused(make, message):
    with pytest.raises(Refused, match=message):
        make()
