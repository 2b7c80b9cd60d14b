"""ENAS on images: CIFAR-10 by the authors' protocol, micro and macro, and a part of it.

On the part, to see that images work; on CIFAR-10 and ImageNet at budget paper.
"""

from typing import Any

from harness.checks import Direction, Value
from harness.paper import Claim, Experiment, Phase, Published, Task
from papers.cells.child import imagenet_task
from papers.cells.child.cifar_task import absent
from papers.cells.child.config import SMALL_IMAGES, TINY_IMAGES
from papers.cells.child.imagenet_config import ImageNetPublished
from papers.cells.task import CIFAR_8K
from papers.enas.images.config import (
    MacroPublished,
    MacroSearch,
    MicroPublished,
    MicroRandom,
    MicroSearch,
)

CIFAR = Task(
    "cifar10-enas",
    "cifar10",
    "ENAS's final networks: SGD with Nesterov momentum, .05 under cosines that start anew, He's "
    "initial weights; 630 epochs of a micro network (second classifier .4, drop path .4, cutout "
    "16), 310 of a macro one; 50,000 training images, the last epoch's error on the 10,000 others",
    "test_error",
    direction="min",
)
SUBSET, SUBSET_RANDOM = "cifar10_subset/micro", "cifar10_subset/random"
MICRO, MACRO, RANDOM = "cifar10/micro", "cifar10/macro", "cifar10/random"
CELL, NETWORK = "cifar10/published", "cifar10/published_macro"
CHILD = ("child_network",)  # what `papers.cells.child.cifar` registers its network as
DAY = 86_400
SMALL: dict[str, Any] = {  # [ours] networks that a CPU trains in seconds
    **SMALL_IMAGES,
    "child_batch": 64,
    "child_cycles": 1,
    "child_steps": 63,  # half an epoch of the subset's 8,068 images
    "child_every": 63,
}
TINY = {**TINY_IMAGES, "child_cycles": 1, "child_channels": 8}
LOOKING = {"channels": 4, "batch": 4, "steps": 4, "rounds": 2, "updates": 2, "samples": 2,
           "candidates": 2, "score_batch": 100, "cycles": 1, "eval_every": 2}  # fmt: skip
NIGHTLY = {**SMALL, "preset": "free", "nodes": 3, "channels": 4, "cells": 3, "batch": 32,
           "steps": 100, "rounds": 5, "updates": 6, "samples": 6, "theta_lr": 0.01,
           "baseline_decay": 0.95, "score_batch": 100, "candidates": 10, "cycles": 1,
           "eval_every": 100}  # fmt: skip
SEARCHES = {"search": Phase("steps"), "retrain": Phase("child_steps")}
PART: dict[str, Any] = {
    "dataset": "cifar10_subset",
    "child_steps": 35_910,
}  # 630 epochs of 57 batches
WHOLE = ("smoke", "nightly")  # budgets at which CIFAR-10 is not asked for


def whole(
    name: str, config: Any, run: str, changes: dict[str, Any], days: float, seeds: int = 5
) -> Experiment:
    """Declare an experiment on CIFAR-10; `days` of one CPU core, by extrapolation."""
    phases = SEARCHES if "search" in run else {"retrain": Phase("child_steps")}
    each = {"train": Phase("child_steps", each="drawn")}
    return Experiment(
        name,
        CIFAR,
        config,
        run=run,
        phases=each if isinstance(config, MicroRandom) else phases,
        reduced={"check": {**TINY, **changes}},
        expected={"check": 3, "paper": DAY * days},
        seeds={"paper": seeds},
        skipped=WHOLE,
        distributed=() if "search" in run else CHILD,
    )


SMALL_MACRO = {**LOOKING, "channels": 8}
EXPERIMENTS = [
    Experiment(
        SUBSET,
        CIFAR_8K,
        MicroSearch(**PART, steps=6900, eval_every=460),
        run="images.search:run",
        phases=SEARCHES,
        reduced={"check": {**TINY, **LOOKING, "cells": 3, "nodes": 2}, "nightly": NIGHTLY},
        expected={"check": 3, "nightly": 18, "paper": DAY * 14},
        seeds={"nightly": 8, "paper": 4},
        skipped=("smoke",),
        shows="papers.cells.draw.files:shown",
    ),
    Experiment(
        SUBSET_RANDOM,
        CIFAR_8K,
        MicroRandom(**PART, drawn=(0, 1, 2)),
        run="images.published:drawn",
        phases={"train": Phase("child_steps", each="drawn")},
        reduced={
            "check": {**TINY, "nodes": 2, "drawn": (0, 1)},
            "nightly": {**SMALL, "nodes": 3},
        },
        expected={"check": 3, "nightly": 20, "paper": DAY * 33},
        seeds={"nightly": 8, "paper": 4},
        skipped=("smoke",),
        distributed=CHILD,
    ),
    whole(MICRO, MicroSearch(), "images.search:run", {**LOOKING, "cells": 3, "nodes": 2}, 100),
    whole(RANDOM, MicroRandom(), "images.published:drawn", {"nodes": 2, "drawn": (0, 1)}, 360, 3),
    whole(CELL, MicroPublished(), "images.published:cell", {}, 74),
    whole(MACRO, MacroSearch(), "images.macro_search:run", SMALL_MACRO, 150),
    whole(NETWORK, MacroPublished(), "images.published:network",
          {"child_layers": 24}, 300, 3),
    imagenet_task.published("imagenet-cells", ImageNetPublished(cell="ENAS_micro"), 3),
]  # fmt: skip

