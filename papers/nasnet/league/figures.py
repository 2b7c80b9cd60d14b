"""Reinforcement learning in the league as pictures: on the way, by rate, and against ENAS."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from harness import figures
from harness.figures import INK
from papers.cells.league.quartiles import figures as quartiles

METHODS = {  # those whose quartiles are shaded come first
    "league/tabular": "tabular policy, REINFORCE, rate .01",
    "league/lstm_ppo": "LSTM, PPO",
    "league/lstm": "LSTM, REINFORCE",
    "swept/rate_0.1": "tabular policy, rate .1",
}
RATES = {  # of the tabular policy -> experiment
    0.003: "swept/rate_0.003",
    0.01: "league/tabular",
    0.03: "swept/rate_0.03",
    0.1: "swept/rate_0.1",
    0.3: "swept/rate_0.3",
}
BREAK_EVEN = {rate: f"break_even/rate_{rate:g}" for rate in RATES}
TASKS = {"": "at most 2 convolutions", "plain_": "any number", "priced_": "at a price"}
LOOKS = (20, 50, 200)
KINDS = {"steps_log10": "child steps", "flops_log10": "FLOPs"}


def on_the_way(results: pd.DataFrame, curves: pd.DataFrame) -> Figure | None:
    """Draw median and quartiles of regret against evaluations."""
    return quartiles.on_the_way(curves, METHODS, "Reinforcement learning on recorded trainings")


def rates(results: pd.DataFrame, curves: pd.DataFrame) -> Figure | None:
    """Draw mean regret after some evaluations against the tabular policy's rate."""
    done = _done(results, "league/tabular")
    if done is None:
        return None
    figure = Figure(figsize=(14, 4.6), layout="constrained")
    panels = figure.subplots(1, len(TASKS), sharey=True)
    for axes, (key, name) in zip(panels, TASKS.items(), strict=True):
        for look in LOOKS:
            label = f"after {look} evaluations"
            _by_rate(axes, done, RATES, f"{key}regret_{look}", "", label, lambda v: 100 * v)
        axes.set(xscale="log", xlabel="rate of Adam", title=name, ylim=(0, None))
    panels[0].set_ylabel("mean true regret, points")
    figures.legend(panels[0], fontsize=9)
    _title(figure, done, "tabular policy by its rate: means over trials and 95 % intervals")
    return figure


def break_even(results: pd.DataFrame, curves: pd.DataFrame) -> Figure | None:
    """Draw what ENAS's quality costs by rate, and how many children each regret takes."""
    done = _done(results, "break_even/")
    if done is None:
        return None
    figure = Figure(figsize=(15, 5), layout="constrained")
    panels = figure.subplots(1, 3)
    for key, name in list(TASKS.items())[:2]:
        for metric, what in KINDS.items():
            _by_rate(
                panels[0],
                done,
                BREAK_EVEN,
                key + metric,
                f"{key}{metric}_enas",
                f"{what}, {name}",
                lambda v: 10.0**v,
            )
    for line, style in ((1, "-"), (10, "--")):
        panels[0].axhline(line, ls=style, color=INK, lw=1)
    panels[0].set(
        xscale="log",
        yscale="log",
        xlabel="rate of Adam",
        title="times what a search of ENAS takes\n(dashed: as claimed)",
    )
    figures.legend(panels[0], fontsize=8)
    budget = done["budget"].iloc[0]
    for axes, (key, name) in zip(panels[1:], list(TASKS.items())[:2], strict=True):
        _levels(axes, curves[curves["budget"] == budget], key)
        reached = 100 * done[f"{key}level"].dropna()
        axes.axvspan(reached.min(), reached.max(), color=INK, alpha=0.1, lw=0)
        axes.axvline(reached.mean(), ls="--", color=INK, lw=1)
        axes.set(
            xlabel="regret to be reached, points (grey: ENAS's searches)",
            title=f"children of a search, {name}",
            xscale="log",
            yscale="log",
        )
        figures.legend(axes, fontsize=8)
    _title(figure, done, "RL with trained children against ENAS: geometric means, 95 % intervals")
    return figure


def _done(results: pd.DataFrame, prefix: str) -> pd.DataFrame | None:
    """Return completed rows of the deepest budget of an experiment; None where there is none."""
    budget = figures.deepest(results, prefix)
    if budget is None:
        return None
    return results[(results["budget"] == budget) & (results["status"] == "completed")]


def _by_rate(
    axes: Axes,
    done: pd.DataFrame,
    experiments: dict[float, str],
    metric: str,
    less: str,
    label: str,
    scale: Callable[[float], float],
) -> None:
    """Draw a metric, less another one, of each rate: mean and interval."""
    places, ends = list[float](), list[tuple[float, ...]]()  # mean and interval of each
    for rate, experiment in experiments.items():
        own = done[done["experiment"] == experiment]
        if metric not in own or own[metric].isna().all():
            continue
        values = own[metric] - (own[less] if less else 0.0)
        low, high = figures.interval(values)
        places.append(rate)
        ends.append(tuple(scale(float(value)) for value in (values.mean(), low, high)))
    if places:
        means, lows, highs = np.array(ends).T
        bars = np.maximum([means - lows, highs - means], 0)
        axes.errorbar(places, means, yerr=bars, fmt="o-", capsize=3, label=label)


def _levels(axes: Axes, curves: pd.DataFrame, key: str) -> None:
    """Draw children against the regret that they reach, a line for each rate.

    Rows of levels have FLOPs; the last row of a search has its own place on the axis.
    """
    for rate, experiment in BREAK_EVEN.items():
        own = curves[(curves["experiment"] == experiment) & curves["at"].notna()]
        levels = own.loc[own["metric"] == f"{key}gflops", "at"]
        line = own[(own["metric"] == f"{key}children") & own["at"].isin(levels)]
        if len(line):
            line = line.sort_values("at")
            axes.plot(line["at"], line["mean"], "o-", ms=4, label=f"rate {rate:g}")


def _title(figure: Figure, done: pd.DataFrame, what: str) -> None:
    figure.suptitle(f"{what}, budget {done['budget'].iloc[0]}", fontsize=11)


FIGURES: dict[str, Callable[[pd.DataFrame, pd.DataFrame], Figure | None]] = {
    "league-evaluations": on_the_way,
    "league-rates": rates,
    "league-break-even": break_even,
}
