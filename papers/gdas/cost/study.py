"""What GDAS saves, in device time: a step, and a whole search of the authors' length.

A whole search is 24,500 steps of 256 images (GDAS) or 19,550 of 64 (DARTS, first order); what is
run here is a part of each, 1/500 at nightly, on signals.
"""

from harness.checks import CostRatio
from harness.paper import Claim, Experiment, Phase, Published, Task
from papers.gdas.cost.config import Steps

COST = Task(
    "mnist1d-search-steps",
    "mnist1d",
    "updates of alpha and w of a search network of 3 cells and 8 channels on signals",
    "train_loss",
    "",
    "min",
)
STEP, STEP_FIRST = "cost/step", "cost/step_first_order"
WHOLE, WHOLE_FIRST = "cost/whole", "cost/whole_first_order"
LENGTH = {STEP: 200, STEP_FIRST: 200, WHOLE: 980, WHOLE_FIRST: 782}  # at paper: 1/25 of a search


def timed(name: str, method: str, batch: int, nightly: int, expected: float) -> Experiment:
    """Declare steps of a method; `expected` seconds at nightly."""
    steps = LENGTH[name]
    return Experiment(
        name,
        COST,
        Steps(method, batch=batch, steps=steps),
        run="cost.steps:run",
        phases={"search": Phase("steps")},
        reduced={
            "check": {"steps": 2, "channels": 2, "batch": 8},
            "smoke": {"steps": 5},
            "nightly": {"steps": nightly},
        },
        expected={"check": 2, "smoke": 4, "nightly": expected,
                  "paper": expected * steps / nightly},
        seeds={"smoke": 3, "nightly": 8, "paper": 8},
        skipped=("smoke",) if name in (WHOLE, WHOLE_FIRST) else (),
    )  # fmt: skip


EXPERIMENTS = [
    timed(STEP, "gdas", 100, 30, 4),
    timed(STEP_FIRST, "first_order", 100, 30, 16),
    timed(WHOLE, "gdas", 256, 49, 14),  # 24,500 / 500
    timed(WHOLE_FIRST, "first_order", 64, 39, 15),  # 19,550 / 501
]

NONE = "no such number; "

CLAIMS = [
    Claim(
        "G5.step",
        "A step of GDAS costs less than a third of one of DARTS's first order",
        "Sec. 3.2",
        Published("not printed; one of eight operations runs"),
        CostRatio(STEP_FIRST, STEP, "seconds", at_least=3.0),
        unit="times",
        measure="device time of a step of first order over that of a step of GDAS, on batches of "
        "100 signals",
        kind="headline",
    ),
    Claim(
        "G5.whole",
        "A whole search of GDAS costs less than one of DARTS's first order",
        "Table 1",
        Published(NONE + ".21 GPU-days on a V100 (from memory); first order .375 on a 1080 Ti"),
        CostRatio(WHOLE_FIRST, WHOLE, "seconds", at_least=1.0),
        unit="times",
        measure="device time of 1/501 of a search of first order (19,550 batches of 64) over that "
        "of 1/500 of a search of GDAS (24,500 batches of 256)",
        kind="headline",
        doubted="not expected: GDAS makes five times the passes over images",
    ),
]

DEVIATIONS = [
    "Cost: on signals and on this machine, not on CIFAR-10 and a GPU, where launches of kernels "
    "and memory weigh more; both methods run on the fast form of one search network. The time of "
    "second order is not measured here: darts' T2.cost has it over first order.",
]