FULL = ("paper",)
ABSENT = absent("enas")
NO_IMAGES = (
    "ImageNet, which may not be handed on, and GPUs; with HARNESS_IMAGENET set to its folder: "
    "run papers/enas --experiment imagenet --budget paper --device cuda"
)
FOUND = "test error of what the search finds, trained once, the mean over searches"
NEAR = 0.002  # ours may lie so far from what is printed


def table(name: str, experiment: str, statement: str, printed: str, row: float) -> Claim:
    """Declare a row of Table 1; the paper has one search of each."""
    return Claim(
        name,
        statement,
        "abstract and Table 1",
        Published(f"no such number; {printed}, one search"),
        Value(experiment, "test_error", row - NEAR, row + NEAR),
        FULL,
        measure=FOUND,
        kind="headline",
        doubted="3.88 % without cutout, where the paper has 3.54; random cells trained alike "
        "have 3.95 (issue 39 of the authors' code)",
        blocked=ABSENT,
    )


CLAIMS = [
    table("EI.micro", MICRO, "ENAS finds cells with 2.89 % error on CIFAR-10, with cutout",
          "2.89 %", 0.0289),
    table("EI.macro", MACRO, "ENAS finds whole networks with 4.23 % error on CIFAR-10",
          "4.23 % (from memory)", 0.0423),
    Claim(
        "EI.cell",
        "The released cell reaches 2.89 % error on CIFAR-10 with cutout, trained again",
        "abstract",
        Published("2.89 %", 0.0289, unit="%", dataset="cifar10"),
        Value(CELL, "test_error", 0.0289 - NEAR, 0.0289 + NEAR),
        FULL,
        measure="test error of the released cell, the mean over trainings",
        kind="headline",
        doubted="3.88 % without cutout, where the paper has 3.54 (issue 39 of the authors' code)",
        blocked=ABSENT,
    ),
    Claim(
        "EI.network",
        "The released network of 24 layers reaches 3.9 % error on CIFAR-10",
        "the authors, issue 7 of their code: about 96.1 %",
        Published("about 3.9 %", 0.039, unit="%", dataset="cifar10"),
        Value(NETWORK, "test_error", 0.039 - NEAR, 0.039 + NEAR),
        FULL,
        measure="test error of the released network, the mean over trainings",
        blocked=ABSENT,
    ),
    Claim(
        "EI.random",
        "The cell that ENAS finds beats the mean random cell, trained alike",
        "Sec. 3.3",
        Published("no such number; 3.54 % of ENAS and 6.77 % of one random cell (from memory)"),
        Direction(RANDOM, MICRO, "mean_error", other="test_error"),
        FULL,
        unit="points",
        measure="mean test error of five random cells less that of the found cell",
        kind="headline",
        doubted="the best of four random cells 3.95 %, ENAS's 3.88 % (issue 39 of the authors' "
        "code)",
        blocked=ABSENT,
        note="the random cells train on nine tenths of the images, so that one can be chosen",
    ),
    Claim(
        "EI.subset",
        "On a part of CIFAR-10 the cell that ENAS finds beats the best of three random cells",
        "Sec. 3.3",
        Published("no such number; 3.54 % of ENAS and 6.77 % of one random cell (from memory)"),
        Direction(SUBSET_RANDOM, SUBSET, "test_error"),
        unit="points",
        measure="test error of the best of three random cells by validation less that of the "
        "found cell",
        doubted="the best of four random cells 3.95 %, ENAS's 3.88 % (issue 39 of the authors' "
        "code)",
        note="at nightly both are trained for half an epoch, on 16 x 16 pixels",
    ),
]  # fmt: skip

DEVIATIONS = [
    "CIFAR-10, micro: supernet and final network differ, as in the release (there a reduced cell "
    "keeps its stride in one and not in the other): the supernet is the network in which DARTS "
    "evaluates cells, the final one is the release's. Its second classifier is trained; in the "
    "release it stays random.",
    "CIFAR-10, macro: joined tensors pass a 1x1 convolution in the search too (release: a sum), "
    "separable operations are separable in both; what is trained is the found network of 12 "
    "layers on 96 channels. The released one of 24 layers, whose origin nobody has told, is "
    "trained as released, with dense layers; the release has no pooling there.",
    "CIFAR-10: batch norms of a supernet use the statistics of the batch, also in the macro "
    "search, where the release mixes running ones of all networks. Held-out images are "
    "stratified by class (authors: the last 5,000). Rates change with every step (authors: every "
    "epoch). Each search counts, and what it finds is trained once.",
    "cifar10_subset is 8,068 of CIFAR-10's training images and 1,017 of its test images, at "
    "nightly average-pooled to 16x16: it shows that the search on images runs, and its errors are "
    "not CIFAR-10's. At budget check `pixels`, 96 random images, stand in for both.",
    "cifar10_subset/random and cifar10/random: the cells that are compared train without the held-"
    "out tenth, the found cell with it.",
    "ImageNet: the paper has no experiment on it. `imagenet/published` trains the released cell "
    "by DARTS's recipe where the user has the images; no claim stands on it, and it was not run.",
]
