"""How many weights hypernetworks have, and how large the predefined networks' graphs are."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import TYPE_CHECKING

from harness.training import metrics
from papers.ghn2.hyper.config import PRESETS, preset
from papers.ghn2.hyper.network import build
from papers.ghn2.space.generator import LARGE, SMALL
from papers.ghn2.space.predefined import PREDEFINED

if TYPE_CHECKING:
    from harness.paper import Row
    from harness.trial import Trial
    from papers.ghn2.published.config import Sizes


def run(config: Sizes, trial: Trial) -> Iterator[Row]:
    """Count everything: a hypernetwork's weights, a network's weights and nodes."""
    found: dict[str, int] = {}
    for name in PRESETS:
        hyper = build(replace(preset(name), classes=config.classes), 0)
        found[f"{name}_parameters"] = metrics.parameters(hyper)
    for frame, size in ((SMALL, "small"), (LARGE, "large")):
        for name, make in PREDEFINED.items():
            graph = make(frame).graph
            found[f"{name}_{size}_nodes"], found[f"{name}_{size}_parameters"] = (
                len(graph), graph.size,
            )  # fmt: skip
    yield found
