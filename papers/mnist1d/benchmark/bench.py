"""The pairs that `python -m harness bench papers/mnist1d` times, and its `--lr-range` tests."""

from __future__ import annotations

import importlib
import importlib.util
import warnings
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn.functional import cross_entropy

from harness.pair import KEEP, Pair
from harness.training import ensemble, loop, metrics, optim
from harness.training import lr_range as range_test
from papers.mnist1d import models
from papers.signals import dataset

TIMED_STEPS = 20
TIMED_BATCH = 100  # as config.Training has it
SIZES = {"mlp": 16, "cnn": 8, "gru": 8}
AIMS = {"mlp": 2.5}  # against plain PyTorch; elsewhere KEEP


def pairs() -> list[Pair]:
    """Return the generator beside its oracles, and stacked training beside one after another."""
    each = [stacked(name, plain) for name in SIZES for plain in (True, False)]
    return [*generators(), *each]


def lr_range() -> dict[str, Callable[[], range_test.Curve]]:
    """Return learning-rate range tests: Adam on batches of the benchmark, in stored order."""
    return {name: partial(swept, name) for name in ("mlp", "cnn")}


def swept(name: str) -> range_test.Curve:
    """Run the range test of one model on the frozen training signals."""
    frozen = dataset.generate()
    x, y = torch.tensor(frozen["x"], dtype=torch.float32), torch.tensor(frozen["y"])
    model = models.build(name, seed=0)

    def loss(trained: nn.Module, step: int) -> Tensor:
        rows = slice(step * TIMED_BATCH % len(y), step * TIMED_BATCH % len(y) + TIMED_BATCH)
        return cross_entropy(trained(x[rows]), y[rows])

    return range_test.sweep(model, optim.adam(model.parameters(), lr=1.0), loss)


def generators() -> list[Pair]:
    """Return the exact generator beside the readable one and, where installed, the package."""
    fast = dataset.generate
    rows = "5,000 examples, seed 42"
    own = Pair(f"generator ({rows})", dataset.generate_one_by_one, fast, _agree, 5)
    if importlib.util.find_spec("mnist1d") is None:
        return [own]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        package = importlib.import_module("mnist1d.data")

    def reference() -> Any:
        return package.make_dataset(package.get_dataset_args())

    def agree() -> None:
        theirs, ours = reference(), fast()
        for name in ("x", "y", "x_test", "y_test"):
            np.testing.assert_array_equal(theirs[name], ours[name])

    note = "oracle: PyPI package mnist1d 0.0.2.post1"
    return [own, Pair(f"generator ({rows})", reference, fast, agree, 10, note=note)]


def _agree() -> None:
    slow, fast = dataset.generate_one_by_one(num_samples=200), dataset.generate(num_samples=200)
    np.testing.assert_array_equal(slow["x"], fast["x"])


@dataclass
class Race:
    """E single models of one kind and the same models stacked, on the same batches."""

    name: str
    plain: bool

    def __post_init__(self) -> None:
        data = dataset.generate(num_samples=1000, train_split=1.0)
        self.x = torch.tensor(data["x"], dtype=torch.float32)
        self.y = torch.tensor(data["y"])
        self.singles = [models.build(self.name, seed) for seed in range(SIZES[self.name])]
        self.together = ensemble.stack(self.singles)
        build: Callable[..., Any] = torch.optim.Adam if self.plain else optim.adam
        self.each = [build(model.parameters(), lr=1e-2) for model in self.singles]
        self.all = optim.adam(self.together.parameters(), 1e-2)

    def batch(self, turn: int) -> tuple[Tensor, Tensor]:
        """Return 100 rows in stored order."""
        start = turn * 100 % len(self.y)
        return self.x[start : start + 100], self.y[start : start + 100]

    def loss(self, turn: int) -> Tensor:
        """Return the summed loss of all stacked members."""
        x, y = self.batch(turn)
        return ensemble.cross_entropy(self.together(x), y).sum()

    def one_after_another(self) -> None:
        """Train every single model for TIMED_STEPS steps."""
        for model, optimizer in zip(self.singles, self.each, strict=True):
            for turn in range(TIMED_STEPS):
                x, y = self.batch(turn)
                loop.descend(cross_entropy(model(x), y), optimizer)

    def stacked(self) -> None:
        """Train the stacked models for TIMED_STEPS steps."""
        for turn in range(TIMED_STEPS):
            loop.descend(self.loss(turn), self.all)

    @torch.no_grad()
    def agree(self) -> None:
        """Check that the stacked module computes what the single ones compute."""
        logits = self.together(self.x[:100])
        for member, model in enumerate(self.singles):
            own = model(self.x[:100])
            torch.testing.assert_close(logits[member], own, rtol=1e-4, atol=1e-5)


def stacked(name: str, plain: bool) -> Pair:
    """Return training of E seeds one after another beside training them stacked.

    `plain` trains the single models with torch's default Adam, else with the fused one.
    """
    race = Race(name, plain)
    members = len(race.singles)
    adam = "torch's default Adam" if plain else "fused Adam"
    return Pair(
        f"{members} {name.upper()} seeds stacked, per seed and step",
        race.one_after_another,
        race.stacked,
        race.agree,
        AIMS.get(name, KEEP) if plain else KEEP,
        units=members * TIMED_STEPS,
        flops=TIMED_STEPS * metrics.flops(lambda: race.loss(0).backward()),
        note=f"oracle: one after another, {adam}",
    )
