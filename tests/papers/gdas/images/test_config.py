"""What the searches on images and the published trainings are made of, and what is refused."""

from __future__ import annotations

from dataclasses import replace

import pytest

from harness.data import store
from harness.data.registry import DATASETS
from harness.data.store import Home
from harness.paper import Refused
from harness.plan import settings
from papers.cells.child.cifar_recipe import DARTS, GDAS
from papers.cells.child.images import ImageTestbed
from papers.gdas.config import TRAVEL
from papers.gdas.images import study
from papers.gdas.images.config import PROTOCOLS, ImageRetrained, ImageSearch


def test_the_defaults_are_the_authors():
    config = ImageSearch()
    assert (config.channels, config.cells, config.batch) == (16, 6, 256)
    assert config.steps == 250 * 98
    assert -(-25_000 // config.batch) == 98
    assert (config.tau, config.lowest_tau, config.epochs) == (10, 0.1, 250)
    assert (config.lr, config.lowest_lr, config.weight_decay) == (0.025, 0.001, 5e-4)
    assert config.recipe == DARTS  # found cells stand beside DARTS's


def test_alpha_goes_as_far_as_in_the_authors_search():
    for experiment in study.EXPERIMENTS[:4]:
        for budget in ("nightly", "paper"):
            if budget not in experiment.skipped:
                config = experiment.at(budget)
                assert config.alpha_lr * config.steps == pytest.approx(TRAVEL, rel=0.03)


def test_protocols_are_those_of_the_two_releases():
    original, later, longer = (
        ImageRetrained(protocol=name).recipe for name in ("original", "later", "later_long")
    )
    assert original == DARTS
    assert ImageRetrained().lowest_lr == 1e-4
    assert later == GDAS
    assert longer == replace(GDAS, epochs=600, weight_decay=3e-4)
    assert ImageRetrained(protocol="later").lowest_lr == 0
    assert [PROTOCOLS[name].steps for name in ("original", "later")] == [600 * 521, 300 * 521]
    for experiment in study.EXPERIMENTS[4:]:
        config = experiment.at("paper")
        assert config.child_steps == config.recipe.steps()
    assert "312600" in " ".join(study.DEVIATIONS)
    assert PROTOCOLS["later_long"].steps == 312_600


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: ImageSearch(fixed=True, channels=5),
         "channels=5: must be a multiple of 4, for the 8 groups of the fixed reduction cell; "
         "the nearest is 4"),
        (lambda: ImageSearch(fixed=True, channels=15), "channels=15: .*; the nearest is 16"),
        (lambda: ImageSearch(fixed=True, child_channels=35),
         "child_channels=35: .*; the nearest is 36"),
        (lambda: ImageRetrained(cell="GDAS_F1", child_channels=37),
         "child_channels=37: .*; the nearest is 36"),
        (lambda: ImageRetrained(cell="GDAS_F2"), "unknown published cell 'GDAS_F2'; did you mean"),
        (lambda: ImageRetrained(protocol="latter"), "unknown protocol 'latter'; did you mean"),
        (lambda: ImageSearch(derivation="papers"), "unknown derivation 'papers'; did you mean"),
        (lambda: ImageSearch(steps=0), "steps=0: must be at least 1"),
        (lambda: ImageSearch(lowest_tau=11), "lowest_tau=11: must lie between"),
        (lambda: ImageSearch(lowest_tau=0), "lowest_tau=0: must lie between"),
    ],
)  # fmt: skip
def test_what_cannot_be_is_refused_in_one_line(make, message):
    with pytest.raises(Refused, match=message) as told:
        make()
    assert "\n" not in str(told.value)


def test_other_channels_are_only_refused_where_the_cell_is_fixed():
    assert ImageSearch(channels=5).channels == 5
    assert ImageRetrained(child_channels=37).child_channels == 37


def test_a_search_network_without_a_normal_cell_is_refused_by_the_plan():
    with pytest.raises(Refused, match="cells=2"):
        settings.refuse(ImageSearch(cells=2))


def test_a_missing_cifar10_is_one_line_that_says_what_to_do(tmp_path, monkeypatch):
    monkeypatch.delenv("HARNESS_DVC_REMOTE", raising=False)
    whole = DATASETS["cifar10"]
    nowhere = replace(whole, files=tuple(replace(file, origins=()) for file in whole.files))
    home = Home(tmp_path, {"cifar10": nowhere})
    ensure = store.ensure
    monkeypatch.setattr(store, "ensure", lambda name: ensure(name, home))
    with pytest.raises(Refused, match="'cifar10' is missing") as told:
        ImageTestbed.load(ImageSearch(), "cpu")
    assert "python -m harness data pull cifar10" in str(told.value)
    assert "\n" not in str(told.value)
