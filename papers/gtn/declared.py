"""What studies declare alike: the phase of a meta-training, and that one arm teaches better."""

from __future__ import annotations

from dataclasses import dataclass

from harness.checks import Effect
from harness.paper import Claim, Phase, Published

META = {"meta": Phase("outer_steps", cost="inner_steps")}


@dataclass(frozen=True)
class Better:
    """The arm of a study that is claimed to teach better than others, and how that is judged.

    `measure` says what its number is, up to the arm that is subtracted; `pilot` of how many seeds
    the pilot was that gave the margins.
    """

    arm: str
    measure: str
    published: str
    budgets: tuple[str, ...]
    pilot: str

    def above(
        self, id_: str, low: str, size: float, statement: str, source: str, what: str
    ) -> Claim:
        """Claim that it is better than the arm `low` by `size`; `what` tells of that arm."""
        return Claim(
            id_,
            statement,
            source,
            Published(self.published),
            Effect(self.arm, low, "test_accuracy", size),
            self.budgets,
            unit="points",
            measure=f"{self.measure} less that {what}",
            kind="headline",
            margin_from="pilot",
            note=f"margin from a pilot of {self.pilot}, written before any run of this code",
        )
