"""The published cells, counted: declarations."""

from harness.checks import Exact
from harness.paper import ALL, Claim, Experiment, Published, Task
from papers.amoebanet.published.config import Sizes

COUNTED = Task(
    "amoebanet-sizes",
    "pixels",
    "networks of the published cells at full size, counted from shapes",
    "a_tpu_36_parameters",
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
        reduced={"check": {"large": (), "imagenet": 48, "side": 64}},
        expected={"check": 5, "smoke": 6, "nightly": 6, "paper": 6},
        deterministic=True,
    ),
]


def exact(id_: str, metric: str, value: int, network: str, printed: str) -> Claim:
    """Declare a number of weights, which the authors print in millions."""
    return Claim(
        id_,
        f"{network} has {value:,} trainable parameters",
        "this project's count",
        Published(printed),
        Exact(SIZES, f"{metric}_parameters", value),
        ALL,
        unit="parameters",
        measure="trainable parameters, without the second classifier",
        kind="self-check",
    )


CLAIMS = [
    exact("P.a.tpu.36", "a_tpu_36", 3_218_266, "AmoebaNet-A in the paper's network (N=6, F=36)",
          "3.2 M (Table 1, from memory)"),
    exact("P.a.tpu.32", "a_tpu_32", 2_567_754, "AmoebaNet-A in the paper's network (N=6, F=32)",
          "2.6 M (Table 1, from memory)"),
    exact("P.a.tpu.448", "a_tpu_imagenet", 468_158_353,
          "AmoebaNet-A for ImageNet in the paper's network (N=6, F=448)",
          "469 M (Table 2, from memory)"),
    exact("P.b.tpu.36", "b_tpu_36", 2_839_186, "AmoebaNet-B in the paper's network (N=6, F=36)",
          "2.8 M (from memory; DARTS's Table 1)"),
    exact("P.b.tpu.80", "b_tpu_80", 13_716_250, "AmoebaNet-B in the paper's network (N=6, F=80)",
          "13.7 M (from memory)"),
    exact("P.b.tpu.128", "b_tpu_128", 34_874_506,
          "AmoebaNet-B in the paper's network (N=6, F=128)", "34.9 M (from memory)"),
    exact("P.a.listed.36", "a_listed_darts_cifar", 3_145_078,
          "AmoebaNet-A as DARTS lists it in DARTS's network for CIFAR-10 (36 channels, 20 cells)",
          "3.1 M (DARTS's Table 1, retrained there)"),
    exact("P.a.listed.48", "a_listed_darts_imagenet", 4_627_360,
          "AmoebaNet-A as DARTS lists it in DARTS's network for ImageNet (48 channels, 14 cells)",
          "no such number; in its own network 5.1 M (Table 3, from memory)"),
    exact("P.a.listed.16", "a_listed_darts_search", 326_330,
          "AmoebaNet-A as DARTS lists it in DARTS's network (16 channels, 8 cells)",
          "no such number"),
]  # fmt: skip

DEVIATIONS = [
    "Published cells: pools pad on both sides, TensorFlow's at stride 2 on even sizes at the end "
    "alone. AmoebaNet-A for ImageNet's mobile setting (N=4, F=50) and the first large size "
    "(F=190) are not counted: factorized reductions at a quarter and half of these widths have an "
    "odd number of channels, which the released code refuses, too.",
    "Cell A's first listing, the paper's figure and the code for TPUs differ; the authors called "
    "the figure a mistake in drawing. Both that are here are named: `_tpu` and `_listed`.",
]
