"""Hypernetworks and predefined networks, counted: declarations."""

from harness.checks import Exact
from harness.paper import ALL, Claim, Experiment, Published, Task
from papers.ghn2.published.config import Sizes

SIZES = "published/sizes"
COUNTED = Task(
    "ghn2-sizes",
    "none",
    "hypernetworks for CIFAR-10 and predefined networks, counted from shapes",
    "ghn2_parameters",
    "",
    "min",
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
]  # fmt: skip

DEVIATIONS = [
    "ResNet-50 for ImageNet has a 127th node, the pool of its stem. The predefined vision "
    "transformer is 12 cells of which ten attend, and two linear layers: read from its 129 nodes "
    "and the ten that attend.",
    "The authors' results for every single network (their data/results_*.json) are not kept here; "
    "aggregates of them are quoted beside claims and judged by none.",
]
