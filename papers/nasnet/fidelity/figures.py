"""The ranking of cells in small networks beside that in the large one, as a picture."""

from __future__ import annotations

from collections.abc import Callable

import pandas as pd
from matplotlib.figure import Figure
from scipy.stats import kendalltau

from harness import figures

RANKED = "fidelity/sizes"
PROXIES = {
    "middle_third": "middle network, a third of the training",
    "small": "small network",
    "middle": "middle network, the league's",
    "large": "large network",
}


def ranking(results: pd.DataFrame, curves: pd.DataFrame) -> Figure | None:
    """Draw each proxy's validation accuracy against test accuracy in the large network."""
    budget = figures.deepest(results, RANKED)
    if budget is None:
        return None
    own = results[(results["budget"] == budget) & (results["experiment"] == RANKED)]
    own = own[own["large_test"].notna()]
    figure = Figure(figsize=(15, 4.2), layout="constrained")
    panels = figure.subplots(1, len(PROXIES), sharey=True)
    for axes, (metric, label) in zip(panels, PROXIES.items(), strict=True):
        axes.plot(100 * own[metric], 100 * own["large_test"], "o", alpha=0.5, ms=5)
        tau = kendalltau(own[metric], own["large_test"]).statistic
        axes.set(xlabel="validation accuracy, %", title=f"{label}\ntau = {tau:z.2f}")
    panels[0].set_ylabel("test accuracy in the large network, %")
    figure.suptitle(
        f"{len(own)} cells of two convolutions, budget {budget}; the last panel is what a ranking "
        "can reach: the large network's own validation",
        fontsize=11,
    )
    return figure


FIGURES: dict[str, Callable[[pd.DataFrame, pd.DataFrame], Figure | None]] = {"fidelity": ranking}
