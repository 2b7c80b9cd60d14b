"""What the paper claims of a meta-learned learning rate and what its authors ran.

The published rate belongs to one initialisation; the optimum depends on it.
"""

from harness.checks import Exact, Same, Value
from harness.paper import ALL, Claim, Experiment, Phase, Published, Task
from papers.mnist1d.margins import near
from papers.mnist1d.meta_lr.config import MetaRate

RATE = Task(
    "mnist1d-meta-lr",
    "mnist1d",
    "200 SGD steps on a tanh MLP, meta-loss: mean of their losses; 50 outer steps",
    "lr",
    "",
)

OUTER = {"outer": Phase("outer_steps", cost="inner_steps")}
TINY = {"outer_steps": 4, "inner_steps": 8}


def published(name: str, rate: float) -> Experiment:
    """Declare the authors' own descent: their initial weights, so nothing is random."""
    return Experiment(
        f"meta_lr/published/{name}",
        RATE,
        MetaRate(rate),
        run="meta_lr.training:run",
        phases=OUTER,
        reduced={"check": TINY, "smoke": {"outer_steps": 25}},
        expected={"check": 1, "smoke": 1, "nightly": 3, "paper": 3},
        deterministic=True,
    )


def several(name: str, rate: float) -> Experiment:
    """Declare the descent from many initial weights, each with a rate of its own."""
    return Experiment(
        f"meta_lr/{name}",
        RATE,
        MetaRate(rate, members=16, published_init=False),
        run="meta_lr.training:run",
        phases=OUTER,
        replicates="members",
        independent=True,  # batches come in stored order: nothing else is random
        reduced={
            "check": {**TINY, "members": 2},
            "smoke": {"outer_steps": 25, "members": 4},
            "nightly": {"members": 8},
        },
        expected={"check": 1, "smoke": 3, "nightly": 9, "paper": 18},
    )


STARTS = {"high": 1.5, "low": 0.15}
EXPERIMENTS = [
    *(several(name, rate) for name, rate in STARTS.items()),
    *(published(name, rate) for name, rate in STARTS.items()),
]

CASE = "case study 'meta-learning a learning rate'"


def settles(name: str, rate: float, moves: str, printed: str) -> Claim:
    """Claim where the rate ends that starts on one side."""
    return Claim(
        f"M2.{name}",
        f"From {rate} the rate {moves} to its optimum, whatever the initial weights",
        f"{CASE}, 0.62; notebook {printed}, one initialisation",
        Published("0.62", 0.62, unit="", dataset="mnist1d"),
        Value(f"meta_lr/{name}", "lr", *near(0.62, 0.1)),
        unit="",
        measure="learning rate after 50 outer steps",
        note="a tenth of the printed rate to either side",
    )


CLAIMS = [
    settles("high", STARTS["high"], "falls", ".624"),
    settles("low", STARTS["low"], "rises", ".620"),
    Claim(
        "M1.both",
        "Both sides end at the same rate",
        f"{CASE}; notebook .6243 and .6203",
        Published("they differ by .004", 0.004, source_kind="notebook", dataset="mnist1d"),
        Same("meta_lr/high", "meta_lr/low", "lr", 0.02),
        unit="",
        measure="rate from above less rate from below, after 50 outer steps",
        note="they start 1.35 apart",
    ),
    *(
        Claim(
            f"M1.path.{name}",
            f"From {rate}, the authors' initial weights take the published path, to 0.001",
            "notebook, rates after outer steps 3, 6, 9, 24, 48",
            Published("the rates themselves", source_kind="notebook"),
            Exact(f"meta_lr/published/{name}", "deviating", 0),
            ALL,
            unit="rates",
            measure="printed rates that ours differ from by more than 0.001",
            kind="self-check",
            margin_from="notebook",
        )
        for name, rate in STARTS.items()
    ),
]

DEVIATIONS = [
    "Learning a rate: the authors use one initialisation (torch seed 0), which "
    "`meta_lr/published` repeats; the claims rest on more of them, as the optimum depends on it.",
    "Learning a rate: tangents (forward mode) in place of reverse mode; both give the same "
    "meta-gradient (a test and the bench compare them), and `--set mode=reverse` is honoured.",
]
