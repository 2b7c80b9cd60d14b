"""The experiments on DARTS's cell space, and what shrinks with the budgets.

On MNIST-1D's signals at every budget, on a part of CIFAR-10 to see that images work, and on
CIFAR-10 itself by the authors' own protocol at budget paper.
"""

from harness.paper import Experiment, Phase, Task
from papers.cells.child.config import (
    PIXELS,
    ImageRandom,
    SignalRandom,
)
from papers.cells.supernet.config import rate_for
from papers.cells.task import CIFAR, CIFAR_8K
from papers.darts.space.config import ImageSearch, SignalSearch, Size

SIGNALS = Task(
    "mnist1d-darts",
    "mnist1d",
    "two cells of DARTS's space in a network of 3 cells and 8 channels, trained from scratch on "
    "3,000 signals by DARTS's recipe in batches of 100; choices on 1,000 others; error of the "
    "last step on the 1,000 test signals",
    "test_error",
    direction="min",
    standings=True,
)
SIZES = Task(
    "darts-sizes",
    "pixels",
    "networks of the paper at full size, on random pixels",
    "parameters",
    "",
    "min",
)

# -- signals --------------------------------------------------------------------------------------

FIRST, SECOND = "signals/first_order", "signals/second_order"
JOINT, COORDINATE, RANDOM = "signals/joint", "signals/coordinate", "signals/random"
CHILD = {"check": 2, "smoke": 40, "nightly": 240}  # turns of a training from scratch


