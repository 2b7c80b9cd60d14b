"""The league's evolutions as pictures: regret on the way, and what a price and noise change."""

from __future__ import annotations

from collections.abc import Callable

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from harness import figures
from papers.cells.league.quartiles import figures as quartiles

METHODS = {  # those whose quartiles are shaded come first
    "league/aging": "aging, population 10, tournaments of 3",
    "swept/random": "random search",
    "league/aging_30_10": "aging, 30 and 10",
    "league/aging_100_25": "aging, 100 and 25",
    "league/nonaging": "non-aging, 10 and 3",
    "swept/nonaging_worst": "non-aging, the worst of all dies",
}
SIZES = {  # population and tournament -> experiments with and without aging
    "10, 3": ("league/aging", "league/nonaging"),
    "30, 10": ("league/aging_30_10", "swept/nonaging_30_10"),
    "100, 25": ("league/aging_100_25", "swept/nonaging_100_25"),
}
OBJECTIVES = {
    "regret": "at most 2 convolutions",
    "plain_regret": "any number",
    "priced_regret": "at a price",
}
PRICES = {  # points a convolution -> experiments of evolution and of random search
    0.3: ("swept/price_0.003", "swept/random_price_0.003"),
    1.0: ("league/aging", "swept/random"),
    3.0: ("swept/price_0.03", "swept/random_price_0.03"),
}


def on_the_way(results: pd.DataFrame, curves: pd.DataFrame) -> Figure | None:
    """Draw median and quartiles of regret against evaluations."""
    return quartiles.on_the_way(curves, METHODS, "Evolution on recorded trainings")


def turning(results: pd.DataFrame, curves: pd.DataFrame) -> Figure | None:
    """Draw what aging gains at each population, and evolution over random search by price."""
    budget = figures.deepest(results, "league/aging")
    if budget is None:
        return None
    done = results[(results["budget"] == budget) & (results["status"] == "completed")]
    figure = Figure(figsize=(13, 4.8), layout="constrained")
    aging, price = figure.subplots(1, 2)
    for number, (metric, label) in enumerate(OBJECTIVES.items()):
        for place, (own, other) in enumerate(SIZES.values()):
            gains = _gains(done, other, own, metric)
            name = "" if place else label
            _gain(aging, place + 0.12 * (number - 1), gains, number, name)
    aging.set_xticks(range(len(SIZES)), list(SIZES))
    aging.set(xlabel="population, tournament", title="regret of non-aging less that of aging")
    figures.legend(aging, fontsize=9)
    for charged, (own, other) in PRICES.items():
        _gain(price, charged, _gains(done, other, own, "priced_regret"), 2)
    price.set(
        xscale="log",
        xlabel="price of a convolution, points",
        title="regret of random search less that of aging evolution",
    )
    price.set_xticks(list(PRICES), [f"{charged:g}" for charged in PRICES])
    price.set_xticks([], minor=True)
    for axes in (aging, price):
        axes.axhline(0, color=figures.INK, lw=1)
        axes.set_ylabel("points, after 200 evaluations")
    figure.suptitle(
        f"what turns a verdict, budget {budget}: means over trials and 95 % intervals", fontsize=11
    )
    return figure


def _gains(done: pd.DataFrame, high: str, low: str, metric: str) -> pd.Series[float]:
    """Return differences in points, seed by seed."""
    if metric not in done:
        return pd.Series(dtype=float)
    one, other = (
        done[done["experiment"] == name].set_index("seed")[metric] for name in (high, low)
    )
    return 100 * (one - other).dropna()


def _gain(axes: Axes, place: float, gains: pd.Series[float], colour: int, label: str = "") -> None:
    """Draw one difference with its interval."""
    if gains.empty:
        return
    mean, (low, high) = float(gains.mean()), figures.interval(gains)
    error = [[mean - low], [high - mean]]
    axes.errorbar(
        place, mean, yerr=error, fmt="o", capsize=4, color=f"C{colour}", label=label or None
    )


FIGURES: dict[str, Callable[[pd.DataFrame, pd.DataFrame], Figure | None]] = {
    "league-evaluations": on_the_way,
    "league-turning": turning,
}
