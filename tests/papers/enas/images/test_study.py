"""ENAS on images: the authors' protocol, its networks' sizes, and whole trials on pixels."""

from __future__ import annotations

from dataclasses import replace
from math import sqrt

import pytest
import torch

from harness.paper import Refused
from harness.training import metrics
from papers.cells.child.cifar_images import CifarImages
from papers.cells.child.images import synthetic
from papers.cells.space.genotype import Genotype
from papers.cells.space.published import ENAS_MACRO, PUBLISHED
from papers.enas.images import macro_search, published, search, study
from papers.enas.images.child import FinalChild, FinalTestbed, Schedule, initialise, macro, micro
from papers.enas.images.config import (
    FinalTraining,
    MacroPublished,
    MacroSearch,
    MacroTraining,
    MicroPublished,
    MicroRandom,
    MicroSearch,
)
from papers.enas.signals.config import space
from tests.lab.testbeds import trial_of

EXPERIMENTS = {e.name: e for e in study.EXPERIMENTS}
RELEASED = PUBLISHED["ENAS_micro"].genotype
pytestmark = [pytest.mark.usefixtures("prepared", "one_thread"), pytest.mark.slow]


def at_check(name: str):
    return EXPERIMENTS[name].at("check")


def run(lab, name: str, function, **changes):
    config = replace(at_check(name), **changes)
    return list(function(config, trial_of(lab, config, EXPERIMENTS[name].phases)))


# -- the authors' protocol ------------------------------------------------------------------------


def test_networks_have_the_releases_numbers_of_weights():
    with torch.device("meta"):
        plain = micro(RELEASED, replace(MicroPublished(), child_auxiliary=0.0))()
        assert metrics.parameters(plain) == 3_894_372
        assert metrics.parameters(micro(RELEASED, MicroPublished())()) == 4_389_220
        whole = macro(ENAS_MACRO, MacroPublished(), dense=True)()
        assert metrics.parameters(whole) == 42_559_392


