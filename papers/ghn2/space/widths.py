"""How wide networks of DeepNets-1M are: drawn anew for training, fixed for evaluation.

Evaluation widths are not made by the released generator; released networks have 2.5 M parameters
or more, and that is our rule.
"""

from __future__ import annotations

from random import Random

from papers.ghn2.space.build import blueprint
from papers.ghn2.space.draft import Frame
from papers.ghn2.space.record import Record

CHANNELS = tuple(range(32, 129, 16))
HIDDEN = tuple(range(64, 513, 64))
LEAST = 2_500_000  # parameters of a network that is evaluated
WIDER = {False: 4, True: 2}  # split `wide`, on small and on large images


def channel_choices(
    millions: float, cells: int, pooled: bool, largest_dense: bool
) -> tuple[int, ...]:
    """Return the widths of a training network of so many million parameters at 32 channels."""
    if millions > 0.8 or not pooled or largest_dense or cells > 12:
        return CHANNELS[:1]
    if millions > 0.4 or cells > 10:
        return CHANNELS[:2]
    if millions > 0.2 or cells > 8:
        return CHANNELS[:3]
    return CHANNELS


def hidden_choices(choices: tuple[int, ...], channels: int) -> tuple[int, ...]:
    """Return the widths of its hidden layer: all only for small networks that are not wide."""
    return HIDDEN if choices == CHANNELS and channels <= 64 else HIDDEN[:4]


def drawn(record: Record, frame: Frame, random: Random) -> Record:
    """Return a training network at a drawn width."""
    millions = blueprint(record.at(CHANNELS[0]), frame).parameters / 1e6
    choices = channel_choices(millions, record.cells, record.pooled, record.largest_dense)
    channels = random.choice(choices)
    return record.at(channels, random.choice(hidden_choices(choices, channels)))


def evaluated(record: Record, frame: Frame) -> Record:
    """Return the narrowest form, in steps of 16 channels, with 2.5 M parameters or more."""
    channels = CHANNELS[0]
    while blueprint(record.at(channels), frame).parameters < LEAST:
        channels += 16
    return record.at(channels)
