"""Noisy labels, models and gradients of double descent, and what is read off its curves."""

from __future__ import annotations

import hashlib
from collections.abc import Callable

import numpy as np
import pandas as pd
import pytest
import torch
from torch.nn.functional import cross_entropy

from harness.paper import Refused
from harness.training import ensemble, loop, metrics
from papers.mnist1d.double_descent import curve, figures, labels, networks, study, training
from papers.mnist1d.double_descent.config import CHANNELS, WIDTHS, Descent
from papers.mnist1d.sweep import Found, along
from papers.signals import dataset


@pytest.fixture(scope="module")
def stored() -> dataset.Dataset:
    return dataset.generate(num_samples=16_000, train_split=0.25)


def test_noisy_labels_are_the_notebooks_bit_for_bit(stored: dataset.Dataset):
    before = stored["y"].copy()
    noisy = labels.noisy(stored["y"], 0.15, labels.after_generation(training.DATA))
    digest = hashlib.md5(noisy.astype("u1").tobytes(), usedforsecurity=False).hexdigest()
    assert digest == "27ec3ec3bb6d3996f54431241fad80b3"
    assert (noisy != stored["y"]).sum() == 577
    assert np.array_equal(stored["y"], before)  # the notebook's first version changed them too


def test_the_replayed_stream_stands_where_generation_leaves_it(monkeypatch: pytest.MonkeyPatch):
    made: list[dataset.Legacy] = []

    def remember(seed: int) -> dataset.Legacy:
        made.append(legacy(seed))
        return made[-1]

    legacy = np.random.RandomState
    arguments = {"num_samples": 50, "shuffle_seq": True, "seed": 7}
    monkeypatch.setattr(np.random, "RandomState", remember)
    dataset.generate_one_by_one(**arguments)
    replayed = labels.after_generation(dataset.Arguments(**arguments))
    assert replayed is made[1]
    assert replayed.random_sample(5).tolist() == made[0].random_sample(5).tolist()


@pytest.mark.parametrize(("kind", "widths"), [("mlp", WIDTHS), ("cnn", CHANNELS)])
def test_parameter_counts_follow_the_formula(kind: str, widths: tuple[int, ...]):
    for width in (widths[0], widths[7], widths[-1]):
        model = networks.build(kind, width, seed=0)
        assert metrics.parameters(model) == networks.parameters(kind, width)


def test_widths_are_the_notebooks():
    assert sorted({int(width) for width in np.geomspace(2, 300, 20)}) in (
        list(WIDTHS),
        [*WIDTHS[:-1], 299],  # the last one may fall short by rounding
    )
    assert len(WIDTHS) == 19
    assert len(CHANNELS) == 29


@pytest.mark.parametrize("loss", ["cross_entropy", "mse"])
def test_gradients_by_hand_are_autograds(loss: str):
    singles = [networks.build("mlp", 13, seed).double() for seed in range(3)]
    stacked = ensemble.stack(singles)
    random = torch.Generator().manual_seed(0)
    x = torch.randn(50, 40, generator=random, dtype=torch.float64)
    y = torch.randint(0, 10, (50,), generator=random)
    training.LOSSES[loss](stacked(x), y).sum().backward()
    expected = [p.grad.clone() for p in stacked.parameters()]
    own = x.expand(3, -1, -1), training.hot(y).double().expand(3, -1, -1)
    for _ in range(2):  # the second call replaces what the first one wrote
        networks.backpropagate(stacked, *own, loss)
        for parameter, gradient in zip(stacked.parameters(), expected, strict=True):
            torch.testing.assert_close(parameter.grad, gradient, rtol=1e-10, atol=1e-14)


class Stub:
    """As much of a trial as a width needs."""

    device = "cpu"

    def stream(self, *names: str | int) -> int:
        return int(hashlib.sha256(repr(names).encode()).hexdigest()[:8], 16)


@pytest.mark.parametrize("kind", ["mlp", "cnn"])
def test_twenty_stacked_steps_equal_plain_pytorch(kind: str, stored: dataset.Dataset):
    train, _ = training.splits.parts(stored, "cpu")
    config = Descent("mlp", members=2) if kind == "mlp" else small_cnn(members=2)
    wide = training.Wide(config, Stub(), 10, train)
    orders = [training.Endless(4000, 100, Stub().stream("batches", m)) for m in range(2)]
    singles = [networks.build(kind, 10, Stub().stream("init", 10, m)) for m in range(2)]
    for turn in range(20):
        wide.step(turn)
        for single, order in zip(singles, orders, strict=True):
            rows = next(order)
            if turn == 0:
                single.plain = torch.optim.SGD(single.parameters(), lr=0.01, momentum=0.9)
            loop.descend(cross_entropy(single(train.x[rows]), train.y[rows]), single.plain)
    for member, single in enumerate(singles):
        with torch.no_grad():
            both = wide.learners(train.x[:500])[member], single(train.x[:500])
        torch.testing.assert_close(*both, rtol=1e-3, atol=1e-4)


def small_cnn(**fields: int) -> Descent:
    return Descent("cnn", (8, 10, 20), valley=(8, 12), peak=(16, 24), bottom=10, top=20, **fields)


