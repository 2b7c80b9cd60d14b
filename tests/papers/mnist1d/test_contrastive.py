"""Views, loss, networks and probes of contrastive learning, and its declared claims."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch
from sklearn.linear_model import LogisticRegression
from sklearn.preprocessing import StandardScaler

from harness.paper import Refused
from harness.training import ensemble, loop, metrics, optim
from papers.mnist1d.contrastive import networks, probes, training, views
from papers.mnist1d.contrastive.bench import view_of
from papers.mnist1d.contrastive.config import HEADS, Contrastive
from papers.mnist1d.contrastive.found import Found, Probed, peaks
from papers.mnist1d.contrastive.study import CLAIMS, EXPERIMENTS
from papers.signals import dataset, splits

COUNTS = {"default": 21_716, "none": 3_950, "deep": 53_216}


def signals(rows: int) -> torch.Tensor:
    data = dataset.generate(num_samples=rows, train_split=1.0)
    return torch.tensor(data["x"], dtype=torch.float32)


# -- views ----------------------------------------------------------------------------------------


def test_a_line_without_its_trend_is_nothing():
    t = torch.arange(40.0)
    lines = torch.stack([0.3 * t - 2, -1.7 * t, torch.full((40,), 5.0)])
    torch.testing.assert_close(views.detrend(lines), torch.zeros(3, 40), rtol=0, atol=1e-4)


def test_what_was_detrended_has_neither_mean_nor_slope_and_keeps_its_shape():
    x = signals(50).double()
    found = views.detrend(x)
    t = torch.arange(40.0, dtype=torch.float64)
    assert found.mean(-1).abs().max() < 1e-12
    slopes = np.polyfit(t.numpy(), found.T.numpy(), 1)[0]
    assert np.abs(slopes).max() < 1e-12
    rest = x - found  # a line: its second difference vanishes
    assert rest.diff(n=2).abs().max() < 1e-12


def test_an_augmented_line_is_a_line():
    line = 0.1 * torch.arange(40.0, dtype=torch.float64)[None] + 3
    draws = views.Draws(torch.tensor([[7]]), torch.tensor([[0.2]]), torch.tensor([[-1.0]]))
    found = views.transform(views.detrend(line), draws)
    assert found.shape == (1, 1, 40)
    torch.testing.assert_close(found[0, 0].diff(), torch.full((39,), 0.2, dtype=torch.float64))
    assert found.mean().item() == pytest.approx(-1.0)


def test_a_shift_goes_to_the_right_in_a_circle():
    peak = torch.zeros(1, 40)
    peak[0, 38] = 1
    nothing = torch.zeros(2, 1)
    draws = views.Draws(torch.tensor([[0], [3]]), nothing, nothing)
    found = views.transform(peak, draws)[:, 0]
    assert found.argmax(-1).tolist() == [38, 1]


def test_batched_views_are_those_of_one_signal_after_another():
    config, x = Contrastive("default"), signals(20)
    draws = views.draw(config, 20, torch.Generator().manual_seed(3))
    found = views.transform(views.detrend(x[:20]), draws)
    for view in range(2):
        for row in range(20):
            slope, offset = draws.slope[view, row].item(), draws.offset[view, row].item()
            alone = view_of(x[row], slope, offset, int(draws.shift[view, row]))
            torch.testing.assert_close(found[view, row], alone, rtol=1e-4, atol=1e-5)


def test_what_is_drawn_has_the_published_spread():
    draws = views.draw(Contrastive("default"), 20_000, torch.Generator().manual_seed(0))
    assert set(draws.shift.unique().tolist()) == set(range(10))
    assert draws.shift.float().mean().item() == pytest.approx(4.5, abs=0.06)
    assert draws.slope.std().item() == pytest.approx(0.04, rel=0.02)
    assert draws.offset.std().item() == pytest.approx(0.3, rel=0.02)
    both = torch.stack([draws.offset[0], draws.offset[1]])
    assert abs(torch.corrcoef(both)[0, 1].item()) < 0.03  # two views are drawn apart


def test_an_epoch_gives_every_signal_once_in_both_views():
    config = Contrastive("none", members=2, slope_sd=0.0, offset_sd=0.0, shifts=1)
    x = torch.eye(40).repeat(100, 1)[:4000]
    made = views.Views(x + torch.arange(4000.0)[:, None], config, [1, 2], [3, 4])
    batches = list(made.epoch())
    assert len(batches) == 40
    assert batches[0].shape == (2, 200, 40)
    first, second = batches[0].chunk(2, dim=1)
    torch.testing.assert_close(first, second)  # without noise both views are the same signal
    whole = torch.cat([batch.chunk(2, dim=1)[0] for batch in batches], dim=1)
    for member in range(2):
        counts = whole[member].argmax(-1).bincount(minlength=40)
        assert counts.tolist() == [100] * 40


def test_members_see_other_batches_and_other_views_and_a_state_continues():
    config, x = Contrastive("default", members=2), signals(4000)
    made = views.Views(x, config, [1, 2], [3, 4])
    first = next(made.epoch())
    assert not torch.equal(first[0], first[1])
    twins = views.Views(x, config, [1, 1], [3, 3])
    pair = next(twins.epoch())
    torch.testing.assert_close(pair[0], pair[1], rtol=0, atol=0)
    kept = made.state_dict()
    later = next(made.epoch())
    other = views.Views(x, config, [8, 9], [8, 9])
    other.load_state_dict(kept)
    torch.testing.assert_close(next(other.epoch()), later, rtol=0, atol=0)


# -- loss and networks ----------------------------------------------------------------------------


def test_info_nce_of_two_pairs_in_closed_form():
    first = torch.tensor([[3.0, 0.0], [0.0, 0.5]])  # lengths do not count
    second = torch.tensor([[1.0, 0.0], [1.0, 1.0]])
    s = [[1.0, math.sqrt(0.5)], [0.0, math.sqrt(0.5)]]
    rows = [
        -math.log(math.exp(s[i][i] / 0.5) / sum(math.exp(v / 0.5) for v in s[i])) for i in (0, 1)
    ]
    found = training.info_nce(first, second, 0.5).item()
    assert found == pytest.approx(sum(rows) / 2, rel=1e-6)
    turned = training.info_nce(second, first, 0.5).item()
    assert turned != pytest.approx(found, rel=1e-3)  # one direction only


def test_info_nce_of_unrelated_features_is_about_the_log_of_the_batch():
    noise = torch.randn(2, 100, 512, generator=torch.Generator().manual_seed(0))
    assert training.info_nce(noise[0], noise[1], 0.5).item() == pytest.approx(
        math.log(100), abs=0.1
    )


def test_info_nce_is_each_member_s_own():
    z = torch.randn(2, 3, 10, 4, generator=torch.Generator().manual_seed(0))
    alone = torch.stack([training.info_nce(z[0, m], z[1, m], 0.5) for m in range(3)])
    torch.testing.assert_close(training.info_nce(z[0], z[1], 0.5), alone)


@pytest.mark.parametrize(("head", "count"), COUNTS.items())
def test_parameter_counts_are_the_published_ones(head: str, count: int):
    network = networks.build(head, 0)
    assert metrics.parameters(network) == count
    widths = [layer.flatten(1).shape[1] for layer in network.layers(torch.zeros(2, 40))]
    assert widths == [475, 250, 125, *HEADS[head]]
    torch.testing.assert_close(network(torch.ones(2, 40)), network.layers(torch.ones(2, 40))[-1])


@pytest.mark.slow
@pytest.mark.parametrize("head", COUNTS)
def test_stacked_steps_equal_single_steps_in_two_passes(head: str):
    """In float64: Adam's first steps have the size lr whatever the gradient, and amplify."""
    config, x = Contrastive(head, members=2), signals(1000).double()
    singles = [networks.build(head, seed).double() for seed in range(2)]
    stacked = ensemble.stack(singles)
    together = optim.adam(stacked.parameters(), config.lr)
    epoch = views.Views(x, config, [1, 2], [3, 4]).epoch()
    batches = [next(epoch) for _ in range(10)]
    for both in batches:
        loop.descend(training.loss(stacked, both, config).sum(), together)
    for member, single in enumerate(singles):
        optimizer = torch.optim.Adam(single.parameters(), lr=config.lr)
        for both in batches:
            first, second = both[member].chunk(2)
            loop.descend(training.info_nce(single(first), single(second), 0.5), optimizer)
        with torch.no_grad():
            torch.testing.assert_close(stacked(x)[member], single(x), rtol=1e-7, atol=1e-9)


