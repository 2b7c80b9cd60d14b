"""DARTS's cell space: the search network, children, both testbeds, sizes, what is declared."""

from __future__ import annotations

import itertools
from dataclasses import replace
from functools import partial
from random import Random

import numpy as np
import pytest
import torch

from harness.paper import Refused, resolve
from harness.training import data, metrics
from harness.trial import stream
from papers.cells.child import cifar, mnist1d
from papers.cells.child.cifar_recipe import DARTS
from papers.cells.draw import files
from papers.cells.network.darts import Layout, Network
from papers.cells.space.genotype import Genotype
from papers.cells.space.node import DARTS as SPACE
from papers.cells.supernet.bilevel import gradients
from papers.cells.supernet.derivation import path
from papers.cells.supernet.node import Design
from papers.darts.config import Darts
from papers.darts.space import images, random_cells, search, sizes, study
from papers.darts.space.config import (
    ImageRandom,
    ImageSearch,
    SignalRandom,
    SignalSearch,
    Size,
)
from papers.darts.space.rows import Rows
from papers.darts.space.searched import Searched
from papers.darts.space.signals import Signals
from papers.darts.space.testbed import Kept, Training, train

pytestmark = pytest.mark.usefixtures("prepared")
TINY = Design(channels=2, cells=3, nodes=2, dim=1, inputs=1)
FIRST = Darts(gradient="first_order")
SIGNAL = SignalSearch(
    gradient="first_order", channels=2, batch=8, steps=2, eval_every=2,
    child_channels=2, child_batch=20, child_steps=3, child_every=2,
)  # fmt: skip
IMAGE = ImageSearch(
    gradient="first_order", dataset="cifar10_subset", side=8, channels=4, cells=3, batch=4,
    steps=2, eval_every=2, child_channels=4, child_layers=3, child_batch=24, child_steps=2,
    child_every=2, child_cutout=2,
)  # fmt: skip


@pytest.fixture(scope="module")
def signals() -> mnist1d.Signals:
    return mnist1d.Signals.load()


@pytest.fixture(scope="module")
def rows(signals) -> Rows:
    """Few signals, so that judging is quick."""
    whole = Rows.signals(signals)
    return replace(
        whole,
        train=mnist1d.Part(whole.train.x[:60], whole.train.y[:60]),
        val=mnist1d.Part(whole.val.x[:40], whole.val.y[:40]),
    )


@pytest.fixture
def few(monkeypatch, rows, signals):
    """Let the 60 and 40 signals be all that a testbed has."""
    monkeypatch.setattr(mnist1d.Signals, "load", lambda where: signals)
    monkeypatch.setattr(Rows, "signals", classmethod(lambda cls, found: rows))


def read(side, name, part):
    """Return random images as if they were stored."""
    random = np.random.default_rng(len(part))
    count = 20 if part == "test" else 64
    pixels = random.integers(256, size=(count, 3, side, side), dtype=np.uint8)
    return pixels, np.arange(count) % 4, f"hash of {name}"


@pytest.fixture
def stored(monkeypatch):
    """Let 64 random images of 8x8 be CIFAR-10's."""
    monkeypatch.setattr(data, "_stored", partial(read, 8))


def searched(rows: Rows, config: Darts = FIRST, design: Design = TINY, seed: int = 0):
    return Searched(design, config, rows, 8, partial(stream, seed))


def trial_of(lab, config, phases, seed=0):
    return lab(resolve(phases, config), seed)


SEARCH = study.EXPERIMENTS[0].phases
RANDOM = {"train": study.EXPERIMENTS[4].phases["train"]}


# -- the search network ---------------------------------------------------------------------------


def test_a_search_of_signals_sees_3000_and_1000(signals):
    whole = Rows.signals(signals)
    assert whole.train.x.shape == (3000, 1, 40)
    assert whole.val.x.shape == (1000, 1, 40)
    torch.testing.assert_close(whole.train.x[7, 0], signals.train.x[:, 7])
    assert whole.united.train.x.shape == (4000, 1, 40)
    assert len(whole.united.val.y) == 1000


