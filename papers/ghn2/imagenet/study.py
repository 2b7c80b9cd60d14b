"""The paper's hypernetworks on ImageNet, from the user's own folder: declarations.

They run at budget paper alone. At budget check `pixels`, random images, stand in for ImageNet and
our small networks for DeepNets-1M's.
"""

from __future__ import annotations

from typing import Any

from harness.checks import Direction, Value
from harness.paper import Claim, Experiment, Phase, Published, Task
from papers.cells.child.imagenet_config import PIXELS
from papers.ghn2.imagenet.config import EPOCH, ImageNet

GHN2, GHN1 = "imagenet/ghn2", "imagenet/ghn1"
UNSEEN = Task(
    "imagenet-unseen-networks",
    "imagenet",
    "share of the 50,000 images of val whose label is among the five largest logits, batch norm "
    "by test batches of 64 in a fixed order; the mean over networks of DeepNets-1M that no "
    "training has seen; 1,231,167 training images",
    "id_top5",
)
CHECK: dict[str, Any] = {
    "dataset": PIXELS, "style": "mini", "side": 16, "steps": 2, "meta_batch": 2, "batch": 4,
    "pool": 3, "held_out": 1, "networks": 2, "others": 1, "splits": ("id", "bnfree"),
    "predefined": False, "watched": 1, "eval_every": 1, "at_once": 2, "workers": 0,
}  # fmt: skip
SEEDS = 3  # [ours]; the authors publish one training
FULL = ("paper",)


def on_imagenet(name: str, days: float, config: ImageNet) -> Experiment:
    """Declare a hypernetwork; `days` of one CPU core at budget paper, from steps on few images."""
    return Experiment(
        name,
        UNSEEN,
        config,
        run="imagenet.unseen:run",
        phases={"train": Phase("steps")},
        reduced={"check": CHECK},
        expected={"check": 3, "paper": 86_400 * days},
        seeds={"paper": SEEDS},
        skipped=("smoke", "nightly"),
    )


EXPERIMENTS = [
    on_imagenet(GHN2, 560, ImageNet()),
    on_imagenet(GHN1, 140, ImageNet(preset="ghn1", meta_batch=1, steps=300 * EPOCH)),
]

RESULTS = "Sec. 5, results on ImageNet"
OWN = "our mean over the authors' results of every network"
BLOCKED = (
    "ImageNet, which may not be handed on, and GPUs; with HARNESS_IMAGENET set to its folder: "
    "run papers/ghn2 --experiment imagenet --budget paper --device cuda"
)
MARGIN = 0.03  # as narrow as the band of GHN-2 on CIFAR-10
WRITTEN = "three points about the paper's number, as for GHN-2 on CIFAR-10; written before any run"


def row(
    id_: str,
    statement: str,
    experiment: str,
    metric: str,
    printed: tuple[str, float],
    kind: str = "supporting",
) -> Claim:
    """Declare a row of the results on ImageNet: a mean over networks lies near the paper's."""
    text, value = printed
    return Claim(
        id_,
        statement,
        RESULTS,
        Published(text, value, unit="%", dataset="imagenet"),
        Value(experiment, metric, round(value - MARGIN, 4), round(value + MARGIN, 4)),
        FULL,
        measure=f"top-5 accuracy on ImageNet, '{metric}', {experiment}",
        kind=kind,
        margin_from="convention",
        blocked=BLOCKED,
        note=WRITTEN,
    )


CLAIMS = [
    row("I.ghn2", "GHN-2 predicts parameters of unseen networks that reach 27.2 % top-5 accuracy",
        GHN2, "id_top5", (f"27.2 ± .6 %; {OWN}", 0.272), "headline"),
    row("I.ghn1", "GHN-1 reaches 17.2 % top-5 accuracy", GHN1, "id_top5",
        (f"17.2 ± .4 %; {OWN}", 0.172)),
    row("I.bnfree", "Without batch norm GHN-2 reaches 7.2 % top-5 accuracy", GHN2, "bnfree_top5",
        (f"7.2 ± .6 %; {OWN}", 0.072)),
    row("I.resnet", "ResNet-50's parameters are predicted so that top-5 accuracy is 5.2 %", GHN2,
        "resnet50_top5", ("5.2 % in the authors' results; their page says 5.3, too", 0.052)),
    Claim(
        "I.resnet.ghn1",
        "For ResNet-50 GHN-1 predicts better parameters than GHN-2 does",
        RESULTS,
        Published("6.9 against 5.2 % in the authors' results", 0.017, unit="points",
                  dataset="imagenet"),
        Direction(GHN1, GHN2, "resnet50_top5"),
        FULL,
        unit="points",
        measure="top-5 accuracy of ResNet-50 on ImageNet with parameters of GHN-1 less GHN-2's",
        margin_from="convention",
        blocked=BLOCKED,
        note="one network, one training of each in the paper; a direction, written before any run",
    ),
]  # fmt: skip

DEVIATIONS = [
    "ImageNet: our own networks, drawn by the paper's rules and built for large images, as on "
    "CIFAR-10; evaluated widths are the narrowest of 2.5 M parameters or more, of which a "
    "classifier of 1,000 classes has its part; split wide is twice as wide.",
    "ImageNet: 50 images of each class of train, the last by name, judge four validation networks "
    "after every epoch and train nothing; test images come in one fixed shuffled order, of which "
    "the authors' seed is not known to us.",
    "ImageNet: 150 epochs for meta-batches of eight and 300 for GHN-1, from the authors' words in "
    "an issue; that the rate falls after the same shares of the training as on CIFAR-10 is our "
    "reading. One GPU, where they used four, in single precision.",
    "ImageNet: not run, so no number of ours stands beside the paper's; no MLP, of which no "
    "result on ImageNet is known to us.",
]
