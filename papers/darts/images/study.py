"""DARTS's cell space on images: CIFAR-10 by the authors' own protocol, and a part of it.

On the part, to see that images work; on CIFAR-10 itself at budget paper. Margins were written
before any recorded run.
"""

from harness.checks import Value
from harness.paper import Claim, Experiment, Phase, Published
from papers.cells.child.config import PIXELS, ImageRandom
from papers.cells.task import CIFAR, CIFAR_8K
from papers.darts.config import reach
from papers.darts.images.config import ImageSearch

FULL = ("paper",)
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
        run="images.search:run",
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
        run="images.random_cells:select",
        phases={
            "select": Phase("selection_steps", each="drawn"),
            "retrain": Phase("child_steps"),
        },
        reduced={"check": shrunk, **({"nightly": nightly} if nightly else {})},
        expected={"check": 3, "nightly": 30, "paper": 86_400 * days},
        seeds={"paper": 2},
        skipped=("smoke", "nightly") if name == CIFAR_RANDOM else ("smoke",),
    )


EXPERIMENTS = [
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


def table(name: str, experiment: str, text: str, band: tuple[float, float, float, float]) -> Claim:
    """Declare a row of Table 1: mean, deviation, and where ours may lie."""
    mean, sd, low, high = band
    return Claim(
        name,
        f"{text} reaches {100 * mean:.2f} % error on CIFAR-10",
        "Table 1",
        Published(f"{100 * mean:.2f} ± {100 * sd:.2f} % error", mean, sd, 10),
        Value(experiment, "test_error", low, high),
        FULL,
        note="theirs: ten trainings of the best of four searches; ours: one training of each",
    )


CLAIMS = [
    table("C1.second", CIFAR_SECOND, "DARTS, second order,", (0.0276, 0.0009, 0.0256, 0.0296)),
    table("C1.first", CIFAR_FIRST, "DARTS, first order,", (0.03, 0.0014, 0.028, 0.032)),
    table("C1.random", CIFAR_RANDOM, "Random search", (0.0329, 0.0015, 0.0309, 0.0349)),
]

DEVIATIONS = [
    "Cell space on CIFAR-10: the halves for w and alpha are stratified by class (authors: the "
    "first and the last 25,000); w's rate is annealed with every step (authors: every epoch); "
    "batches of the search are all of 64 images (authors: the last of an epoch has 40).",
    "cifar10_subset is 8,068 of CIFAR-10's training images and 1,017 of its test images, at "
    "nightly average-pooled to 16x16: it shows that the search on images runs, and its errors are "
    "not CIFAR-10's. At budget check `pixels`, 96 random images, stand in for both.",
    "Cell space: batch norms of the search network use the statistics of the batch, also when it "
    "is judged, as the text says; the authors' code prints errors with running statistics.",
]