@pytest.mark.parametrize("head", COUNTS)
def test_stacked_losses_equal_single_ones_in_float32(head: str):
    config, x = Contrastive(head, members=2), signals(1000)
    singles = [networks.build(head, seed) for seed in range(2)]
    both = next(views.Views(x, config, [1, 2], [3, 4]).epoch())
    with torch.no_grad():
        alone = [
            training.info_nce(*single(part).chunk(2), 0.5)
            for single, part in zip(singles, both, strict=True)
        ]
        found = training.loss(ensemble.stack(singles), both, config)
    torch.testing.assert_close(found, torch.stack(alone), rtol=1e-5, atol=1e-6)


def test_rows_all_trains_on_test_signals_too():
    class Streams:
        device = "cpu"

        def stream(self, *names: str | int) -> int:
            return len(names)

    data = dataset.generate()
    train, test = splits.parts(data, "cpu")
    for rows, steps in (("train", 40), ("all", 50)):
        config = Contrastive("none", rows=rows, epoch_steps=steps, members=1)
        _, made = training.build(config, Streams(), train, test)
        assert sum(both.shape[1] for both in made.epoch()) == 200 * steps


# -- probes ---------------------------------------------------------------------------------------


def test_the_probe_of_the_pixels_scores_the_published_33_percent():
    data = dataset.generate()
    train, test = (data["x"], data["y"]), (data["x_test"], data["y_test"])
    assert probes.linear(train, test) == pytest.approx(0.33, abs=0.006)


