"""Plain random search in the league as a declaration: what a search has to beat at its cost."""

from collections.abc import Mapping

from harness.paper import Experiment, Phase
from papers.cells.task import CHILD_STEPS, LEAGUE


def random_search(
    config: object, reduced: Mapping[str, Mapping[str, object]], seeds: Mapping[str, int]
) -> Experiment:
    """Declare it, by a paper's own `league/random_search.py`: it knows the cost of its search."""
    return Experiment(
        "league/random",
        LEAGUE,
        config,
        run="league.random_search:run",
        phases={"search": Phase("evaluations", cost=CHILD_STEPS)},
        replicates="searches",
        independent=True,
        reduced=reduced,
        expected={"check": 2, "smoke": 3, "nightly": 4, "paper": 8},
        seeds=seeds,
    )
