"""The well-known activation functions under the inner protocol of the learned one.

They start from the weights and meet the noise on which the learned functions are measured.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from harness.training import loop
from papers.mnist1d.meta_activation import inner as inner_loop
from papers.mnist1d.meta_activation.activation import FUNCTIONS, Known
from papers.mnist1d.meta_activation.training import Found

if TYPE_CHECKING:
    from harness.paper import Row
    from harness.trial import Trial
    from papers.mnist1d.meta_activation.config import Fixed


def run(config: Fixed, trial: Trial) -> Iterator[Row]:
    """Train `fresh` networks per member, one after another; average what they reach."""
    inner = inner_loop.prepare(config, trial)
    found, call = Found(config.members), Known(FUNCTIONS[config.activation])
    trial.restore(found=found)

    def train_fresh(turn: int) -> None:
        found.rows += inner_loop.measure(inner, trial, turn, lambda step: call)

    trial.meter.count_flops("fresh", inner_loop.flops(inner))
    yield from loop.fit(trial.meter, "fresh", train_fresh, found.latest, every=1)
    yield from found.means()
