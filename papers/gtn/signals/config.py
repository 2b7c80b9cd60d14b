"""Meta-training on signals: [ours], a tenth of the authors' sizes and rates for small networks."""

from __future__ import annotations

from dataclasses import dataclass

from harness.paper import Refused, positive, within
from papers.gtn.config import Teaching

LENGTH = 40  # points of a signal, for a learner with two pools
TRAIN, VAL = 3500, 500  # rows of the stored 4,000


@dataclass(frozen=True)
class SignalTeaching(Teaching):
    """A meta-training on MNIST-1D."""

    inner_steps: int = 16  # [ours]
    batch: int = 32  # [ours]
    outer_steps: int = 600  # [ours]
    outer_lr: float = 0.01  # [ours] .02 [C] is for larger networks
    first_rate: float = 0.1  # [ours] .02 [C] is too small for a learner of this size
    segment: int = 0  # [ours] the whole graph is small here, and a quarter faster
    noise: int = 64  # [T]
    generator_hidden: int = 128  # [ours]
    generator_channels: tuple[int, int] = (32, 16)  # [ours]
    channels: tuple[int, int] = (16, 32)  # [ours] of the learners

    def __post_init__(self) -> None:
        super().__post_init__()
        if len(self.channels) != 2 or min(self.channels) < 1:
            raise Refused(f"channels={self.channels}: must be two numbers, at least 1")
        refuse_labelled(self, TRAIN)


def refuse_labelled(config: Teaching, rows: int) -> None:
    """Refuse more labelled rows than there are, where labels are what is scarce."""
    if config.treatment == "semi" and config.labelled >= rows:
        raise Refused(f"labelled={config.labelled}: must be less than {rows} rows of training")


@dataclass(frozen=True)
class Grid(SignalTeaching):
    """Meta-trainings at many rates, each for a while: how many stay finite and learn."""

    outer_steps: int = 60  # [ours]
    settings: tuple[str, ...] = (  # [ours] first inner rate @ outer rate
        *("0.02@0.003", "0.1@0.003", "0.5@0.003", "1@0.003"),
        *("0.02@0.01", "0.1@0.01", "0.5@0.01", "1@0.01"),
        *("0.02@0.05", "0.1@0.05", "0.5@0.05", "1@0.05"),
    )
    learns: float = 0.35  # [ours] validation accuracy from which a run has learned something

    def __post_init__(self) -> None:
        super().__post_init__()
        if len(set(self.settings)) < len(self.settings) or not self.settings:
            raise Refused(f"settings={self.settings}: must be different, at least one")
        for setting in self.settings:
            rates(setting)
        within(self, "learns", 0, 1)
        positive(self, "outer_steps")


def rates(setting: str) -> tuple[float, float]:
    """Return the first inner rate and the outer rate of a setting."""
    first, sign, outer = setting.partition("@")
    try:
        pair = float(first), float(outer)
    except ValueError:
        pair = (0.0, 0.0)
    if not sign or not all(0 < rate <= 10 for rate in pair):
        raise Refused(
            f"settings={setting}: must be an inner and an outer rate above 0, as 0.1@0.01"
        )
    return pair
