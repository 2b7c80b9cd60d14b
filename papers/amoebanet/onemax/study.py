"""The toy: declarations. Does removing the oldest help where accuracies are noisy?"""

from harness.checks import Direction, Same
from harness.paper import Claim, Experiment, Phase, Published, Task
from papers.amoebanet.onemax.config import OneMax

TOY = Task(
    "onemax-noisy",
    "bits",
    "100 bits, the share of ones plus Gaussian noise; 1,000 evaluations, the best one seen counts",
    "worth",
    "points",
)
AGING, NONAGING, WORST = "onemax/aging", "onemax/nonaging", "onemax/nonaging_worst"


def toy(name: str, config: OneMax) -> Experiment:
    """Declare an evolution under noise of every deviation."""
    return Experiment(
        name,
        TOY,
        config,
        run="onemax.toy:run",
        phases={"evolve": Phase("evaluations", each="sigmas")},
        reduced={"check": {"evaluations": 130}},
        expected={"check": 1, "smoke": 1, "nightly": 1, "paper": 1},
        seeds={"smoke": 3, "nightly": 20, "paper": 20},
    )


EXPERIMENTS = [
    toy(AGING, OneMax()),
    toy(NONAGING, OneMax(kind="nonaging")),
    toy(WORST, OneMax(kind="nonaging_worst")),
]

MEASURE = "true share of ones, in points, of the model that looks best"

CLAIMS = [
    Claim(
        "K5.toy",
        "Aging evolution beats non-aging evolution where evaluations are noisy",
        "Sec. 7 and App. A, the simulated search space",
        Published("no such number; a figure over many problem sizes"),
        Direction(AGING, NONAGING, "worth_0.05"),
        unit="points",
        measure=f"{MEASURE}, under noise of .05, with aging less without",
        kind="headline",
    ),
    Claim(
        "K5.toy.quiet",
        "With noise as small as the authors' notebook has it, aging is as good as non-aging",
        "the authors' notebook, which has aging alone",
        Published("not printed"),
        Same(AGING, NONAGING, "worth_0.01", 0.03),
        unit="points",
        measure=f"{MEASURE}, under noise of .01, with aging less without",
        margin_from="pilot",
        note="margin: twice the standard error of a difference of 20 searches in the pilot",
    ),
]

DEVIATIONS = [
    "Toy: the paper's figure is over problem sizes; here one size, 100 bits, at five deviations "
    "of the noise.",
]
