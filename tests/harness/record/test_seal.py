"""A row's digests change with anything that it says, and with whose it is."""

from __future__ import annotations

import pytest

from harness.record import seal

FIXED = {"trial": "t0", "member": 1, "experiment": "fit", "seconds": 0.1, "digest": ""}
METRICS = {"loss": 0.25, "cell": "330"}


def test_a_row_has_the_digests_of_both_halves():
    assert seal.digest(FIXED, METRICS) == "-".join(seal.digests(FIXED, METRICS))
    known = {**FIXED, "digest": seal.digest(FIXED, METRICS)}
    assert seal.digests(known, dict(reversed(METRICS.items()))) == seal.digests(FIXED, METRICS)


@pytest.mark.parametrize(
    ("change", "halves"),
    [
        ({"experiment": "other"}, (True, False)),
        ({"seconds": 0.1 + 1e-18}, (False, False)),  # the same number
        ({"seconds": 0.1 + 2e-16}, (True, False)),
        ({"trial": "t1"}, (True, True)),
        ({"member": 0}, (True, True)),
    ],
)
def test_what_a_row_is_moves_its_digest_and_whose_numbers_they_are_the_others(change, halves):
    before, after = seal.digests(FIXED, METRICS), seal.digests({**FIXED, **change}, METRICS)
    assert tuple(one != other for one, other in zip(before, after, strict=True)) == halves


@pytest.mark.parametrize(
    "metrics",
    [{"loss": 0.25}, {**METRICS, "more": 1.0}, {**METRICS, "cell": 330.0}, {**METRICS, "loss": 0}],
)
def test_every_number_and_its_type_count(metrics):
    before, after = seal.digests(FIXED, METRICS), seal.digests(FIXED, metrics)
    assert (before[0] == after[0], before[1] == after[1]) == (True, False)