def test_squared_error_is_the_mean_over_rows_and_outputs():
    logits = torch.zeros(1, 4, 10)
    logits[0, 0, 3] = 1.0  # right: no error; the other rows miss one of ten outputs by one
    assert training.squared_error(logits, torch.full((4,), 3)).item() == pytest.approx(3 / 40)


def found(test: dict[int, float], train: dict[int, float]) -> Found:
    kept: Found = {}
    for width, error in test.items():
        row = {"test_error": error, "train_error": train[width], "test_loss": 10 * error}
        kept[width] = [row]
    return kept


def test_summary_reads_dip_bump_and_threshold_off_a_curve():
    config = Descent("mlp", (4, 9, 16, 47, 61, 300))
    test = {4: 0.6, 9: 0.5, 16: 0.4, 47: 0.5, 61: 0.6, 300: 0.3}
    train = {4: 0.6, 9: 0.5, 16: 0.3, 47: 0.01, 61: 0.004, 300: 0.0}
    read = curve.summary(config, found(test, train), 0)
    assert read["valley_error"] == 0.4
    assert read["peak_error"] == pytest.approx(0.55)
    assert read["end_error"] == read["test_error"] == 0.3
    assert read["bump"] == pytest.approx(0.2)
    assert read["elsewhere_error"] == 0.3
    assert (read["bottom_loss"], read["top_loss"], read["end_loss"]) == (4.0, 6.0, 3.0)
    assert (read["loss_rise"], read["loss_fall"]) == (pytest.approx(1.5), pytest.approx(2.0))
    width = 47 + 14 * 5 / 6  # train error falls from .01 to .004 between 47 and 61 units
    assert (read["interpolation_width"], read["interpolated"]) == (pytest.approx(width), 1.0)
    assert read["interpolation_parameters"] == pytest.approx(width**2 + 52 * width + 10)


def test_a_threshold_never_reached_is_put_beyond_the_largest_width():
    assert curve.interpolation({100: 0.3, 200: 0.1}, 0.005) == (400, False)
    assert curve.interpolation({100: 0.305, 200: 0.0}, 0.005) == (
        pytest.approx(198.36, 1e-4),
        True,
    )
    assert curve.interpolation({100: 0.001, 200: 0.0}, 0.005) == (100, True)


def test_the_notebooks_own_train_errors_cross_the_threshold_where_the_claims_say():
    noisy = curve.interpolation({36: 0.19, 47: 0.055, 61: 0.0}, 0.005)
    clean = curve.interpolation({27: 0.12, 36: 0.014, 47: 0.0}, 0.005)
    published = {claim.id: claim.published.value for claim in study.CLAIMS}
    assert noisy[0] == pytest.approx(published["DD3.noisy.width"], abs=0.05)
    assert clean[0] == pytest.approx(published["DD3.clean.width"], abs=0.05)


def test_members_go_through_their_own_orders_and_go_on_there_when_resumed():
    batches = training.Batches(300, [1, 2], "cpu")
    first = torch.cat([next(batches) for _ in range(3)], dim=1)
    assert [sorted(member) for member in first.tolist()] == [list(range(300))] * 2
    assert not torch.equal(first[0], first[1])
    resumed = training.Batches(300, [3, 4], "cpu")
    resumed.load_state_dict(batches.state_dict())
    assert torch.equal(next(resumed), next(batches))


@pytest.mark.parametrize(
    ("errors", "expected"),
    [([0.5, 0.4, 0.3], 0.0), ([0.3, 0.5, 0.2, 0.25], 0.2), ([0.5, 0.3, 0.4, 0.35], 0.1)],
)
def test_bump_is_the_largest_rise_above_the_running_minimum(errors: list[float], expected: float):
    assert curve.bump(errors) == pytest.approx(expected)


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda: Descent("mpl"), "did you mean 'mlp'"),
        (lambda: Descent("mlp", loss="nll"), "unknown loss 'nll'"),
        (lambda: Descent("mlp", noise=1.0), "noise=1.0"),
        (lambda: Descent("mlp", lr=0.0), "lr=0.0"),
        (lambda: Descent("mlp", members=0), "members=0"),
        (lambda: Descent("mlp", widths=(9, 9)), "widths="),
        (lambda: Descent("mlp", widths=(16, 61, 300), valley=(2, 3)), "valley="),
        (lambda: Descent("mlp", widths=(9, 61, 300)), "bottom=16"),
        (lambda: Descent("mlp", valley=(2, 300)), "valley=(2, 300): must leave one"),
    ],
)
def test_bad_configs_are_refused(change: Callable[[], Descent], words: str):
    with pytest.raises(Refused, match=words.split("=")[0]) as refusal:
        change()
    assert words in str(refusal.value)


def test_a_metric_is_read_along_rising_places():
    kept = found({4: 0.6, 2: 0.5}, {4: 0.1, 2: 0.2})
    assert list(along(kept, "test_error", 0).items()) == [(2, 0.5), (4, 0.6)]


def test_figures_need_the_rows_that_they_draw():
    columns = ["paper", "experiment", "budget", "turn", "at", "metric", "mean", "sd", "n"]
    nothing = pd.DataFrame(columns=columns)
    for draw in figures.FIGURES.values():
        assert draw(pd.DataFrame(columns=["experiment", "budget"]), nothing) is None
