"""Hypernetworks on images. Small networks on MNIST and on a part of CIFAR-10, and the paper's own.

None of them runs at night: small ones wait until their time is known, the paper's for data and a
GPU. At budget check `pixels`, random images, stand in for all.
"""

from __future__ import annotations

from typing import Any

from harness.checks import AtLeast, Value
from harness.paper import Claim, Experiment, Phase, Published, Task
from papers.cells.child.cifar_task import absent
from papers.ghn2.images.config import PIXELS, ImageBaseline, Images

PROTOCOL = (
    "accuracy on test images, batch norm by test batches of 64; the mean over networks that no "
    "training has seen, "
)
TASKS = {
    "mnist": Task("mnist-unseen-networks", "mnist", f"14 x 14 pixels; {PROTOCOL}Mini-2D", "id"),
    "cifar10_subset": Task(
        "cifar8k-unseen-networks", "cifar10_subset", f"{PROTOCOL}Mini-2D", "id"
    ),
    "cifar10": Task("cifar10-unseen-networks", "cifar10", f"{PROTOCOL}DeepNets-1M", "id"),
}
CHECK: dict[str, Any] = {
    "dataset": PIXELS, "steps": 2, "meta_batch": 2, "batch": 4, "pool": 3, "networks": 1,
    "others": 1, "splits": ("id",), "watched": 1, "eval_every": 1, "eval_batch": 64, "seen": 0,
    "tuned": 0, "predefined": False, "style": "mini", "side": 16, "stem_stride": 2,
}  # fmt: skip
SMALL: dict[str, Any] = {
    "style": "mini", "predefined": False, "meta_batch": 4, "steps": 20_000, "pool": 1000,
    "networks": 100, "others": 50, "watched": 8, "eval_every": 500, "drops": (2 / 3,),
}  # fmt: skip
MNIST = {**SMALL, "dataset": "mnist", "side": 14}
SUBSET = {**SMALL, "dataset": "cifar10_subset", "stem_stride": 2, "meta_batch": 2}
GHN1 = {"preset": "ghn1", "meta_batch": 1}
CIFAR = {name: f"cifar10/{name}" for name in ("ghn2", "ghn1", "mlp", "sgd")}


def on_images(name: str, days: float, **values: Any) -> Experiment:
    """Declare a hypernetwork; `days` of one CPU core at budget paper, by extrapolation."""
    config = Images(**values)
    return Experiment(
        name,
        TASKS[config.dataset],
        config,
        run="images.unseen:run",
        phases={"train": Phase("steps")},
        reduced={"check": CHECK},
        expected={"check": 3, "paper": 86_400 * days},
        seeds={"paper": 3},
        skipped=("smoke", "nightly"),
    )


EXPERIMENTS = [
    on_images("mnist/ghn2", 0.1, **MNIST),
    on_images("mnist/ghn1", 0.03, **MNIST | GHN1),
    on_images("cifar10_subset/ghn2", 0.15, **SUBSET),
    on_images("cifar10_subset/ghn1", 0.08, **SUBSET | GHN1),
    on_images(CIFAR["ghn2"], 400),
    on_images(CIFAR["ghn1"], 60, **GHN1),
    on_images(CIFAR["mlp"], 350, preset="mlp"),
    Experiment(
        CIFAR["sgd"],
        TASKS["cifar10"],
        ImageBaseline(),
        run="images.unseen:sgd",
        phases={"train": Phase("networks")},
        reduced={
            "check": {
                "dataset": PIXELS, "style": "mini", "side": 16, "stem_stride": 2, "networks": 2,
                "epochs": 2, "at_epochs": (1, 2), "epoch_steps": 1, "batch": 4,
            }
        },
        expected={"check": 2, "paper": 86_400 * 1000},
        seeds={"paper": 1},
        skipped=("smoke", "nightly"),
    ),
]  # fmt: skip

FULL = ("paper",)
CIFAR_RESULTS = "Sec. 5, results on CIFAR-10"
OWN = "our mean over the authors' results of every network"


def row(
    id_: str,
    statement: str,
    experiment: str,
    metric: str,
    band: tuple[float, float],
    printed: tuple[str, float],
    kind: str = "supporting",
) -> Claim:
    """Declare a row of the results on CIFAR-10: the mean over networks lies in a band."""
    text, value = printed
    return Claim(
        id_,
        statement,
        CIFAR_RESULTS,
        Published(f"{text}; {OWN}", value, unit="%", dataset="cifar10"),
        Value(experiment, metric, *band),
        FULL,
        measure=f"mean accuracy on CIFAR-10, '{metric}', {experiment}",
        kind=kind,
        margin_from="paper",
        blocked=absent("ghn2", experiment),
    )


CLAIMS = [
    row("C.ghn2", "GHN-2 predicts parameters of unseen networks that are right on 66.9 %",
        CIFAR["ghn2"], "id", (0.64, 0.70), ("66.9 ± .3 %", 0.669), "headline"),
    row("C.ghn1", "GHN-1 reaches 51.4 %", CIFAR["ghn1"], "id", (0.48, 0.55),
        ("51.4 ± .4 %", 0.514)),
    row("C.mlp", "Without messages 42.2 % are right", CIFAR["mlp"], "id", (0.38, 0.48),
        ("42.2 ± .6 %", 0.422)),
    row("C.ood", "Out of distribution GHN-2 reaches 56.8 %", CIFAR["ghn2"], "ood", (0.52, 0.61),
        ("56.8 % over 400 networks", 0.568), "headline"),
    row("C.bnfree", "Without batch norm GHN-2 reaches 36.8 %", CIFAR["ghn2"], "bnfree",
        (0.30, 0.45), ("36.8 ± 1.5 %", 0.368)),
    row("C.bnfree.ghn1", "GHN-1 does not work without batch norm", CIFAR["ghn1"], "bnfree",
        (0.0, 0.18), ("13.7 ± .3 %", 0.137)),
    Claim(
        "C.resnet",
        "ResNet-50's parameters are predicted so that 58.6 % are right",
        CIFAR_RESULTS,
        Published("58.6 %", 0.586, unit="%", dataset="cifar10"),
        AtLeast(CIFAR["ghn2"], "resnet50", 0.45),
        FULL,
        measure="accuracy of ResNet-50 on CIFAR-10 with predicted parameters",
        kind="headline",
        margin_from="paper",
        blocked=absent("ghn2", CIFAR["ghn2"]),
    ),
    row("C.sgd", "Five epochs of SGD reach as much as GHN-2 in one pass", CIFAR["sgd"], "after_5",
        (0.67, 0.72), ("69.6 ± .4 % (69.2 is the validation networks')", 0.696)),
]  # fmt: skip

DEVIATIONS = [
    "CIFAR-10: 10 % of each class are held out (authors: the last 5,000 images); our own "
    "networks, drawn by the paper's rules, each once with its width (authors: anew at every "
    "visit); evaluated widths are the narrowest of 2.5 M parameters or more.",
    "CIFAR-10, SGD: test accuracy with statistics of test batches (authors: running ones), 521 "
    "steps an epoch.",
    "Shares of networks (GHN-2 beats GHN-1 on 99 % of them) can be found from networks.json among "
    "every trial's artifacts, and are judged by no claim.",
    "MNIST and the part of CIFAR-10: Mini-2D, small networks as in Mini-1D, at 14 x 14 and 32 x "
    "32 pixels; not at budget nightly, and no claim.",
]
