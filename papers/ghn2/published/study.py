"""Hypernetworks and predefined networks, counted; the authors' results, averaged: declarations."""

from harness.checks import Exact, Value
from harness.paper import ALL, Claim, Experiment, Published, Task
from papers.ghn2.published.config import Results, Sizes

SIZES, RESULTS = "published/sizes", "published/results"
COUNTED = Task(
    "ghn2-sizes",
    "none",
    "hypernetworks for CIFAR-10 and predefined networks, counted from shapes",
    "ghn2_parameters",
    "",
    "min",
)
RELEASED = Task(
    "ghn2-released",
    "ghn2-released",
    "the authors' accuracy of every network of DeepNets-1M's test splits, averaged",
    "cifar10_id_ghn2",
)

EXPERIMENTS = [
    Experiment(
        SIZES,
        COUNTED,
        Sizes(),
        run="published.sizes:run",
        expected={"check": 2, "smoke": 2, "nightly": 2, "paper": 2},
        deterministic=True,
    ),
    Experiment(
        RESULTS,
        RELEASED,
        Results(),
        run="published.results:run",
        expected={"check": 1, "smoke": 1, "nightly": 1, "paper": 1},
        deterministic=True,
    ),
]


def exact(id_: str, metric: str, value: int, what: str, printed: str) -> Claim:
    """Declare a count of ours, beside what is known of the authors'."""
    unit = "nodes" if metric.endswith("nodes") else "parameters"
    return Claim(
        id_,
        f"{what} has {value:,} {unit}",
        "this project's count",
        Published(printed),
        Exact(SIZES, metric, value),
        ALL,
        unit=unit,
        measure=f"{unit}, counted",
        kind="self-check",
    )


def recount(
    id_: str,
    metric: str,
    value: float,
    statement: str,
    unit: str = "%",
    printed: str = "",
    source: str = "the authors' released results",
) -> Claim:
    """Declare a number that the released results must give, within its rounding.

    Where none is `printed` that we could read, it is what was found in the same files before.
    """
    half = 0.0005 if unit else 0.005
    known = Published(printed, value, unit=unit, dataset=RELEASED.dataset)
    return Claim(
        id_,
        statement,
        source,
        known if printed else Published("found in the same files before"),
        Value(RESULTS, metric, round(value - half, 5), round(value + half, 5)),
        ALL,
        unit=unit,
        measure=f"'{metric}' of the authors' released results",
        kind="self-check",
        margin_from="paper" if printed else "earlier run",
    )


MODULES = "the authors' modules have as many, counted by us"
NODES = "statistics of DeepNets-1M's splits: "
CLAIMS = [
    exact("P.ghn2", "ghn2_parameters", 1_620_764, "GHN-2 for CIFAR-10", MODULES),
    exact("P.ghn1", "ghn1_parameters", 1_620_668, "GHN-1 for CIFAR-10", MODULES),
    exact("P.resnet", "resnet50_large_parameters", 25_557_032, "ResNet-50 for ImageNet",
          "25.6 M; torchvision's has as many"),
    exact("P.resnet.nodes", "resnet50_small_nodes", 126, "ResNet-50 for CIFAR-10", f"{NODES}126"),
    exact("P.vit.nodes", "vit_small_nodes", 129, "The vision transformer for CIFAR-10",
          f"{NODES}129"),
    exact("P.vit", "vit_small_parameters", 1_012_234, "The vision transformer for CIFAR-10",
          "1,012,234 in the authors' released results"),
    exact("P.vit.large", "vit_large_parameters", 1_244_392, "The vision transformer for ImageNet",
          "1,244,392 in the authors' released results"),
    recount("R.ghn2", "cifar10_id_ghn2", 0.669,
            "GHN-2's released results average 66.9 % (± .3) on CIFAR-10"),
    recount("R.ghn1", "cifar10_id_ghn1", 0.514, "GHN-1's average 51.4 % (± .4)"),
    recount("R.mlp", "cifar10_id_mlp", 0.422, "The MLP's average 42.2 % (± .6)"),
    recount("R.sgd", "cifar10_id_sgd", 0.885, "50 epochs of SGD average 88.5 % (± .3)"),
    recount("R.ood", "cifar10_ood_ghn2", 0.568,
            "GHN-2's average 56.8 % (± .8) over 400 networks out of distribution"),
    recount("R.bnfree", "cifar10_bnfree_ghn2", 0.368,
            "GHN-2's average 36.8 % (± 1.5) without batch norm"),
    recount("R.bnfree.ghn1", "cifar10_bnfree_ghn1_less_mlp", -0.102,
            "Without batch norm GHN-1 (13.7 %) is 10.2 points behind the MLP (23.9 %)", "points"),
    recount("R.resnet", "cifar10_resnet50_ghn2", 0.586,
            "ResNet-50 with GHN-2's parameters is right on 58.6 %", printed="58.6 %",
            source="README of the authors' code"),
    recount("R.wins", "cifar10_id_ghn2_beats_ghn1", 0.994,
            "GHN-2 beats GHN-1 on 99.4 % of the networks in distribution"),
    recount("R.tau", "cifar10_id_ghn2_tau", 0.26,
            "GHN-2's predicted accuracy ranks networks as SGD does with tau .26", ""),
    recount("R.imagenet", "imagenet_id_ghn2", 0.272,
            "GHN-2's average 27.2 % (± .6) on ImageNet, top-5", printed="27.2 %",
            source="Quanta Magazine, 25 January 2022"),
    recount("R.imagenet.ghn1", "imagenet_id_ghn1", 0.172,
            "GHN-1's average 17.2 % (± .4) on ImageNet, top-5"),
]  # fmt: skip

DEVIATIONS = [
    "ResNet-50 for ImageNet has a 127th node, the pool of its stem. The predefined vision "
    "transformer is 12 cells of which ten attend and two are average pools, and one linear layer: "
    "so it has the printed 129 nodes and the weights of the authors' released results.",
    "The authors' results for every single network (their data/results_*.json) are kept without "
    "the validation split, noisy images and times. Their standard errors divide the variance by n "
    "and are over networks, not over trainings of the hypernetwork, of which there is one.",
]
