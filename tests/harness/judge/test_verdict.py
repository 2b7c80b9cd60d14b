"""What a verdict says of a claim: its word, its interval, its p and the trials that it needs."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from harness.checks import AtLeast, Exact, Value
from harness.judge.samples import Size
from harness.judge.verdict import Verdict
from tests.lab.verdicts import TIGHT, frame, one, rows, word


def test_value_prints_interval_n_and_p():
    verdict = one(Value("a", "acc", 0.45, 0.55), frame(a=TIGHT))
    assert verdict.estimate == pytest.approx(0.5)
    half = 2.776 * np.std(TIGHT, ddof=1) / np.sqrt(5)
    assert (verdict.low, verdict.high) == pytest.approx((0.5 - half, 0.5 + half), abs=1e-5)
    assert verdict.n == (Size(5),)
    assert verdict.measured == "50.0 [49.0, 51.0] %, n = 5"
    assert 0 < verdict.p < 0.05 and verdict.p_against == 1.0
    assert not verdict.refuted


def test_a_p_of_five_percent_is_the_edge_of_the_interval():
    data = frame(a=TIGHT)
    low = one(AtLeast("a", "acc", 0.4), data).low
    assert one(AtLeast("a", "acc", low), data).p == pytest.approx(0.05)
    high = one(AtLeast("a", "acc", 0.4), data).high
    assert one(AtLeast("a", "acc", high), data).p_against == pytest.approx(0.05)


@pytest.mark.parametrize(
    ("sizes", "text"),
    [
        ((Size(8),), "8"),
        ((Size(8), Size(8)), "8"),
        ((Size(8), Size(1), Size(4)), "1 to 8"),
        ((Size(4, 3), Size(4, 3)), "4 trials x 3"),
        ((Size(4, 3), Size(8)), "4 trials x 3 and 8"),
        ((Size(4, best=4),), "4 x best of 4"),
    ],
)
def test_the_size_says_what_the_units_are(sizes, text):
    claim = one(Exact("a", "acc", 1), frame(a=[1])).claim
    assert Verdict(claim, "paper", "reproduced", n=sizes).size == text


def test_members_of_a_trial_are_printed_beside_their_trials():
    stacked = pd.concat(
        [rows("a", [0.5, 0.6, 0.7 + k / 50], seed=k, member=range(3)) for k in range(4)]
    )
    verdict = one(AtLeast("a", "acc", 0.4), stacked)
    assert verdict.measured == "61.0 [59.6, 62.4] %, n = 4 trials x 3"


def test_trials_needed_do_suffice():
    check = Value("a", "acc", 0.494, 0.55)
    verdict = one(check, frame(a=TIGHT))
    trials = int(verdict.note.removeprefix("needs about ").removesuffix(" trials"))
    sigma = np.std(TIGHT, ddof=1)

    def measured(n):
        more = np.random.default_rng(0).normal(size=n)
        return frame(a=0.5 + sigma * (more - more.mean()) / more.std(ddof=1))

    assert word(check, measured(trials)) == "reproduced"
    assert word(check, measured(trials - 1)) == "inconclusive"


def test_a_headline_value_is_only_on_or_off_track_below_paper_budget():
    data = frame(a=TIGHT)
    bands = {"nightly": (0.4, 0.6)}
    assert word(Value("a", "acc", 0.9, 1.0, bands), data, budget="nightly") == "on track"
    off = one(Value("a", "acc", 0.9, 1.0, bands), data, budget="smoke")
    assert off.verdict == "off track" and off.refuted
    assert word(AtLeast("a", "acc", 0.4), data, budget="smoke") == "on track"
    assert word(AtLeast("a", "acc", 0.9), data, budget="smoke") == "off track"
    assert word(Exact("a", "acc", 1.0), frame(a=[1, 1]), budget="smoke") == "reproduced"
