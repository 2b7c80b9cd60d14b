"""Searches whose children are really trained, as a declaration: workers and turns."""

from collections.abc import Mapping

from harness.paper import Experiment, Phase
from papers.cells.task import CHILD_STEPS, LEAGUE


def trained(config: object, workers: int, turns: int, expected: Mapping[str, float]) -> Experiment:
    """Declare them, by a paper's own `league/search.py`; `turns` at nightly.

    Each turn trains a child on every one of the workers.
    """
    one = {"turns": 1, "objectives": ("capped",)}
    return Experiment(
        "league/trained",
        LEAGUE,
        config,
        run="league.search:trained",
        phases={"search": Phase("turns", cost=workers * CHILD_STEPS)},
        reduced={
            "check": {"space": "T0", "repeats": 3, **one},
            "smoke": {"space": "T1", "repeats": 20, **one},
            "nightly": {"space": "T1", "turns": turns},
        },
        expected={"check": 6, "smoke": 14, **expected},
        seeds={"smoke": 1, "nightly": 8, "paper": 8},
    )
