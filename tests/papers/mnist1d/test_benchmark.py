"""The benchmark's models, batches and scores, and the declared claims."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from torch.nn.functional import cross_entropy

from harness.paper import Refused
from harness.training import ensemble, loop, metrics, optim
from papers.mnist1d import models
from papers.mnist1d.benchmark import baselines, study, training
from papers.mnist1d.benchmark.config import Fit, Training
from papers.signals import dataset, splits

COUNTS = {"logistic": 410, "mlp": 15_210, "cnn": 5_210, "gru": 5_134}


@pytest.mark.parametrize(("name", "count"), COUNTS.items())
def test_parameter_counts_are_the_published_ones(name: str, count: int):
    assert metrics.parameters(models.build(name, 0)) == count


@pytest.mark.parametrize("name", COUNTS)
def test_a_model_is_its_seed(name: str):
    first, again, other = (models.build(name, seed) for seed in (3, 3, 4))
    equal = [
        torch.equal(a, b) for a, b in zip(first.parameters(), again.parameters(), strict=True)
    ]
    assert all(equal)
    assert not torch.equal(next(first.parameters()), next(other.parameters()))


@pytest.mark.slow
@pytest.mark.parametrize("name", COUNTS)
def test_twenty_stacked_steps_equal_twenty_single_steps(name: str):
    singles = [models.build(name, seed) for seed in range(2)]
    stacked = ensemble.stack(singles)
    together = optim.adam(stacked.parameters(), 1e-2)
    data = dataset.generate(num_samples=500, train_split=1.0)
    split = splits.Split(torch.tensor(data["x"], dtype=torch.float32), torch.tensor(data["y"]))
    for turn in range(20):
        x, y = split.batch(turn, 100)
        loop.descend(ensemble.cross_entropy(stacked(x), y).sum(), together)
    for member, single in enumerate(singles):
        optimizer = torch.optim.Adam(single.parameters(), lr=1e-2)
        for turn in range(20):
            x, y = split.batch(turn, 100)
            loop.descend(cross_entropy(single(x), y), optimizer)
        with torch.no_grad():
            torch.testing.assert_close(
                stacked(split.x)[member], single(split.x), rtol=1e-3, atol=1e-4
            )


def test_batches_come_in_stored_order_and_wrap():
    split = splits.Split(torch.arange(250.0)[:, None], torch.arange(250))
    assert split.batch(0, 100)[1].tolist() == list(range(100))
    assert split.batch(2, 100)[1].tolist() == list(range(200, 250))  # short, as in the reference
    assert split.batch(5, 50)[1].tolist() == list(range(50))


def test_the_best_of_a_member_is_the_highest_so_far():
    best = [0.0, 0.0]
    for accuracy in (0.3, 0.5, 0.4):
        row = training.seen(best, {"member": 1, "test_accuracy": accuracy})
    assert row["best_test_accuracy"] == 0.5
    assert best == [0.0, 0.5]


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"model": "mpl"}, "did you mean 'mlp'"),
        ({"permutation": "d"}, "unknown permutation 'd'"),
        ({"members": 0}, "members=0: must be at least 1"),
        ({"lr": -1.0}, "lr=-1.0"),
        ({"fresh_rows": 7}, "fresh_rows=7"),
    ],
)
def test_a_bad_config_is_refused(change: dict, words: str):
    with pytest.raises(Refused, match=words):
        Training(**{"model": "mlp", **change})


def test_the_baselines_are_what_they_say():
    assert baselines.build(Fit("knn"), 0).n_neighbors == 10
    assert baselines.build(Fit("linear_svm"), 0).kernel == "linear"
    assert baselines.build(Fit("rbf_svm"), 0).C == 10.0
    forest = baselines.build(Fit("random_forest", trees=7), 11)
    assert (forest.n_estimators, forest.random_state) == (7, 11)


def test_nearest_neighbours_score_the_published_59_6_percent():
    data = dataset.generate()
    classifier = baselines.build(Fit("knn"), 0).fit(data["x"], data["y"])
    assert classifier.score(data["x_test"], data["y_test"]) == pytest.approx(0.596)


def test_the_table_has_a_claim_for_every_neural_number_of_it():
    claims = {claim.id: claim for claim in study.CLAIMS}
    table = {"B8": (0.32, 0.68, 0.94, 0.91), "B9": (0.32, 0.68, 0.56, 0.57)}
    for row, values in table.items():
        for model, value in zip(("logistic", "mlp", "cnn", "gru"), values, strict=True):
            claim = claims[f"{row}.{model}"]
            assert (claim.published.value, claim.published.n) == (value, 3)
            assert claim.kind == "headline"
            low, high = claim.check.band("nightly")
            assert (low + high) / 2 == pytest.approx(value)
            assert claim.check.metric == "best_test_accuracy"  # theirs stop early, so do ours


def test_notebook_numbers_are_means_of_the_runs_that_they_list():
    for claim in study.CLAIMS:
        if claim.id.endswith(".last"):
            runs = [float(run) for run in claim.published.text.rstrip(" %").split(", ")]
            assert len(runs) == claim.published.n
            assert claim.published.value == pytest.approx(np.mean(runs) / 100, abs=3e-4)
            assert claim.published.sd == pytest.approx(np.std(runs, ddof=1) / 100, abs=1e-4)
