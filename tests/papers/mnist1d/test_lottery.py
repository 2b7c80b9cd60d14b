"""Pruning, the sparse network beside the masked one, tickets on new data, and resuming."""

from __future__ import annotations

import math
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import torch
from torch.nn.functional import cross_entropy

from harness.budget import Limit
from harness.meter import Interrupted, Meter
from harness.paper import Refused, resolve
from harness.record import journal
from harness.training import device, loop, metrics, optim
from harness.trial import Pace, Tools, Trial
from papers.mnist1d import models
from papers.mnist1d.lottery import bench, figures, pruning, study, tickets, transfer
from papers.mnist1d.lottery.config import LEVELS, TRANSFERS, Lottery
from papers.mnist1d.lottery.learner import Found, Learner
from papers.mnist1d.lottery.subnetwork import Subnetwork, initial
from papers.signals import dataset, splits

LENGTHS = {"first": 20_500, "second": 250_500, "out": 5_010}
TINY = Lottery(
    hidden=30,
    levels=(0.0, 0.6, 0.92, 1.0),
    random_levels=(0.92, 1.0),
    steps=7,
    eval_every=3,
    transfers=("original_dense", "flipped_reinit", "shuffled_ticket", "chunks_random"),
    transfer_steps=4,
    transfer_eval_every=2,
    fresh_rows=100,
)


@pytest.fixture(scope="module")
def theta0() -> dict[str, torch.Tensor]:
    return initial(3, 500, "cpu")


def ran(config: Lottery, folder: Path, stop_after: int | None = None) -> list[dict[str, Any]]:
    """Run one trial until it ends or stops; return what its journal holds."""
    folder.mkdir(exist_ok=True)
    phases = study.EXPERIMENTS[0].phases
    tools = Tools(device.save, device.load, device.random_state, device.set_random_state)
    trial = Trial(journal.Journal(folder), Meter(resolve(phases, config), Limit()), tools, seed=0)
    trial.pace = Pace(1e9, 1e9, stop_after)
    try:
        for row in tickets.run(config, trial):
            trial.append(row)
    except Interrupted:
        assert stop_after is not None
    finally:
        trial.journal.close()
    rows = journal.read(folder).rows
    return [{"phase": row["phase"], "steps": row["steps"], **row["values"]} for row in rows]


class Seeds:
    """The seeds of a trial, as far as a network on new data needs them."""

    device = "cpu"

    @staticmethod
    def stream(*names: str) -> int:
        return len("/".join(names))


# -- masks --------------------------------------------------------------------------------------


def test_the_network_has_the_published_size():
    assert metrics.parameters(models.MLP(500)) == sum(LENGTHS.values()) == 276_010


@pytest.mark.parametrize("sparsity", [0.0, 0.3, 0.919, 0.9999, 1.0])
def test_each_layer_loses_the_floor_of_its_share(theta0, sparsity: float):
    for masks in (
        pruning.by_magnitude(theta0, pruning.everything(theta0), sparsity),
        pruning.at_random(theta0, sparsity, 5),
    ):
        for layer, length in LENGTHS.items():
            kept = int(masks[f"{layer}.weight"].sum() + masks[f"{layer}.bias"].sum())
            assert kept == length - math.floor(sparsity * length)


def test_magnitude_drops_the_smallest_and_random_masks_are_not_nested(theta0):
    masks = pruning.by_magnitude(theta0, pruning.everything(theta0), 0.5)
    mask, weight = masks["second.weight"], theta0["second.weight"].abs()
    assert weight[~mask].max() <= weight[mask].min()
    low, high = (pruning.at_random(theta0, f, seed) for f, seed in ((0.5, 1), (0.6, 2)))
    assert (high["second.weight"] & ~low["second.weight"]).any()


def test_magnitude_masks_are_nested_even_where_a_survivor_is_zero(theta0):
    earlier = pruning.by_magnitude(theta0, pruning.everything(theta0), 0.5)
    zeros = {name: torch.zeros_like(value) for name, value in theta0.items()}
    later = pruning.by_magnitude(zeros, earlier, 0.7)
    for name in theta0:
        assert not (later[name] & ~earlier[name]).any()


def test_a_layer_is_pruned_in_one_pool_of_weight_and_bias():
    weights = {f"{layer}.weight": torch.full((2, 2), 2.0) for layer in pruning.LAYERS}
    weights |= {f"{layer}.bias": torch.tensor([1.0, 3.0]) for layer in pruning.LAYERS}
    masks = pruning.by_magnitude(weights, pruning.everything(weights), 1 / 6)
    assert masks["out.bias"].tolist() == [False, True]
    assert masks["out.weight"].all()


# -- the network without the units that are cut off ----------------------------------------------


