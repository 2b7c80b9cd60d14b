import json
from collections import Counter

import pytest

from papers.mnist1d import human
from papers.signals.dataset import digest, generate

# (row, true, guess) of the 17 errors, both digits written down apart from the code
ERRORS = [
    (29, 7, 1), (48, 2, 1), (60, 9, 4), (98, 7, 2),
    (223, 9, 4), (225, 1, 4), (235, 1, 9), (282, 0, 2),
    (305, 4, 9), (337, 2, 8), (342, 4, 9),
    (446, 4, 9), (448, 2, 1), (453, 2, 1), (468, 0, 1), (473, 9, 4), (496, 7, 2),
]  # fmt: skip

PER_CLASS = {0: 5.4, 1: 3.6, 2: 11.9, 3: 0, 4: 5.3, 5: 0, 6: 0, 7: 10.9, 8: 0, 9: 7.4}


class Trial:
    def __init__(self):
        self.used = []

    def uses(self, dataset, digest):
        self.used.append((dataset, digest))


@pytest.fixture(scope="module")
def data():
    return generate()


def test_the_wrong_answers_are_the_recorded_ones(data):
    assert [answer for answer in human.answers(data) if answer[1] != answer[2]] == ERRORS


def test_answered_rows_are_those_of_the_four_distinct_quizzes(data):
    rows = [row for row, _, _ in human.answers(data)]
    assert rows == [*range(100), *range(200, 500)]


def test_answers_need_no_data_given(data):
    assert human.answers() == human.answers(data)


def test_published_error_per_class_counts_the_copied_quiz_twice(data):
    total, wrong = Counter(), Counter()
    for row, true, guess in human.answers(data):
        times = 2 if row < 100 else 1
        total[true] += times
        wrong[true] += times * (true != guess)
    assert sum(total.values()) == 500
    measured = {digit: 100 * wrong[digit] / total[digit] for digit in PER_CLASS}
    assert measured == pytest.approx(PER_CLASS, abs=0.05)


def test_run_yields_one_row_and_names_its_data(data):
    trial = Trial()
    (row,) = human.run(None, trial)
    assert trial.used == [("mnist1d", digest(data))]
    assert (row["correct"], row["distinct"]) == (383, 400)
    assert row["test_accuracy"] == 0.9575
    assert row["as_published"] == pytest.approx(0.958, abs=1e-12)
    assert row["wilson_low"] == pytest.approx(0.933, abs=5e-4)
    assert row["wilson_high"] == pytest.approx(0.973, abs=5e-4)
    assert json.loads(json.dumps(row)) == row  # plain numbers only: rows become JSON lines