@pytest.mark.parametrize("union", [False, True])
def test_union_draws_w_and_alpha_from_all_rows(rows, union):
    parts = searched(rows, replace(FIRST, union=union)).streams
    sizes_of = {name: len(part.part.y) for name, part in parts.items()}
    assert sizes_of == ({"train": 100, "val": 100} if union else {"train": 60, "val": 40})
    orders = [torch.cat([next(part.rows) for _ in range(3)]).tolist() for part in parts.values()]
    assert orders[0] != orders[1]  # two streams, not one


def test_orders_of_one_seed_see_the_same_data_and_move_alpha_otherwise(rows):
    pair = [searched(rows, replace(FIRST, gradient=g)) for g in ("first_order", "second_order")]
    for one in pair:
        for turn in range(2):
            one.step(turn, 2)
    states = [{n: s.rows.state_dict() for n, s in one.streams.items()} for one in pair]
    for name in ("train", "val"):
        one, other = (state[name] for state in states)
        assert one["position"] == other["position"] == 16
        assert torch.equal(one["generator"], other["generator"])
    assert not torch.equal(pair[0].weights[0], pair[1].weights[0])


def test_the_loss_is_the_fast_forms_and_what_is_differentiated_twice_the_loops(rows):
    one = searched(rows)
    one.supernet.double()
    one.relaxation.double()
    batch = (rows.train.x[:8].double(), rows.train.y[:8])
    problem = one.optimizers.problem
    fast, loop = problem.loss(batch), problem.twice(batch)
    torch.testing.assert_close(fast, loop, rtol=1e-12, atol=0)
    both = (*problem.alphas, *problem.weights)
    for a, b in zip(gradients(fast, both), gradients(loop, both), strict=True):
        torch.testing.assert_close(a, b, rtol=0, atol=1e-10)
    with pytest.raises(Refused, match="create_graph=True"):
        gradients(problem.loss(batch), problem.weights, create_graph=True)
    again = gradients(problem.twice(batch), problem.weights, create_graph=True)
    assert any(gradient.requires_grad for gradient in again)


def test_the_discrete_error_is_that_of_weights_of_one_and_zero(rows):
    one = searched(rows)
    for turn in range(4):
        one.step(turn, 4)
    cells = one.genotype
    weights = []
    for name in ("normal", "reduce"):
        operations = TINY.operations(name == "reduce")
        chosen = path(cells.cell(name), TINY, operations)
        onehot = torch.zeros(len(TINY.edges), 8)
        for edge, index in enumerate(chosen):
            if index is not None:
                onehot[edge, index] = 1
        assert onehot.sum() == 4  # two edges for each of two nodes
        weights.append(onehot)
    with torch.no_grad():
        wrong = (one.supernet(rows.val.x, *weights).argmax(1) != rows.val.y).float().mean()
    assert one.discrete_error() == pytest.approx(float(wrong))
    assert one.discrete_error(cells) == one.discrete_error()
    with torch.no_grad():
        mixed = (one.supernet(rows.val.x, *one.weights).argmax(1) != rows.val.y).float().mean()
    assert one.error() == pytest.approx(float(mixed))
    assert 0 <= one.error(rows.train) <= 1


def test_judging_leaves_no_trace(rows):
    one = searched(rows)
    before = {name: value.clone() for name, value in one.supernet.state_dict().items()}
    one.error(), one.discrete_error(), one.row(), one.flops
    assert all(torch.equal(before[n], v) for n, v in one.supernet.state_dict().items())
    assert "running_mean" not in "".join(before)  # statistics are the batch's, always


def test_a_search_goes_on_where_it_was(rows):
    whole, half, resumed = searched(rows), searched(rows), searched(rows, seed=9)
    for turn in range(4):
        whole.step(turn, 4)
    for turn in range(2):
        half.step(turn, 4)
    for name, item in resumed.stateful.items():
        given = half.stateful[name]
        if hasattr(item, "load_state_dict"):
            item.load_state_dict(given.state_dict())
        else:
            item.set_state(given.get_state())
    for turn in range(2, 4):
        resumed.step(turn, 4)
    assert resumed.row() == whole.row()
    assert all(map(torch.equal, resumed.weights, whole.weights))