def test_the_probe_is_converged():
    data = dataset.generate(num_samples=1500, train_split=0.8)
    rows = StandardScaler().fit(data["x"]).transform
    tight = LogisticRegression(tol=1e-8, max_iter=10_000).fit(rows(data["x"]), data["y"])
    mine = LogisticRegression(tol=probes.TOLERANCE, max_iter=probes.ITERATIONS)
    mine.fit(rows(data["x"]), data["y"])
    at = [model.predict_log_proba(rows(data["x"])) for model in (mine, tight)]
    losses = [-table[np.arange(len(table)), data["y"]].mean() for table in at]
    assert losses[0] == pytest.approx(losses[1], abs=1e-4)
    scores = [model.score(rows(data["x_test"]), data["y_test"]) for model in (mine, tight)]
    assert scores[0] == pytest.approx(scores[1], abs=0.0034)


def test_nearest_neighbours_go_by_angle():
    features = np.array([[1.0, 0.0], [2.0, 0.1], [0.0, 1.0], [0.1, 9.0]])
    labels = np.array([0, 0, 1, 1])
    test = (np.array([[50.0, 1.0], [0.0, 0.01]]), np.array([0, 1]))
    assert probes.nearest((features, labels), test, 2) == 1.0


def test_probes_read_the_member_and_layer_that_they_say():
    data = dataset.generate()
    train, test = splits.parts(data, "cpu")
    few = splits.Split(train.x[:300], train.y[:300])
    config = Contrastive("none", members=2)
    singles = [networks.build("none", seed) for seed in range(2)]
    found = training.probe(ensemble.stack(singles), few, test, config, (0, 3))
    assert [sorted(member.linear) for member in found] == [[0, 3], [0, 3]]
    assert found[0].linear[0] == found[1].linear[0]  # the pixels are everybody's
    with torch.no_grad():
        sides = [singles[1](split.x).double().numpy() for split in (few, test)]
    own = probes.linear((sides[0], few.y.numpy()), (sides[1], test.y.numpy()))
    assert found[1].linear[3] == pytest.approx(own, abs=0.002)
    assert found[0].linear[3] != found[1].linear[3]