@pytest.mark.parametrize("sparsity", [0.0, 0.6, 0.92, 0.99])
def test_leaving_units_out_changes_nothing(sparsity: float):
    weights = {name: value.double() for name, value in initial(4, 120, "cpu").items()}
    masks = pruning.at_random(weights, sparsity, 6)
    train, _ = splits.parts(dataset.generate(num_samples=1000), "cpu")
    network, oracle = Subnetwork(weights, masks), bench.Masked(weights, masks)
    optimizer = optim.adam(network.parameters(), bench.LR)
    for turn in range(20):
        x, y = train.batch(turn, 100)
        loop.descend(cross_entropy(network(x.double()), y), optimizer)
        oracle.step(x.double(), y)
    ours, theirs = network.weights(), oracle.weights()
    for name, mask in masks.items():
        torch.testing.assert_close(ours[name], theirs[name], rtol=1e-10, atol=1e-10)
        assert (ours[name][~mask] == 0).all()
    if sparsity > 0.9:
        assert len(network.rows) < 120  # there was something to leave out


def test_leaving_units_out_changes_no_gradient_in_single_precision(theta0):
    masks = pruning.at_random(theta0, 0.92, 6)
    x = torch.randn(100, 40, generator=torch.Generator().manual_seed(0))
    y = torch.arange(100) % 10
    network, oracle = Subnetwork(theta0, masks), bench.Masked(theta0, masks)
    oracle.weights()  # forces what is masked to zero
    cross_entropy(network(x), y).backward()
    cross_entropy(oracle.model(x), y).backward()
    whole = oracle.model.second.weight.grad * masks["second.weight"]
    part = whole[network.rows[:, None], network.units]
    torch.testing.assert_close(network.parts[2].grad, part, rtol=1e-4, atol=1e-7)
    torch.testing.assert_close(network(x), oracle.model(x), rtol=1e-4, atol=1e-6)


def test_survivors_start_at_theta_0_bit_for_bit_and_keep_it_where_nothing_reaches_them(theta0):
    masks = pruning.at_random(theta0, 0.92, 6)
    network = Subnetwork(theta0, masks)
    for name, start in network.weights().items():
        assert torch.equal(start, theta0[name] * masks[name])
    optimizer = optim.adam(network.parameters(), 2e-2)
    train, _ = splits.parts(dataset.generate(num_samples=500), "cpu")
    for turn in range(2):
        x, y = train.batch(turn, 100)
        loop.descend(cross_entropy(network(x), y), optimizer)
    unread = ~masks["out.weight"].any(0)
    after = network.weights()["second.weight"]
    assert torch.equal(after[unread], (theta0["second.weight"] * masks["second.weight"])[unread])
    assert not torch.equal(after, theta0["second.weight"] * masks["second.weight"])


def test_cut_off_units_are_found_through_both_layers():
    masks = pruning.everything(initial(0, 4, "cpu"))
    masks["first.weight"][0] = masks["first.bias"][0] = False  # unit 0 is never fed
    masks["out.weight"][:, 1] = False  # unit 1 of the second layer is never read
    masks["second.weight"][:, 2] = masks["out.weight"][:, 2] = False  # nobody reads unit 2
    network = Subnetwork(initial(0, 4, "cpu"), masks)
    assert sorted(network.rows.tolist()) == [0, 3]  # row 0 counts: the bias and others feed it
    assert sorted(network.units.tolist()) == [0, 1, 3]
    assert network.units[:2].tolist() == network.rows.tolist()


def test_at_sparsity_one_nothing_is_left():
    weights = initial(0, 30, "cpu")
    network = Subnetwork(weights, pruning.at_random(weights, 1.0, 0))
    _, test = splits.parts(dataset.generate(), "cpu")
    logits = loop.evaluate(network, test.x)
    assert float(cross_entropy(logits, test.y)) == pytest.approx(math.log(10))
    assert float(metrics.accuracy(logits, test.y)) == pytest.approx(0.102)  # the share of class 0


# -- adjacency ----------------------------------------------------------------------------------


def test_adjacency_of_masks_made_by_hand():
    mask = torch.zeros(4, 40, dtype=torch.bool)
    mask[0, ::2] = True  # a comb has no neighbours
    mask[1, 10:15] = True  # a block of five: four pairs, three triples, two runs of four
    mask[2, 39] = mask[2, 0] = True  # ends are no neighbours
    mask[3] = True
    expected = {2: [0, 4, 0, 39], 3: [0, 3, 0, 38], 4: [0, 2, 0, 37]}
    for length, counts in expected.items():
        assert (40 * pruning.adjacency(mask, length)).round().tolist() == counts
    diagonal = torch.eye(40, dtype=torch.bool)
    assert float(pruning.adjacency(diagonal, 2).sum()) == 0


