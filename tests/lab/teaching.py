"""A small meta-training: ten classes of sines, and a teacher for them."""

from __future__ import annotations

from functools import partial

import torch

from harness.trial import stream
from papers.gtn import experiment
from papers.gtn.learner import SignalLearner
from papers.gtn.lessons import Real, Rows
from papers.gtn.signals.config import SignalTeaching
from papers.gtn.teaching import Teacher

SIDE, ROWS = 16, 200


def rows() -> Rows:
    """Ten classes of sines with noise."""
    random = torch.Generator().manual_seed(0)
    y = torch.arange(ROWS) % 10
    x = ((y[:, None] + 1) * torch.linspace(0, 3, SIDE)).sin() * 1.5
    x = x + 0.3 * torch.randn(ROWS, SIDE, generator=random)
    part = Real(x, y)
    return Rows("sines", part, part, part, 1, (SIDE,))


def config(**changes: object) -> SignalTeaching:
    base = {
        "inner_steps": 4, "outer_lr": 0.03, "batch": 20, "meta_batch": 50, "outer_steps": 30,
        "noise": 8, "generator_hidden": 16, "generator_channels": (6, 4), "learners": 2,
        "evaluated": 4,
    }  # fmt: skip
    return SignalTeaching(**{**base, **changes})


def teacher(own: SignalTeaching, seed: int = 0) -> Teacher:
    learner = SignalLearner((4, 6), SIDE, weight_norm=own.weight_norm)
    random = torch.Generator().manual_seed(seed)
    made, real = experiment.lessons(own, rows(), learner, random)
    return Teacher(own, learner, made, real, partial(stream, seed), own.outer_steps)
