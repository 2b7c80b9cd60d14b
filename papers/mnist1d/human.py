"""The human baseline of MNIST-1D (Table 1): one person's answers, kept as facts.

The reference stores five quizzes of 100 test signals. Its second is a byte-for-byte copy of the
first, so that rows 100 to 199 were never answered: the published 500 answers are 400 distinct.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import numpy as np
from scipy.stats import binomtest

from papers.signals.dataset import Dataset, digest, generate

if TYPE_CHECKING:
    from harness.paper import Row
    from harness.trial import Trial

QUIZZES = (0, 0, 200, 300, 400)  # first test row of each published quiz of 100
SIZE = 100

# test row: wrong guess, a line for each distinct quiz; all other answers are the true digit
ERRORS = (
    {29: 1, 48: 1, 60: 4, 98: 2}
    | {223: 4, 225: 4, 235: 9, 282: 2}
    | {305: 9, 337: 8, 342: 9}
    | {446: 9, 448: 1, 453: 1, 468: 1, 473: 4, 496: 2}
)

Answer = tuple[int, int, int]


def answers(data: Dataset | None = None) -> list[Answer]:
    """Return (test row, true digit, guess) of the 400 distinct answers, by row."""
    truth = (generate() if data is None else data)["y_test"].tolist()
    rows = [row for first in sorted(set(QUIZZES)) for row in range(first, first + SIZE)]
    return [(row, truth[row], ERRORS.get(row, truth[row])) for row in rows]


def as_published(given: list[Answer]) -> float:
    """Return the mean accuracy of the five quizzes, the copied one counted twice."""
    right = {row: true == guess for row, true, guess in given}
    quizzes = [[right[row] for row in range(first, first + SIZE)] for first in QUIZZES]
    return float(np.mean(quizzes))


def run(config: object, trial: Trial) -> Iterator[Row]:
    """Score the recorded answers: one row, accuracies as fractions, Wilson 95 % interval."""
    data = generate()
    trial.uses("mnist1d", digest(data))
    given = answers(data)
    correct = sum(true == guess for _, true, guess in given)
    wilson = binomtest(correct, len(given)).proportion_ci(0.95, method="wilson")
    yield {
        "test_accuracy": correct / len(given),
        "correct": correct,
        "distinct": len(given),
        "as_published": as_published(given),
        "wilson_low": float(wilson.low),
        "wilson_high": float(wilson.high),
    }
