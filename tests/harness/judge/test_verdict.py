"""What a verdict says of a claim: its word, its interval, its p and the seeds that it needs."""

from __future__ import annotations

import numpy as np
import pytest

from harness.checks import AtLeast, Exact, Value
from tests.lab.verdicts import TIGHT, frame, one, word


def test_value_prints_interval_level_n_and_p():
    verdict = one(Value("a", "acc", 0.45, 0.55), frame(a=TIGHT))
    assert verdict.estimate == pytest.approx(0.5)
    assert verdict.low < 0.5 < verdict.high
    assert (verdict.level, verdict.n) == (0.90, (5,))
    assert 0 < verdict.p < 0.05
    assert not verdict.refuted


def test_seeds_needed_do_suffice():
    verdict = one(Value("a", "acc", 0.494, 0.55), frame(a=TIGHT))
    seeds = int(verdict.note.split()[2])
    sigma = np.std(TIGHT, ddof=1)
    more = np.random.default_rng(0).normal(size=seeds)
    more = 0.5 + sigma * (more - more.mean()) / more.std(ddof=1)
    check = Value("a", "acc", 0.494, 0.55)
    assert word(check, frame(a=more)) == "reproduced"
    assert word(check, frame(a=TIGHT)) == "inconclusive"


def test_a_headline_value_is_only_on_or_off_track_below_paper_budget():
    data = frame(a=TIGHT)
    bands = {"nightly": (0.4, 0.6)}
    assert word(Value("a", "acc", 0.9, 1.0, bands), data, budget="nightly") == "on track"
    off = one(Value("a", "acc", 0.9, 1.0, bands), data, budget="smoke")
    assert off.verdict == "off track" and off.refuted
    assert word(AtLeast("a", "acc", 0.4), data, budget="smoke") == "on track"
    assert word(AtLeast("a", "acc", 0.9), data, budget="smoke") == "off track"
    assert word(Exact("a", "acc", 1.0), frame(a=[1, 1]), budget="smoke") == "reproduced"
