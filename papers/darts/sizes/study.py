"""The paper's networks at full size: declarations."""

from harness.checks import Exact
from harness.paper import ALL, DEEP, Claim, Experiment, Phase, Published, Task
from papers.darts.sizes.config import Size

SIZES = Task(
    "darts-sizes",
    "pixels",
    "networks of the paper at full size, on random pixels",
    "parameters",
    "",
    "min",
)

SEARCH_SIZE, EVALUATION_SIZE, IMAGENET_SIZE = "sizes/search", "sizes/evaluation", "sizes/imagenet"


def size(
    name: str, config: Size, batch: int, expected: dict[str, float], check: dict[str, object]
) -> Experiment:
    """Declare a network at full size; `batch` rows at nightly, two at smoke."""
    return Experiment(
        name,
        SIZES,
        config,
        run="sizes.networks:run",
        phases={"steps": Phase("steps")},
        reduced={
            "check": {"layers": 3, "batch": 2, **check},
            "smoke": {"batch": 2, "steps": 1},
            "nightly": {"batch": batch, "steps": 2},
        },
        expected=expected,
        skipped=("smoke",) if name == SEARCH_SIZE else (),
    )


EXPERIMENTS = [
    size(SEARCH_SIZE, Size("search", steps=10), 32,
         {"check": 4, "nightly": 28, "paper": 200}, {"steps": 1}),
    size(EVALUATION_SIZE, Size("evaluation", batch=96, published_batch=96, steps=10), 32,
         {"check": 2, "smoke": 4, "nightly": 22, "paper": 250}, {"steps": 2}),
    size(IMAGENET_SIZE, Size("imagenet", side=224, batch=128, published_batch=128, steps=10), 16,
         {"check": 2, "smoke": 4, "nightly": 11, "paper": 250}, {"steps": 2, "side": 32}),
]  # fmt: skip


def exact(
    name: str, experiment: str, value: int, network: str, printed: str, budgets: tuple[str, ...]
) -> Claim:
    """Declare a number of parameters, which the paper prints in millions."""
    return Claim(
        name,
        f"{network} has {value:,} trainable parameters",
        "this project's count from Sec. 2 and 3",
        Published(printed),
        Exact(experiment, "parameters", value),
        budgets,
        unit="parameters",
        measure="trainable parameters, without alpha and the second classifier",
        kind="self-check",
    )


CLAIMS = [
    exact("P.supernet", SEARCH_SIZE, 1_930_618, "The search network (16 channels, 8 cells)",
          "no such number", DEEP),
    exact("P.evaluation", EVALUATION_SIZE, 3_349_342,
          "DARTS_V2 for CIFAR-10 (36 channels, 20 cells)", "3.3 M (Table 1)", ALL),
    exact("P.imagenet", IMAGENET_SIZE, 4_718_752,
          "DARTS_V2 for ImageNet (48 channels, 14 cells)", "4.7 M (Table 4)", ALL),
]  # fmt: skip

DEVIATIONS = [
    "Sizes: the published batches are counted from shapes, not run, below budget paper. The "
    "paper's 574 M multiply-adds on ImageNet count other operations than ours (530 M in "
    "convolutions and linear layers).",
]