def reach(steps: int) -> dict[str, object]:
    """Return what a search of so many steps changes: alpha goes as far as in the paper's."""
    return {"steps": steps, "alpha_lr": rate_for(steps), "eval_every": -(-steps // 4)}


def child(budget: str) -> dict[str, object]:
    """Return the length of a training from scratch, and rows at its thirds."""
    return {"child_steps": CHILD[budget], "child_every": -(-CHILD[budget] // 3)}


def on_signals(
    name: str, config: SignalSearch, expected: dict[str, float], seeds: int, smoke: int = 0
) -> Experiment:
    """Declare one way to update alpha; at smoke it has so many steps, or is skipped."""
    return Experiment(
        name,
        SIGNALS,
        config,
        run="space.search:run",
        phases={"search": Phase("steps"), "retrain": Phase("child_steps")},
        reduced={
            "check": {**reach(2), **child("check"), "channels": 2, "batch": 16, "eval_every": 2},
            "smoke": {**reach(smoke or 1), **child("smoke"), "eval_every": smoke or 1},
            "nightly": {**reach(80), **child("nightly")},
        },
        expected=expected,
        seeds={"nightly": seeds, "paper": 2 * seeds},
        skipped=() if smoke else ("smoke",),
        shows="papers.cells.draw.files:shown" if smoke else "",
    )


ON_SIGNALS = [
    on_signals(FIRST, SignalSearch(gradient="first_order"),
               {"check": 2, "smoke": 9, "nightly": 55, "paper": 1300}, 4, smoke=10),
    on_signals(SECOND, SignalSearch(gradient="second_order"),
               {"check": 3, "smoke": 9, "nightly": 100, "paper": 2700}, 2, smoke=4),
    on_signals(JOINT, SignalSearch(gradient="joint", union=True),
               {"check": 2, "nightly": 36, "paper": 750}, 2),
    on_signals(COORDINATE, SignalSearch(gradient="first_order", union=True),
               {"check": 2, "nightly": 55, "paper": 1300}, 2),
    Experiment(
        RANDOM,
        SIGNALS,
        SignalRandom(),
        run="space.random_cells:run",
        phases={"train": Phase("child_steps", each="drawn")},
        reduced={
            "check": {"drawn": (0, 1), **child("check")},
            "smoke": {"drawn": (0, 1), **child("smoke")},
            "nightly": {"drawn": (0, 1, 2, 3), **child("nightly")},
        },
        expected={"check": 2, "smoke": 4, "nightly": 42, "paper": 1000},
        seeds={"nightly": 4, "paper": 8},
    ),
]  # fmt: skip

# -- images ---------------------------------------------------------------------------------------

SUBSET_FIRST, SUBSET_SECOND = "cifar10_subset/first_order", "cifar10_subset/second_order"
CIFAR_FIRST, CIFAR_SECOND = "cifar10/first_order", "cifar10/second_order"
CIFAR_RANDOM = "cifar10/random"
SMALL = {  # [ours] a network that a CPU trains in seconds
    "side": 16,
    "child_channels": 8,
    "child_layers": 3,
    "child_cutout": 8,
    "child_steps": 42,  # half an epoch of the subset's 8,068 images
    "child_every": 42,
}
TINY = {
    **SMALL,
    "dataset": PIXELS,
    "side": 8,
    "child_channels": 4,
    "child_batch": 8,
    "child_steps": 2,
    "child_every": 1,
}
LOOKING = {**reach(2), "channels": 4, "cells": 3, "batch": 4, "eval_every": 2}


def on_images(name: str, gradient: str, nightly: dict[str, object], days: float) -> Experiment:
    """Declare a search on images; `days` of one CPU core at budget paper, by extrapolation."""
    whole = name in (CIFAR_FIRST, CIFAR_SECOND)
    subset = ImageSearch(
        gradient=gradient,
        dataset="cifar10_subset",
        steps=3150,
        alpha_lr=1.9e-3,
        child_steps=51_000,
    )
    return Experiment(
        name,
        CIFAR if whole else CIFAR_8K,
        ImageSearch(gradient=gradient) if whole else subset,
        run="space.search:run",
        phases={"search": Phase("steps"), "retrain": Phase("child_steps")},
        reduced={"check": {**TINY, **LOOKING}, **({"nightly": nightly} if nightly else {})},
        expected={"check": 3, "nightly": 40, "paper": 86_400 * days},
        seeds={"paper": 4},
        skipped=("smoke", "nightly") if whole else ("smoke",),
    )


def nightly(steps: int) -> dict[str, object]:
    """Return what shrinks on the part of CIFAR-10."""
    network = {"channels": 4, "cells": 3, "batch": 32, "held_out": 0.2}
    return {**SMALL, **reach(steps), **network, "eval_every": steps}


def random_images(
    name: str, config: ImageRandom, nightly: dict[str, object], days: float
) -> Experiment:
    """Declare random search on images."""
    shrunk = {**TINY, "drawn": (0, 1), "selection_steps": 2}
    return Experiment(
        name,
        CIFAR if name == CIFAR_RANDOM else CIFAR_8K,
        config,
        run="space.random_cells:select",
        phases={
            "select": Phase("selection_steps", each="drawn"),
            "retrain": Phase("child_steps"),
        },
        reduced={"check": shrunk, **({"nightly": nightly} if nightly else {})},
        expected={"check": 3, "nightly": 30, "paper": 86_400 * days},
        seeds={"paper": 2},
        skipped=("smoke", "nightly") if name == CIFAR_RANDOM else ("smoke",),
    )


ON_IMAGES = [
    on_images(SUBSET_FIRST, "first_order", nightly(20), 11),
    on_images(SUBSET_SECOND, "second_order", nightly(8), 12),
    random_images(
        "cifar10_subset/random",
        ImageRandom(
            dataset="cifar10_subset", drawn=tuple(range(8)), selection_steps=7600,
            child_steps=51_000,
        ),
        {**SMALL, "drawn": (0, 1), "selection_steps": 42},
        22,
    ),
    on_images(CIFAR_FIRST, "first_order", {}, 65),
    on_images(CIFAR_SECOND, "second_order", {}, 70),
    random_images(CIFAR_RANDOM, ImageRandom(), {}, 280),
]  # fmt: skip

# -- sizes ----------------------------------------------------------------------------------------

SEARCH_SIZE, EVALUATION_SIZE, IMAGENET_SIZE = "sizes/search", "sizes/evaluation", "sizes/imagenet"


def size(
    name: str, config: Size, batch: int, expected: dict[str, float], check: dict[str, object]
) -> Experiment:
    """Declare a network at full size; `batch` rows at nightly, two at smoke."""
    return Experiment(
        name,
        SIZES,
        config,
        run="space.sizes:run",
        phases={"steps": Phase("steps")},
        reduced={
            "check": {"layers": 3, "batch": 2, **check},
            "smoke": {"batch": 2, "steps": 1},
            "nightly": {"batch": batch, "steps": 2},
        },
        expected=expected,
        skipped=("smoke",) if name == SEARCH_SIZE else (),
    )


SIZED = [
    size(SEARCH_SIZE, Size("search", steps=10), 32,
         {"check": 4, "nightly": 30, "paper": 200}, {"steps": 1}),
    size(EVALUATION_SIZE, Size("evaluation", batch=96, published_batch=96, steps=10), 32,
         {"check": 2, "smoke": 4, "nightly": 45, "paper": 250}, {"steps": 2}),
    size(IMAGENET_SIZE, Size("imagenet", side=224, batch=128, published_batch=128, steps=10), 16,
         {"check": 2, "smoke": 4, "nightly": 10, "paper": 250}, {"steps": 2, "side": 32}),
]  # fmt: skip

EXPERIMENTS = [*ON_SIGNALS, *ON_IMAGES, *SIZED]
