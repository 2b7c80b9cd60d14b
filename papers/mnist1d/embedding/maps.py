"""t-SNE by scikit-learn, and how well a map keeps labels together.

The published maps are openTSNE's. Both minimise the same Kullback-Leibler divergence by
Barnes-Hut or interpolated gradients; schedule, perplexity and learning rate are the published
ones. The start is an exact PCA, so that nothing is random.

Shapes: N points, D features, K classes.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from numpy.typing import NDArray
from sklearn.decomposition import PCA
from sklearn.manifold import TSNE
from sklearn.neighbors import NearestNeighbors
from threadpoolctl import threadpool_limits  # type: ignore[import-untyped]

if TYPE_CHECKING:
    from harness.paper import Row
    from papers.mnist1d.embedding.config import Map

CLASSES = 10
START = 1e-4  # standard deviation of the map's first axis at the start
ISOLATED = (0, 3, 6, 8)  # digits that the paper sees apart from the others

Features = NDArray[np.float32]
Labels = NDArray[np.int64]


class Embedded(NamedTuple):
    """A map: points (N, 2) and the divergence that was reached, in nats."""

    points: Features
    divergence: float


def embed(x: Features, config: Map) -> Embedded:
    """Map features (N, D) to the plane; the same input gives the same bytes."""
    start = PCA(2, svd_solver="full").fit_transform(x)
    start = (START * start / start[:, 0].std()).astype(np.float32)
    tsne = TSNE(
        perplexity=config.perplexity,
        metric=config.metric,
        max_iter=config.iterations,
        init=start,
        random_state=0,
        n_jobs=1,
    )
    with threadpool_limits(1):  # more threads add up in another order
        points = tsne.fit_transform(x)
    return Embedded(points, float(tsne.kl_divergence_))


def read(x: Features, labels: Labels, embedded: Embedded, config: Map) -> Row:
    """Return what is said of a map: divergence, purity on the map and before, for each digit.

    The accuracy is that of nearest neighbours before mapping, each point left out in turn.
    """
    before = neighbours(x, labels, config.neighbours, config.metric)
    after = neighbours(embedded.points, labels, config.neighbours)
    own = purity(after, labels)
    by_class = [float(own[labels == digit].mean()) for digit in range(CLASSES)]
    apart = [share for digit, share in enumerate(by_class) if digit in ISOLATED]
    others = [share for digit, share in enumerate(by_class) if digit not in ISOLATED]
    return {
        "divergence": embedded.divergence,
        "purity": float(own.mean()),
        "purity_before": float(purity(before, labels).mean()),
        "neighbour_accuracy": float((vote(before) == labels).mean()),
        "map_accuracy": float((vote(after) == labels).mean()),
        "isolated": float(np.mean(apart)),
        "others": float(np.mean(others)),
        **{f"class_{digit}": share for digit, share in enumerate(by_class)},
    }


def neighbours(x: Features, labels: Labels, count: int, metric: str = "euclidean") -> Labels:
    """Return the labels of every point's nearest others: (N, count)."""
    nearest = NearestNeighbors(n_neighbors=count, metric=metric, n_jobs=1).fit(x)
    found: Labels = labels[nearest.kneighbors(return_distance=False)]
    return found


def purity(near: Labels, labels: Labels) -> NDArray[np.float64]:
    """Return the share of each point's neighbours that have its label: (N)."""
    share: NDArray[np.float64] = (near == labels[:, None]).mean(1)
    return share


def vote(near: Labels) -> Labels:
    """Return the commonest label of each point's neighbours, the smallest where they tie: (N)."""
    counts = np.stack([(near == digit).sum(1) for digit in range(CLASSES)], axis=1)
    return np.asarray(counts.argmax(1), dtype=np.int64)