def test_random_masks_have_the_adjacency_of_independence():
    mask = torch.rand(20_000, 40, generator=torch.Generator().manual_seed(0)) < 0.3
    for length in (2, 3, 4):
        ratio = float(pruning.adjacency(mask, length).mean()) / pruning.independent(mask, length)
        assert ratio == pytest.approx(1, abs=0.05)


def test_the_last_factor_can_come_from_another_mask():
    mask = torch.ones(1, 40, dtype=torch.bool)
    other = torch.zeros(1, 40, dtype=torch.bool)
    other[0, 5] = other[0, 1] = True  # one run of four ends at 5; none can end at 1
    assert float(40 * pruning.adjacency(mask, 4, other)) == pytest.approx(1)


# -- new data -----------------------------------------------------------------------------------


def test_the_four_orders_of_positions():
    assert transfer.order("original").tolist() == list(range(40))
    assert transfer.order("flipped").tolist() == list(range(39, -1, -1))
    assert transfer.order("shuffled")[:6].tolist() == [22, 20, 25, 4, 10, 15]
    chunks = [*range(20, 30), *range(30, 40), *range(10), *range(10, 20)]
    assert transfer.order("chunks").tolist() == chunks


def test_new_data_come_from_seed_43():
    built = transfer.courses(TINY, "cpu")
    assert sorted(built) == ["chunks", "flipped", "original", "shuffled"]
    x = built["original"].test.x[0]
    np.testing.assert_allclose(x[:3], [0.79027827, 0.81387517, 0.96495485], rtol=1e-6)
    assert torch.equal(built["flipped"].test.x[0], x.flip(0))
    assert transfer.courses(replace(TINY, transfers=()), "cpu") == {}


# -- the whole trial ----------------------------------------------------------------------------


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> list[dict[str, Any]]:
    return ran(TINY, tmp_path_factory.mktemp("whole"))


@pytest.mark.parametrize("stop", [7, 20, 28, 44])
def test_an_interrupted_trial_gives_the_same_rows(whole, tmp_path: Path, stop: int):
    """Turns 7 and 28 end a phase; the next one has another network."""
    ran(TINY, tmp_path, stop)
    assert ran(TINY, tmp_path) == whole


@pytest.mark.slow
def test_a_faithful_trial_resumes_between_the_kept_weights_and_the_end(tmp_path: Path):
    faithful = replace(TINY, faithful=True, checkpoint_every=4)
    whole = ran(faithful, tmp_path / "whole")
    ran(faithful, tmp_path / "cut", stop_after=6)
    assert ran(faithful, tmp_path / "cut") == whole


def test_the_last_row_has_what_the_claims_read(whole):
    final = whole[-1]
    assert final["test_accuracy"] == final["ticket_last_accuracy"]
    assert final["ticket_sparsity"] == 0.92
    assert final["dense_best_accuracy"] >= final["dense_last_accuracy"]
    for length in (2, 3, 4):
        assert final[f"adjacency_{length}_random"] >= 0
    pruned = next(row for row in whole if row.get("at") == 1.0)
    assert pruned["magnitude_loss"] == pytest.approx(math.log(10))


def test_every_claim_reads_a_metric_that_a_full_trial_has():
    scores = dict.fromkeys(("plateau_accuracy", "last_accuracy", "best_accuracy"), 0.5)
    scores["fresh_accuracy"] = 0.5
    config = Lottery()
    weights = initial(0, 500, "cpu")
    found = Found.start(weights)
    found.ticket = pruning.at_random(weights, 0.92, 0)
    groups = (f"magnitude/{config.ticket_level}", f"random/{config.ticket_level}", "magnitude/0.0")
    found.scores = dict.fromkeys((*groups, *(f"transfer/{n}" for n in TRANSFERS)), scores)

    row = tickets.summary(config, Seeds(), found)  # type: ignore[arg-type]
    for claim in study.CLAIMS:
        for name in (claim.check.metric, getattr(claim.check, "other", "")):  # type: ignore[union-attr]
            assert name in ("", *row), f"{claim.id} reads {name}"


# -- the slips of the notebook ------------------------------------------------------------------


@pytest.mark.parametrize("condition", ["dense", "ticket", "random"])
def test_tickets_are_rewound_unless_the_notebook_is_followed(condition: str):
    found = Found.start(initial(1, 30, "cpu"))
    found.ticket = pruning.at_random(found.theta0, 0.92, 2)
    for faithful in (False, True):
        config = replace(TINY, faithful=faithful, steps=1001)
        network = transfer.network(f"original_{condition}", config, Seeds(), found)  # type: ignore[arg-type]
        survivors = network.weights()["second.weight"]
        spared = survivors != 0
        rewound = torch.equal(survivors[spared], found.theta0["second.weight"][spared])
        assert rewound is not faithful
        if condition == "ticket":
            assert torch.equal(spared, found.ticket["second.weight"])


