"""NASNet-A, counted: declarations."""

from harness.checks import Exact
from harness.paper import ALL, Claim, Experiment, Published, Task
from papers.nasnet.published.config import Sizes

COUNTED = Task(
    "nasnet-sizes",
    "pixels",
    "networks of NASNet-A at full size, counted from shapes",
    "own_cifar_parameters",
    "",
    "min",
)
SIZES = "published/sizes"
EXPERIMENTS = [
    Experiment(
        SIZES,
        COUNTED,
        Sizes(),
        run="published.sizes:run",
        reduced={"check": {"large": 24, "side": 64}},
        expected={"check": 4, "smoke": 5, "nightly": 5, "paper": 5},
        deterministic=True,
    ),
]


def exact(id_: str, metric: str, value: int, network: str, printed: str) -> Claim:
    """Declare a count, which the authors print in millions."""
    what = "multiply-adds" if metric.endswith("multiply_adds") else "trainable parameters"
    return Claim(
        id_,
        f"{network} has {value:,} {what}",
        "this project's count",
        Published(printed),
        Exact(SIZES, metric, value),
        ALL,
        unit="parameters" if what.startswith("train") else "multiply-adds",
        measure=f"{what}, without the second classifier",
        kind="self-check",
    )


CLAIMS = [
    exact("P.own.cifar", "own_cifar_parameters", 3_346_538,
          "NASNet-A in the paper's network for CIFAR-10 (6 @ 768)", "3.3 M (Table 1)"),
    exact("P.own.mobile", "own_mobile_parameters", 5_289_978,
          "NASNet-A in the paper's network for ImageNet (4 @ 1056)",
          "5.3 M (Table 3); Keras's NASNetMobile has 5,289,978 trainable weights"),
    exact("P.own.mobile.macs", "own_mobile_multiply_adds", 563_638_816,
          "NASNet-A in the paper's network for ImageNet (4 @ 1056)", "564 M (Table 3)"),
    exact("P.own.large", "own_large_parameters", 88_757_183,
          "NASNet-A in the paper's network for ImageNet (6 @ 4032)", "88.9 M (Table 2)"),
    exact("P.own.large.macs", "own_large_multiply_adds", 23_783_418_690,
          "NASNet-A in the paper's network for ImageNet (6 @ 4032)", "23.8 B (Table 2)"),
    exact("P.listed.32", "listed_darts_own_parameters", 3_061_738,
          "NASNet-A as DARTS lists it in DARTS's network for CIFAR-10 (32 channels, 20 cells)",
          "3.1 M (DARTS's Table 1, retrained there)"),
    exact("P.listed.36", "listed_darts_cifar_parameters", 3_830_950,
          "NASNet-A as DARTS lists it in DARTS's network for CIFAR-10 (36 channels, 20 cells)",
          "no such number; in its own network 3.3 M"),
    exact("P.listed.48", "listed_darts_imagenet_parameters", 5_564_320,
          "NASNet-A as DARTS lists it in DARTS's network for ImageNet (48 channels, 14 cells)",
          "no such number; in its own network 5.3 M"),
    exact("P.listed.16", "listed_darts_search_parameters", 333_946,
          "NASNet-A as DARTS lists it in DARTS's network (16 channels, 8 cells)",
          "no such number"),
]  # fmt: skip

DEVIATIONS = [
    "NASNet-A: pools and convolutions pad on both sides, TensorFlow's at stride 2 on even sizes at "
    "the end alone. Which states are concatenated is data: TF-slim's and DARTS's listings differ.",
]