def test_reduced_spaces_are_searched_with_their_own_operations(rows):
    edges = (("skip_connect", "sep_conv_3x3"),) * 5
    one = searched(rows, design=replace(TINY, normal=edges, reduce=edges))
    one.step(0, 1)
    assert one.weights[0].shape == (5, 2)
    found = one.genotype
    assert {op for op, _ in found.normal + found.reduce} <= {"skip_connect", "sep_conv_3x3"}
    row = one.row()
    assert row["skips"] + row["convolutions"] == 4
    assert "alpha_none" not in row
    assert row["alpha_skip_connect"] + row["alpha_sep_conv_3x3"] == pytest.approx(1)


def test_a_row_counts_the_derived_normal_cell(rows):
    one = searched(rows)
    with torch.no_grad():
        one.relaxation.alphas["normal"][:, 3] = 3  # skip_connect
    assert one.row()["skips"] == 4
    assert one.row()["convolutions"] == 0


@pytest.mark.parametrize(("gradient", "passes"), [("first_order", 2), ("second_order", 5)])
def test_a_steps_work_is_its_passes(rows, gradient, passes):
    one = searched(rows, replace(FIRST, gradient=gradient))
    x = rows.train.x[:2]
    with torch.no_grad():
        forward = metrics.flops(lambda: one.supernet(x, *one.weights)) / 2
    assert one.flops == pytest.approx(3 * passes * forward * 8)


# -- children -------------------------------------------------------------------------------------


def draw(number: int) -> Genotype:
    return SPACE.random(Random(number))


def test_a_child_of_signals_learns_and_its_test_waits_for_the_last_step(lab, few, signals):
    config = replace(SIGNAL, child_channels=4, child_steps=16, child_every=5, child_batch=30)
    bed = Signals(config, signals)
    kept: Kept = {}
    trial = trial_of(lab, config, SEARCH)
    begin = partial(bed.child, draw(0), bed.parts, trial.stream)
    told = list(train(Training("retrain", begin, bed.parts, 5), trial, kept))
    assert [row["child_epoch"] for row in told] == [0.5, 3, 5.5, 8]
    assert told[-1]["child_train_loss"] < 0.95 * told[0]["child_train_loss"]
    assert all("child_val_error" in row for row in told)
    assert ["child_test_error" in row for row in told] == [False, False, False, True]
    assert kept == {"retrain": told[-1]}
    assert list(train(Training("retrain", begin, bed.parts), trial, kept)) == []  # it is over


def test_childrens_work_and_parameters(rows, signals):
    bed = Signals(SIGNAL, signals)
    child = bed.child(draw(1), bed.parts, partial(stream, 0))
    before = {name: value.clone() for name, value in child.network.state_dict().items()}
    with torch.no_grad():
        forward = metrics.flops(lambda: Network(child.network.layout).eval()(rows.val.x[:1]))
    assert child.flops == pytest.approx(3 * forward * SIGNAL.child_batch)
    assert child.parameters == metrics.parameters(child.network)
    assert all(torch.equal(before[n], v) for n, v in child.network.state_dict().items())


# -- images ---------------------------------------------------------------------------------------


def test_children_of_images_are_those_of_the_shared_protocol(lab, stored):
    """The same streams give the same training as `cells.cifar.run`, loss for loss."""
    config = replace(IMAGE, side=32)
    for part, turns in (("test", 10), ("val", 10)):
        trial, other = (trial_of(lab, config, SEARCH, seed=5) for _ in range(2))
        theirs = list(cifar.run(draw(3), config.recipe, other, "retrain", part))
        bed = images.Images.load(config, "cpu")
        begin = partial(bed.child, draw(3), (part,), partial(trial.stream, "retrain"))
        ours = list(train(Training("retrain", begin, (part,), turns), trial, {}))
        assert ours[-1]["child_train_loss"] == theirs[-1]["train_loss"]
        assert ours[-1][f"child_{part}_error"] == theirs[-1][f"{part}_error"]
        assert trial.meter.spent("flops") == other.meter.spent("flops")