def test_a_reinitialised_ticket_has_its_masks_and_other_weights():
    found = Found.start(initial(1, 30, "cpu"))
    found.ticket = pruning.at_random(found.theta0, 0.92, 2)
    names = ("original_reinit", "flipped_reinit")
    first, second = (transfer.network(n, TINY, Seeds(), found).weights() for n in names)  # type: ignore[arg-type]
    spared = found.ticket["second.weight"]
    assert torch.equal(first["second.weight"] != 0, spared)
    assert not torch.equal(first["second.weight"][spared], found.theta0["second.weight"][spared])
    assert torch.equal(first["second.weight"], second["second.weight"])


def test_the_notebook_prunes_the_weights_of_its_last_checkpoint():
    assert tickets.last_checkpoint(replace(Lottery(), faithful=True)) == 1000
    assert tickets.last_checkpoint(Lottery()) == -1
    weights = initial(1, 30, "cpu")
    learner = Learner("p", Subnetwork(weights, pruning.everything(weights)), 2e-2)
    learner.keep()
    assert learner.kept is not None
    assert torch.equal(learner.kept["out.weight"], weights["out.weight"])


def test_a4_follows_the_notebook_only_when_asked():
    found = Found.start(initial(1, 30, "cpu"))  # the mask that spares all stands for the ticket
    ours, theirs = (
        tickets.neighbours(replace(TINY, faithful=faithful, steps=1001), Seeds(), found)  # type: ignore[arg-type]
        for faithful in (False, True)
    )
    assert ours["adjacency_4_ticket"] == pytest.approx(37 / 40)
    assert theirs["adjacency_4_ticket"] < 0.2  # the random mask spares 8 %
    differing = {name for name, value in ours.items() if theirs[name] != value}
    assert differing == {"adjacency_4_ticket", "adjacency_4_ticket_ratio"}


# -- figures ------------------------------------------------------------------------------------


def frames(transfers: bool) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Return results and curves of three made-up trials."""
    what = {"experiment": study.NAME, "budget": "nightly"}
    values = {f"adjacency_{m}_{k}{r}": 1.0 for m in (2, 3, 4) for k in ("ticket", "random")
              for r in ("", "_ratio")}  # fmt: skip
    values |= {f"{name}_plateau_accuracy": 0.6 for name in TRANSFERS} if transfers else {}
    results = pd.DataFrame([{**what, **values}] * 3)
    points = [(p, m, at) for p in ("magnitude", "random") for m in ("best_accuracy", "loss")
              for at in (0.0, 0.5) if (p, at) != ("random", 0.0)]  # fmt: skip
    curves = [
        {**what, "turn": 9, "at": at, "metric": f"{p}_{m}", "mean": 0.6, "sd": 0.1, "n": 3}
        for p, m, at in points
    ]
    return results, pd.DataFrame(curves)


def test_figures_show_what_was_measured_and_nothing_else():
    results, curves = frames(transfers=True)
    drawn = {name: draw(results, curves) for name, draw in figures.FIGURES.items()}
    assert all(drawn.values())
    rounds = drawn["lottery"].axes[0]
    ours = next(line for line in rounds.get_lines() if line.get_label() == "at random")
    assert ours.get_xdata().tolist() == [0, 50]  # the dense round belongs to both
    assert len(drawn["lottery-transfer"].axes[0].patches) >= len(TRANSFERS)
    without = figures.FIGURES["lottery-transfer"](*frames(transfers=False))
    assert without is None
    for draw in figures.FIGURES.values():
        assert draw(results.iloc[:0], curves.iloc[:0]) is None


# -- what is asked for --------------------------------------------------------------------------


def test_the_authors_levels():
    assert len(LEVELS) == 100
    assert (LEVELS[0], LEVELS[-1]) == (0.0, 1.0)
    assert Lottery().ticket_level == LEVELS[91] == 0.9192


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"levels": (0.0, 0.5, 0.4)}, "must rise"),
        ({"levels": (0.5, 0.92)}, "must begin with 0.0"),
        ({"levels": (0.0, 1.5)}, "must rise, at least one number from 0 to 1 at most"),
        ({"random_levels": (0.5,)}, "must hold the ticket's level"),
        ({"transfers": ("original_tickets",)}, "did you mean 'original_ticket'"),
        ({"steps": 0}, "steps=0: must be at least 1"),
        ({"lr": 0.0}, "lr=0.0"),
        ({"ticket": 1.0}, "ticket=1.0"),
        ({"fresh_rows": 7}, "fresh_rows=7"),
        ({"faithful": True, "steps": 1000}, "must exceed checkpoint_every=1000"),
    ],
)
def test_a_bad_config_is_refused(change: dict, words: str):
    with pytest.raises(Refused, match=words):
        replace(Lottery(), **change)