# -- rows and declarations ------------------------------------------------------------------------


def test_peaks_are_read_off_the_published_layers():
    published = dict(enumerate([0.328, 0.751, 0.809, 0.821, 0.761, 0.750]))
    found = peaks(published)
    assert found["interior_peak"] == 0.821
    assert (found["peak_layer"], found["layer_2"], found["rest_peak"]) == (3, 0.809, 0.821)
    assert found["last_layer"] == 0.750
    bare = peaks(dict(enumerate([0.328, 0.5, 0.6, 0.9])))
    assert (bare["interior_peak"], bare["last_layer"]) == (0.6, 0.9)  # z is not in the interior


def test_rows_tell_epochs_layers_and_results_and_survive_a_checkpoint():
    found = Found()
    found.lose(torch.tensor([2.5, 3.0]))
    assert found.curve(10) == [{"member": 0, "loss": 2.5}, {"member": 1, "loss": 3.0}]
    layers = {0: 0.3, 1: 0.7, 2: 0.8, 3: 0.75}
    found.probed[20] = [Probed({3: 0.61}, 0.4), Probed({3: 0.62}, 0.5)]
    found.probed[200] = [Probed(layers, 0.6), Probed({**layers, 3: 0.85}, 0.7)]
    copy = Found()
    copy.load_state_dict(found.state_dict())
    assert copy == found
    rows = list(copy.summary())
    assert [row["linear_accuracy_20"] for row in rows] == [0.61, 0.62]
    assert [row["linear_accuracy"] for row in rows] == [0.75, 0.85]
    assert [row["knn_accuracy"] for row in rows] == [0.6, 0.7]
    assert [row["at"] for row in copy.layerwise()] == [0, 1, 2, 3, 0, 1, 2, 3]


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"head": "depe"}, "did you mean 'deep'"),
        ({"rows": "test"}, "unknown rows 'test'"),
        ({"rows": "all"}, "epoch_steps=40: an epoch of rows='all' has 50 batches of 100"),
        ({"batch_size": 200}, "has 20 batches of 200"),
        ({"temperature": 0.0}, "temperature=0.0"),
        ({"lr": -1.0}, "lr=-1.0"),
        ({"slope_sd": -0.1}, "slope_sd=-0.1"),
        ({"probe_rows": 5}, "probe_rows=5"),
        ({"members": 0}, "members=0"),
    ],
)
def test_a_bad_config_is_refused(change: dict, words: str):
    with pytest.raises(Refused, match=words):
        Contrastive(**{"head": "default", **change})


def test_claims_ask_for_half_of_what_the_notebook_prints():
    claims = {claim.id: claim for claim in CLAIMS}
    assert claims["S1.early.gain"].check.at_least == pytest.approx((0.759 - 0.328) / 2)
    assert claims["S1.gain"].check.at_least == pytest.approx((0.821 - 0.328) / 2)
    assert claims["S1.level"].check.band("paper") == pytest.approx((0.791, 0.851))
    assert all(
        claims[f"S4.{head}"].check.at_least
        == pytest.approx(claims[f"S4.{head}"].published.value / 2)
        for head in COUNTS
    )
    assert not claims["S3.default"].expected
    assert {e.at("paper").epochs for e in EXPERIMENTS} == {200}
