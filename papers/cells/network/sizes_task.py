"""Counts of published networks as claims: this project's own, exact, beside what is printed."""

from harness.checks import Exact
from harness.paper import ALL, Claim, Published

SIZES = "published/sizes"  # the experiment that counts, in every paper
SHORT = {"layers": 5, "deep": 5, "shallow": 4}  # DARTS's networks at budget `check`


def exact(id_: str, metric: str, value: int, network: str, printed: str) -> Claim:
    """Declare a count of weights or multiply-adds, which authors print in millions."""
    macs = metric.endswith("multiply_adds")
    what = "multiply-adds" if macs else "trainable parameters"
    return Claim(
        id_,
        f"{network} has {value:,} {what}",
        "this project's count",
        Published(printed),
        Exact(SIZES, metric, value),
        ALL,
        unit="multiply-adds" if macs else "parameters",
        measure=f"{what}, without the second classifier",
        kind="self-check",
    )
