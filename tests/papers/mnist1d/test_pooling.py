"""The five kinds of pooling, their data and what is read off their curves."""

from __future__ import annotations

from collections.abc import Callable

import pandas as pd
import pytest
import torch
from torch.nn.functional import lp_pool1d

from harness.paper import Refused
from harness.training import ensemble, metrics
from papers.mnist1d.pooling import bench, figures, networks, training
from papers.mnist1d.pooling.config import POOLINGS, Pooled
from papers.mnist1d.sweep import Found
from papers.signals import dataset

COUNTS = {"none": 9310, "stride": 3310, "max": 3310, "average": 3310, "l2": 3310}


@pytest.mark.parametrize(("kind", "count"), COUNTS.items())
def test_parameter_counts_are_the_notebooks(kind: str, count: int):
    assert metrics.parameters(networks.build(kind, 0)) == count


def test_one_seed_gives_all_kinds_the_same_convolutions():
    built = {kind: networks.build(kind, 5).state_dict() for kind in POOLINGS}
    for kind in POOLINGS:
        for name in ("first.weight", "second.weight", "second.bias"):
            assert torch.equal(built[kind][name], built["max"][name])
    assert torch.equal(built["l2"]["out.weight"], built["stride"]["out.weight"])


@pytest.mark.parametrize("kind", ["max", "average", "l2"])
@pytest.mark.parametrize("shape", [(5, 20, 40), (3, 5, 20, 10)])
def test_pools_are_torchs_layers(kind: str, shape: tuple[int, ...]):
    x = torch.randn(shape, generator=torch.Generator().manual_seed(0), dtype=torch.float64).relu()
    expected = bench.LAYERS[kind](x.flatten(0, -3)).view(*shape[:-1], shape[-1] // 2)
    if kind == "l2":  # under the root
        expected = (expected.square() + networks.EPS).sqrt()
    torch.testing.assert_close(networks.pool(kind, x), expected, rtol=1e-10, atol=1e-14)


@pytest.mark.parametrize("kind", ["none", "stride"])
def test_none_and_stride_pool_nothing(kind: str):
    x = torch.ones(2, 3, 4)
    assert networks.pool(kind, x) is x


def test_the_slope_of_l2_pooling_is_finite_at_empty_windows():
    x = torch.zeros(1, 1, 4, requires_grad=True)
    networks.pool("l2", x).sum().backward()
    assert torch.equal(x.grad, torch.zeros(1, 1, 4))
    full = torch.tensor([[[3.0, 4.0]]], requires_grad=True)
    networks.pool("l2", full).sum().backward()
    torch.testing.assert_close(full.grad, torch.tensor([[[0.6, 0.8]]]))
    torch.testing.assert_close(networks.pool("l2", full), lp_pool1d(full, 2.0, 2))


@pytest.mark.parametrize("kind", POOLINGS)
def test_a_stacked_gradient_is_that_of_torchs_layers(kind: str):
    singles = [networks.build(kind, seed).double() for seed in range(2)]
    stacked = ensemble.stack(singles)
    random = torch.Generator().manual_seed(1)
    x = torch.randn(30, 40, generator=random, dtype=torch.float64)
    y = torch.randint(0, 10, (30,), generator=random)
    ensemble.cross_entropy(stacked(x), y).sum().backward()
    for single in singles:
        torch.nn.functional.cross_entropy(bench.Plain(kind, single)(x), y).backward()
    alone = torch.stack([single.second.weight.grad for single in singles])
    tolerance = {"rtol": 0, "atol": 1e-6} if kind == "l2" else {"rtol": 1e-10, "atol": 1e-12}
    torch.testing.assert_close(stacked.second.weight_EOCk.grad, alone, **tolerance)


class Stub:
    """As much of a trial as loading needs."""

    device = "cpu"

    def __init__(self) -> None:
        self.used: list[tuple[str, str]] = []

    def uses(self, name: str, digest: str) -> None:
        self.used.append((name, digest))


def test_sets_are_cut_by_count_and_known_by_one_digest():
    trial, other = Stub(), Stub()
    sets = training.load(Pooled("max", (1000, 2000)), trial)
    training.load(Pooled("max", (1000,)), other)
    assert {size: (len(a.y), len(b.y)) for size, (a, b) in sets.items()} == {
        1000: (1000, 1000),
        2000: (2000, 1000),
    }
    reference = dataset.generate(num_samples=2000, train_split=0.5)
    torch.testing.assert_close(
        sets[1000][1].x, torch.tensor(reference["x_test"], dtype=torch.float32), rtol=0, atol=0
    )
    assert len(trial.used) == 1
    assert trial.used != other.used


def test_summary_names_every_size_and_the_gain():
    found: Found = {}
    found[1000] = [{"test_accuracy": 0.5}, {"test_accuracy": 0.6}]
    found[5000] = [{"test_accuracy": 0.9}, {"test_accuracy": 0.8}]
    read = training.summary(Pooled("max", (1000, 5000)), found, 1)
    assert (read["accuracy_1000"], read["accuracy_5000"]) == (0.6, 0.8)
    assert read["gain"] == pytest.approx(0.2)
    assert read["accuracy_mean"] == pytest.approx(0.7)
    assert read["test_accuracy"] == 0.8


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda: Pooled("maxx"), "did you mean 'max'"),
        (lambda: Pooled("max", members=0), "members=0"),
        (lambda: Pooled("max", lr=0.0), "lr=0.0"),
        (lambda: Pooled("max", sizes=()), "sizes=()"),
        (lambda: Pooled("max", sizes=(2000, 1000)), "sizes=(2000, 1000)"),
        (lambda: Pooled("max", sizes=(1050,)), "multiples of 100"),
    ],
)
def test_bad_configs_are_refused(change: Callable[[], Pooled], words: str):
    with pytest.raises(Refused) as refusal:
        change()
    assert words in str(refusal.value)


def test_the_figure_needs_the_rows_that_it_draws():
    columns = ["paper", "experiment", "budget", "turn", "at", "metric", "mean", "sd", "n"]
    nothing = pd.DataFrame(columns=columns)
    for draw in figures.FIGURES.values():
        assert draw(pd.DataFrame(columns=["experiment", "budget"]), nothing) is None
