"""How maps are made and read, and the text in which a small one travels."""

from __future__ import annotations

import numpy as np
import pytest

from harness.paper import Refused
from papers.mnist1d.embedding import maps, sketch
from papers.mnist1d.embedding.config import Learned, Map, Raw
from papers.mnist1d.embedding.study import CLAIMS, EXPERIMENTS
from papers.signals import dataset

SMALL = Map(points=200, perplexity=10.0, iterations=300)


def clusters() -> tuple[np.ndarray, np.ndarray]:
    """Return ten far clusters of 20 points in eight dimensions, and their numbers."""
    random = np.random.default_rng(0)
    labels = np.repeat(np.arange(10), 20)
    centres = 50 * random.standard_normal((10, 8))
    return (centres[labels] + random.standard_normal((200, 8))).astype(np.float32), labels


def test_a_map_keeps_clusters_apart_and_says_so():
    x, labels = clusters()
    row = maps.read(x, labels, maps.embed(x, SMALL), SMALL)
    for name in ("purity", "purity_before", "neighbour_accuracy", "map_accuracy", "isolated"):
        assert row[name] == 1.0
    assert [row[f"class_{digit}"] for digit in range(10)] == [1.0] * 10
    assert 0 < row["divergence"] < 1


def test_a_map_of_noise_is_as_pure_as_chance():
    x = np.random.default_rng(1).standard_normal((200, 8)).astype(np.float32)
    labels = np.repeat(np.arange(10), 20)
    row = maps.read(x, labels, maps.embed(x, SMALL), SMALL)
    assert row["purity"] == pytest.approx(19 / 199, abs=0.04)


def test_the_same_points_give_the_same_bytes():
    x = dataset.generate(num_samples=200, train_split=1.0)["x"].astype(np.float32)
    first, second = maps.embed(x, SMALL), maps.embed(x, SMALL)
    assert first.points.tobytes() == second.points.tobytes()
    assert first.divergence == second.divergence


def test_purity_and_votes_of_a_hand_made_line():
    x = np.array([[0.0], [1.0], [2.1], [10.0], [11.0], [12.5]])
    labels = np.array([0, 0, 1, 2, 2, 0])
    near = maps.neighbours(x, labels, 2)  # nearest first, never the point itself
    assert near.tolist() == [[0, 1], [0, 1], [0, 0], [2, 0], [2, 0], [2, 2]]
    assert maps.purity(near, labels).tolist() == [0.5, 0.5, 0.0, 0.5, 0.5, 0.0]
    assert maps.vote(near).tolist() == [0, 0, 0, 0, 0, 2]  # ties go to the smallest


@pytest.mark.slow
def test_the_divergence_is_that_of_the_mapped_points():
    """Compare scikit-learn's approximate divergence with its definition on all pairs."""
    x, _ = clusters()
    config = Map(points=200, perplexity=10.0, iterations=500)
    found = maps.embed(x, config)
    p = _affinities(x.astype(float), config.perplexity)
    d = ((found.points[:, None].astype(float) - found.points[None]) ** 2).sum(-1)
    q = 1 / (1 + d)
    np.fill_diagonal(q, 0)
    q /= q.sum()
    mask = p > 0
    exact = float((p[mask] * np.log(p[mask] / q[mask])).sum())
    assert found.divergence == pytest.approx(exact, abs=0.05)


def _affinities(x: np.ndarray, perplexity: float) -> np.ndarray:
    """Return symmetric affinities; each point's bandwidth gives the perplexity, by bisection."""
    d = ((x[:, None] - x[None]) ** 2).sum(-1)
    rows = []
    for i, row in enumerate(d):
        low, high = 1e-8, 1e8
        for _ in range(100):
            beta = np.sqrt(low * high)
            weights = np.exp(-beta * (row - np.delete(row, i).min()))
            weights[i] = 0
            weights /= weights.sum()
            entropy = -(weights[weights > 0] * np.log(weights[weights > 0])).sum()
            low, high = (beta, high) if entropy > np.log(perplexity) else (low, beta)
        rows.append(weights)
    p = np.stack(rows)
    return (p + p.T) / (2 * len(x))


def test_a_sketch_gives_points_back_to_a_255th_of_its_square():
    points = np.random.default_rng(0).normal(size=(60, 2)).astype(np.float32) * [3, 1]
    labels = np.arange(60) % 10
    text = sketch.encode(points, labels)
    assert len(text) == 60 * 6 - 1
    found, digits = sketch.decode(text)
    assert digits.tolist() == labels.tolist()
    span = np.ptp(points, axis=0).max()
    np.testing.assert_allclose(found, (points - points.min(0)) / span, atol=0.5 / 255 + 1e-6)
    assert sketch.decode("")[0].shape == (0, 2)


@pytest.mark.parametrize(
    ("kind", "change", "words"),
    [
        (Raw, {"dataset": "mnits"}, "did you mean 'mnist'"),
        (Raw, {"metric": "manhattan"}, "unknown metric 'manhattan'"),
        (Raw, {"points": 60}, "perplexity=30.0: must be at least 1, and less than a third"),
        (Raw, {"iterations": 100}, "iterations=100: must be at least 250"),
        (Raw, {"drawn": -1}, "drawn=-1"),
        (Learned, {"epoch_steps": 50}, "epoch_steps=50"),
        (Learned, {"members": 0}, "members=0"),
    ],
)
def test_a_bad_config_is_refused(kind: type, change: dict, words: str):
    with pytest.raises(Refused, match=words):
        kind(**change)


def test_no_download_where_none_is_allowed_and_the_margin_was_written_first():
    mnist = next(e for e in EXPERIMENTS if e.name == "embedding/mnist")
    assert mnist.at("check").dataset == "digits"
    assert "smoke" in mnist.skipped
    assert next(c for c in CLAIMS if c.id == "T1").check.at_least == 0.20
    assert next(c for c in CLAIMS if c.id == "T3").check.at_least == 0.10
