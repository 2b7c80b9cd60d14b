"""What the authors' own searches took, which stands beside what ours are charged."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Spent:
    """What the authors' own search took, in GPU-days of a device, and where they say so.

    `experiment` is the one of ours that takes the method's place. GPU-days of one device are not
    converted into those of another; where nobody noted the device it is empty.
    """

    experiment: str
    gpu_days: float
    device: str
    source: str
