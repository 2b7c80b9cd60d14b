"""Non-neural classifiers on the raw signals: nearest neighbours [N], the others are ours.

They ask how much of the benchmark needs a network at all.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from sklearn.ensemble import RandomForestClassifier
from sklearn.neighbors import KNeighborsClassifier
from sklearn.svm import SVC

from papers.signals import dataset

if TYPE_CHECKING:
    from harness.paper import Row
    from harness.trial import Trial
    from papers.mnist1d.benchmark.config import Fit


def run(config: Fit, trial: Trial) -> Iterator[Row]:
    """Fit one classifier on the 4,000 training signals and score it once on the 1,000 others."""
    data = dataset.generate()
    trial.uses("mnist1d", dataset.digest(data))
    classifier = build(config, trial.stream("fit") % 2**32)
    with trial.meter.timed("fit"):
        classifier.fit(data["x"], data["y"])
    yield {
        "test_accuracy": float(classifier.score(data["x_test"], data["y_test"])),
        "train_accuracy": float(classifier.score(data["x"], data["y"])),
    }


def build(config: Fit, seed: int) -> Any:
    """Return the scikit-learn classifier of that name; only the forest uses the seed."""
    if config.method == "knn":
        return KNeighborsClassifier(config.neighbours)
    if config.method == "linear_svm":
        return SVC(kernel="linear", C=config.penalty)
    if config.method == "rbf_svm":
        return SVC(C=config.penalty)
    return RandomForestClassifier(config.trees, random_state=seed)