def test_a_choice_is_made_on_images_that_do_not_train(stored):
    bed = images.Images.load(IMAGE, "cpu")
    assert (len(bed.rows.train.y), len(bed.rows.val.y)) == (32, 32)
    seed = partial(stream, 0)
    chosen = bed.child(draw(0), ("val",), seed)
    assert (len(chosen.images.train.y), len(chosen.images.val.y)) == (56, 8)
    final = bed.child(draw(0), bed.parts, seed)
    assert (len(final.images.train.y), len(final.images.val.y)) == (64, 0)
    with pytest.raises(Refused, match="no validation part"):
        final.error("val")


def test_images_are_pooled_and_augmented(monkeypatch):
    monkeypatch.setattr(data, "_stored", partial(read, 32))
    bed = images.Images.load(IMAGE, "cpu")
    assert bed.rows.train.x.shape[1:] == (3, 8, 8)
    assert bed.rows.train.x.dtype == torch.uint8
    whole = images.Images.load(replace(IMAGE, side=32), "cpu").rows
    block = whole.train.x[0, 1, 4:8, 8:12].float().mean().round()
    assert bed.rows.train.x[0, 1, 1, 2] == block
    batch = bed.rows.augment(bed.rows.train.x[:6], torch.Generator().manual_seed(0))
    assert batch.shape == (6, 3, 8, 8)
    assert batch.dtype == torch.float32
    assert not torch.equal(batch, bed.rows.plain(bed.rows.train.x[:6]))


def test_pixels_need_no_data(monkeypatch):
    monkeypatch.setattr(data, "_stored", None)  # whoever asks for data fails
    bed = images.Images.load(replace(IMAGE, dataset="pixels"), "cpu")
    assert bed.rows.dataset == "pixels"
    final = bed.child(draw(0), bed.parts, partial(stream, 0))
    assert len(final.images.train.y) == len(bed.rows.train.y) + len(bed.rows.val.y)
    final.update(0)
    assert 0 <= final.error("test") <= 1


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


def test_random_search_takes_the_best_by_validation_and_knows_the_mean(lab, few):
    config = SignalRandom(
        drawn=(0, 1, 2), child_channels=2, child_batch=20, child_steps=6, child_every=6
    )
    trial = trial_of(lab, config, RANDOM)
    *cells, final = random_cells.run(config, trial)
    assert [row["at"] for row in cells] == [0, 1, 2]
    best = min(cells, key=lambda row: row["child_val_error"])
    assert final["best"] == best["at"]
    assert final["test_error"] == best["child_test_error"]
    mean = sum(row["child_test_error"] for row in cells) / 3
    assert final["mean_error"] == pytest.approx(mean)
    drawn = random_cells.draw(3, trial)
    assert len({cell.text for cell in drawn}) == 3
    assert final["cell"] == drawn[final["best"]].text


def test_random_search_on_images_trains_the_chosen_cell_in_full(lab, stored):
    config = ImageRandom(
        dataset="cifar10_subset", side=8, drawn=(0, 1), selection_steps=2, child_channels=4,
        child_layers=3, child_batch=24, child_steps=2, child_every=1, child_cutout=2,
    )  # fmt: skip
    phases = next(e for e in study.EXPERIMENTS if e.name == "cifar10/random").phases
    *told, final = random_cells.select(config, trial_of(lab, config, phases))
    chosen = [row for row in told if "at" in row]
    assert len(chosen) == 2
    assert all("child_test_error" not in row for row in chosen)
    assert final["test_error"] == told[-1]["child_test_error"]
    assert final["best_val_error"] == min(row["child_val_error"] for row in chosen)


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
