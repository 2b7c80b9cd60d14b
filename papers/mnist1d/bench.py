"""The pairs that `python -m harness bench papers/mnist1d` times."""

from __future__ import annotations

import importlib
import importlib.util
import warnings
from collections.abc import Callable
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn.functional import cross_entropy

from harness.bench import Pair
from harness.training import ensemble, loop, metrics, optim
from papers.mnist1d import dataset, models

STEPS = 20
SIZES = {"mlp": 16, "cnn": 8, "gru": 8}
AIMS = {"mlp": 2.5, "cnn": 1.3, "gru": 1.3}


def pairs() -> list[Pair]:
    """Return the generator beside its oracles, and stacked training beside one after another."""
    each = [stacked(name, plain) for name in SIZES for plain in (True, False)]
    return [*generators(), *each]


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


def stacked(name: str, plain: bool) -> Pair:
    """Return training of E seeds one after another beside training them stacked.

    `plain` trains the single models with torch's default Adam, else with the fused one.
    """
    members = SIZES[name]
    data = dataset.generate(num_samples=1000, train_split=1.0)
    x, y = torch.tensor(data["x"], dtype=torch.float32), torch.tensor(data["y"])
    singles = [models.build(name, seed) for seed in range(members)]
    together = ensemble.stack(singles)
    build: Callable[..., Any] = torch.optim.Adam if plain else optim.adam
    one = [build(model.parameters(), lr=1e-2) for model in singles]
    all_ = optim.adam(together.parameters(), 1e-2)

    def batch(turn: int) -> tuple[Tensor, Tensor]:
        start = turn * 100 % len(y)
        return x[start : start + 100], y[start : start + 100]

    def oracle() -> None:
        for model, optimizer in zip(singles, one, strict=True):
            for turn in range(STEPS):
                signals, labels = batch(turn)
                loop.descend(cross_entropy(model(signals), labels), optimizer)

    def fast() -> None:
        for turn in range(STEPS):
            signals, labels = batch(turn)
            loop.descend(ensemble.cross_entropy(together(signals), labels).sum(), all_)

    def count() -> object:
        signals, labels = batch(0)
        return ensemble.cross_entropy(together(signals), labels).sum().backward()

    adam = "torch's default Adam" if plain else "fused Adam"
    title = f"{members} {name.upper()} seeds stacked, per seed and step"
    note = f"oracle: one after another, {adam}"
    return Pair(
        title,
        oracle,
        fast,
        lambda: _same(singles, together, x[:100]),
        AIMS[name],
        members * STEPS,
        STEPS * metrics.flops(count),
        note,
    )


@torch.no_grad()
def _same(singles: list[nn.Module], together: nn.Module, x: Tensor) -> None:
    """Check that the stacked module computes what the single ones compute, before training."""
    stacked_logits = together(x)
    for member, model in enumerate(singles):
        torch.testing.assert_close(stacked_logits[member], model(x), rtol=1e-4, atol=1e-5)
