"""Does the ranking of cells survive depth and width? Declarations."""

from harness.checks import RankCorrelation
from harness.paper import Claim, Experiment, Phase, Published, Task
from papers.nasnet.fidelity.config import SIZES, Fidelity

DEEP = Task(
    "mnist1d-cells-deep",
    "mnist1d",
    "cells of two convolutions, repeated in networks of three sizes; 3,000 training signals, 300 "
    "SGD steps of 50, cosine from .1 to 0; accuracy of the large network on 1,000 test signals",
    "large_test",
)
RANKED = "fidelity/sizes"

EXPERIMENTS = [
    Experiment(
        RANKED,
        DEEP,
        Fidelity(),
        run="fidelity.ranking:run",
        phases={size: Phase(1, cost="steps") for size in SIZES},
        replicates="cells",
        independent=True,
        reduced={
            "check": {
                "space": "T0", "convolutions": 1, "cells": 2, "steps": 3, "repeats": (1, 1, 2),
            },
            "smoke": {"space": "T1", "cells": 2, "steps": 90, "repeats": (1, 1, 2)},
            "nightly": {"space": "T1", "channels": (4, 8, 12), "repeats": (1, 1, 2)},
        },
        expected={"check": 2, "smoke": 6, "nightly": 50, "paper": 120},
        seeds={"smoke": 2, "nightly": 8, "paper": 16},
    ),
]  # fmt: skip

PREMISE = Published("not printed; cells found at N = 2 are evaluated at N = 6 and 7")
LEAST = 0.3  # a medium correlation, by convention


def ranked(id_: str, statement: str, metric: str, by: str, doubted: str = "") -> Claim:
    """Declare how well something cheaper ranks cells as the large network does."""
    return Claim(
        id_,
        statement,
        "premise of Sec. 3 and 4.1",
        PREMISE,
        RankCorrelation(RANKED, metric, "large_test", LEAST),
        unit="",
        measure=f"tau-b of {by} with test accuracy in the large network, over cells with equally "
        "many weights",
        kind="supporting",
        doubted=doubted,
    )


CLAIMS = [
    ranked("N.fidelity.small", "Cells keep their ranking from a small stack to a large network",
           "small", "validation accuracy in the small network"),
    ranked("N.fidelity.middle", "They keep it from a network of middle size, too", "middle",
           "validation accuracy in the middle network"),
    ranked("N.fidelity.third", "They keep it from a third of the middle network's training",
           "middle_third", "validation accuracy after 100 of 300 steps of the middle network",
           "a short training ranks the best quarter of cells with tau .08 (papers/randomnas)"),
]  # fmt: skip

DEVIATIONS = [
    "Low fidelity: cells of the league in place of the paper's, which take ten times as long; "
    "small is 4 channels and one cell before and after the reduction, large 12 and two at nightly "
    "(16 and three at paper budget). The paper's own networks differ by a factor of 3 in depth, "
    "and of up to 8 in width.",
]