def test_the_defaults_are_the_authors():
    found = MicroSearch()
    assert (found.cells, found.channels, found.batch, found.steps) == (8, 20, 160, 150 * 282)
    assert (found.child_layers, found.child_channels, found.child_batch) == (15, 36, 144)
    assert found.child_steps == 630 * -(-50_000 // 144)
    assert (found.samples, found.updates, found.rounds) == (10, 30, 150)
    assert found.held_out * 50_000 == 5000
    recipe = found.recipe
    assert recipe.nesterov
    assert (recipe.lr, recipe.weight_decay, recipe.cutout, recipe.drop_path) == (
        0.05,
        4e-4,
        16,
        0.4,
    )
    whole = MacroSearch()
    assert (whole.child_layers, whole.channels, whole.child_channels) == (12, 36, 96)
    assert whole.steps == 310 * -(-45_000 // 128)
    assert (whole.weight_decay, whole.skip_weight, whole.child_dropout) == (5e-4, 0.8, 0.5)
    assert MacroPublished().child_layers == 24
    assert whole.recipe.steps() == 600 * 500  # its own length is the phase's
    assert whole.child_steps == 310 * 500


def test_rates_start_anew_and_drop_path_rises_with_every_turn():
    config = replace(MicroPublished(), child_steps=63)
    schedule = Schedule(config, 63)
    starts = [turn for turn in range(63) if schedule.lr(turn) == 0.05]
    assert starts == [0, 1, 3, 7, 15, 31]
    assert [schedule.drop_path(turn) for turn in (0, 21, 42)] == pytest.approx(
        [0, 0.4 / 3, 0.8 / 3]
    )


def test_initial_weights_are_hes():
    network = initialise(torch.nn.Sequential(torch.nn.Conv2d(64, 64, 3), torch.nn.Linear(500, 90)))
    for module, inputs in zip(network, (64 * 9, 500), strict=True):
        assert float(module.weight.detach().std()) == pytest.approx(sqrt(2 / inputs), rel=0.03)


def child(config: FinalTraining, build) -> FinalChild:
    found: CifarImages = synthetic(config.side, "cpu", 0.0)
    return FinalChild(build, config, found, lambda *names: len(names))


def test_a_training_uses_its_schedule_its_dropout_and_not_its_second_classifiers_size():
    config = replace(at_check(study.CELL), child_steps=7, child_cycles=3)
    own = child(config, micro(space(2).decode((0, 0, 1, 4) * 4), config))
    assert own.horizon == 7
    rates = []
    for turn in range(3):
        own.update(turn)
        rates.append(own.training.optimizer.param_groups[0]["lr"])
    assert rates[0] == rates[1] == 0.05  # the first cycle has one turn of seven
    assert rates[2] < 0.05
    network = own.training.network
    assert network.drop_path == pytest.approx(0.4 * 2 / 7)
    assert network.dropout == 0.2
    assert own.training.optimizer.param_groups[0]["nesterov"]
    second = metrics.parameters(network.auxiliary)
    assert own.parameters == metrics.parameters(network) - second > 0
    assert own.flops > 0
    assert 0 <= own.error("test") <= 1


# -- whole trials ---------------------------------------------------------------------------------


@pytest.mark.parametrize("name", [study.SUBSET, study.MICRO])
def test_a_search_of_cells_ends_with_the_training_of_its_cell(lab, name):
    *rows, final = run(lab, name, search.run)
    assert {"val_error", "discrete_error", "test_error", "sampled_accuracy"} <= set(final)
    assert all("test_error" not in row for row in rows)
    cell = Genotype.parse(final["cell"])
    assert space(2).check(cell) == cell
    with torch.device("meta"):
        network = micro(cell, replace(at_check(name), child_auxiliary=0.0))()
    assert final["parameters"] == metrics.parameters(network)


def test_a_search_of_whole_networks_ends_with_the_training_of_its_network(lab):
    *rows, final = run(lab, study.MACRO, macro_search.run)
    assert {"val_error", "discrete_error", "test_error", "share_skips"} <= set(final)
    assert all("test_error" not in row for row in rows)
    ops, *skips = final["network"].split()
    assert len(ops) == at_check(study.MACRO).child_layers == len(skips)
    assert [len(bits.strip("-")) for bits in skips] == list(range(len(skips)))


def test_a_network_is_written_as_the_release_writes_it():
    ops, *skips = macro_search.text(ENAS_MACRO).split()
    assert ops == "030223221020210222330300"
    assert skips[:5] == ["-", "0", "10", "001", "0000"]
    assert skips[-1] == "11000111010001010011000"


def test_the_penalty_keeps_the_macro_controller_from_skipping_all(lab):
    """It is in the loss, with its weight: without one there is none."""
    config = replace(at_check(study.MACRO), theta_lr=0.01)
    rows = FinalTestbed.load(config, "cpu").rows
    found = macro_search.searched(config, rows, lambda *names: len(names))
    learner = found.policy.learner
    assert learner.penalty is not None
    draw = learner.controller.sample(5, torch.Generator().manual_seed(0))
    kl = learner.controller.skip_penalty(draw)
    torch.testing.assert_close(learner.penalty(draw), 0.8 * kl)
    assert float(kl.detach().min()) > 0


@pytest.mark.parametrize(
    ("name", "function"),
    [(study.CELL, published.cell), (study.NETWORK, published.network)],
)
def test_what_was_released_is_trained(lab, name, function):
    *_, final = run(lab, name, function)
    assert 0 <= final["test_error"] <= 1
    assert final["parameters"] > 0


def test_random_cells_are_chosen_by_validation(lab):
    *rows, final = run(lab, study.SUBSET_RANDOM, published.drawn)
    errors = {row["at"]: row for row in rows}
    best = min(errors, key=lambda at: errors[at]["child_val_error"])
    assert final["best"] == best
    assert final["test_error"] == errors[best]["child_test_error"]
    assert final["mean_error"] == pytest.approx(
        sum(row["child_test_error"] for row in errors.values()) / 2
    )


@pytest.mark.parametrize(
    ("make", "told"),
    [
        (lambda: MicroPublished(child_channels=7), "child_channels=7: must be at least 8"),
        (lambda: MacroSearch(channels=4), "channels=4: must be at least 8"),
        (lambda: MacroSearch(child_layers=2), "layers=2: must be at least 3"),
        (lambda: MacroPublished(child_layers=12), "child_layers=12: must be one of 24"),
        (lambda: MicroSearch(score_batch=99), "score_batch=99: must be at least 100"),
        (lambda: MicroSearch(held_out=0.0), "held_out=0.0: must lie between 0.01 and 0.99"),
        (lambda: MicroRandom(drawn=(1, 2)), r"drawn=\(1, 2\): numbers of cells"),
        (lambda: MacroTraining(child_cycles=0), "child_cycles=0: must be one of 1, 2"),
    ],
)
def test_what_cannot_be_is_refused(make, told):
    with pytest.raises(Refused, match=told):
        make()
