"""Pictures: arms by split, learning curves, SGD beside one pass, fine-tuning, the league."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pandas as pd
from matplotlib.figure import Figure

from harness import figures
from harness.figures import INK

ARMS = {
    "signals/ghn2": "GHN-2",
    "signals/mlp": "MLP, no messages",
    "signals/no_norm": "GHN-2 without normalisation",
    "signals/no_virtual": "GHN-2 without virtual edges",
    "signals/meta_batch_1": "GHN-2, one network a step",
    "signals/ghn1": "GHN-1",
    "signals/ghn1_evaluations": "GHN-1, as many evaluations",
}
SPLITS = {"id": "in distribution", "wide": "wide", "deep": "deep", "dense": "dense",
          "bnfree": "no batch norm"}  # fmt: skip
GHN2, SGD = "signals/ghn2", "signals/sgd"
AXES = {
    "at": "steps",
    "evaluations": "network evaluations",
    "seconds": "seconds of one core",
}
STARTS = {
    "tuned": "from predicted parameters",
    "orthogonal": "the same, made orthogonal",
    "random": "from random parameters",
}
RANKERS = {
    "tau": "predicted accuracy",
    "property_tau": "regression on embeddings",
    "tau_parameters": "parameter count",
}


def splits(results: pd.DataFrame, curves: pd.DataFrame) -> Figure | None:
    """Draw the accuracy of every arm on every split, with intervals over seeds."""
    own = figures.deepest_rows(results[results["experiment"].isin(list(ARMS))], "signals/")
    there = [split for split in SPLITS if split in own and own[split].notna().any()]
    if own.empty or not there:
        return None
    figure = Figure(figsize=(12, 4.8), layout="constrained")
    axes = figure.subplots()
    names = [name for name in ARMS if name in set(own["experiment"])]
    for place, name in enumerate(names):
        rows = own[own["experiment"] == name]
        for at, split in enumerate(there):
            values = 100 * rows[split].dropna()
            low, high = np.clip(figures.interval(values), 0, 100)  # shares have these ends
            x = at + 0.8 * (place + 0.5) / len(names) - 0.4
            label = "" if at else ARMS[name]
            axes.errorbar(
                x, values.mean(), [[values.mean() - low], [high - values.mean()]],
                fmt="o", ms=5, capsize=2, color=f"C{place}", label=label,
            )  # fmt: skip
    axes.set_xticks(range(len(there)), [SPLITS[split] for split in there])
    axes.axhline(10, color=INK, lw=1, ls=":")
    axes.set(ylabel="accuracy of unseen networks, %")
    figure.legend(loc="outside lower center", fontsize=9, ncols=4)
    axes.set_title(f"means over networks, 95 % over seeds; budget {own['budget'].iloc[0]}")
    return figure


def learning(results: pd.DataFrame, curves: pd.DataFrame) -> Figure | None:
    """Draw validation accuracy against steps, network evaluations and seconds."""
    own = curves[curves["experiment"].isin(list(ARMS)) & curves["at"].notna()]
    own = figures.deepest_rows(own, "signals/")
    if own.empty or "val" not in set(own["metric"]):
        return None
    figure = Figure(figsize=(14, 4.6), layout="constrained")
    panels = figure.subplots(1, len(AXES), sharey=True)
    for axes, (axis, label) in zip(panels, AXES.items(), strict=True):
        for place, name in enumerate(ARMS):
            rows = along(own[own["experiment"] == name], axis, results)
            if not rows.empty:
                figures.line(axes, rows, axis, 100, label=ARMS[name], color=f"C{place}")
        axes.set_xlabel(label)
    panels[0].set_ylabel("accuracy of validation networks, %")
    handles, labels = panels[0].get_legend_handles_labels()
    figure.legend(handles, labels, loc="outside lower center", fontsize=9, ncols=4)
    return figure


def along(rows: pd.DataFrame, axis: str, results: pd.DataFrame) -> pd.DataFrame:
    """Return an arm's validation curve with a column of the axis that it is drawn against.

    Steps of an arm take the same time in the mean, so that seconds go evenly to the trial's end.
    """
    val = rows[rows["metric"] == "val"].sort_values("at")
    if val.empty or axis == "at":
        return val
    if axis == "evaluations":
        told = rows[rows["metric"] == axis].set_index("at")["mean"]
        return val.assign(evaluations=val["at"].map(told))
    same = (results["experiment"] == val["experiment"].iloc[0]) & (
        results["budget"] == val["budget"].iloc[0]
    )
    whole = results.loc[same, "seconds"].mean()
    return val.assign(seconds=whole * val["at"] / val["at"].max())


def descent(results: pd.DataFrame, curves: pd.DataFrame) -> Figure | None:
    """Draw SGD's curve from random parameters, and at which step it reaches one pass of GHN-2."""
    rows = figures.settled(curves, SGD, "id")
    if rows.empty:
        return None
    figure = Figure(figsize=(7.5, 4.6), layout="constrained")
    axes = figure.subplots()
    figures.line(axes, rows, "at", 100, label="SGD from random parameters", marker="o", ms=4)
    budget = figures.deepest(curves, SGD)
    for name in ("signals/ghn2", "signals/mlp", "signals/ghn1"):
        own = results[(results["experiment"] == name) & (results["budget"] == budget)]
        if own.empty:
            continue
        level = float(own["id"].mean())
        step = reached(rows["at"].to_numpy(float), rows["mean"].to_numpy(float), level)
        equals = "" if step is None else f": {step:.0f} steps"
        axes.axhline(100 * level, ls="--", lw=1, color=INK)
        axes.annotate(f"{ARMS[name]}, no step{equals}", (0, 100 * level), fontsize=9, va="bottom")
    axes.set(xscale="symlog", xlabel="SGD steps of 64", ylabel="accuracy, %", xlim=(0, None))
    axes.set_xticks(rows["at"], [f"{step:.0f}" for step in rows["at"]])
    axes.set_title(figures.note(curves, SGD))
    figures.legend(axes, fontsize=9)
    return figure


def reached(steps: np.ndarray, means: np.ndarray, level: float) -> float | None:
    """Return at which step a curve first reaches a level, on a straight line; None if never."""
    above = np.flatnonzero(means >= level)
    if not len(above):
        return None
    last = int(above[0])
    if last == 0:
        return float(steps[0])
    share = (level - means[last - 1]) / (means[last] - means[last - 1])
    return float(steps[last - 1] + share * (steps[last] - steps[last - 1]))


def normless(results: pd.DataFrame, curves: pd.DataFrame) -> Figure | None:
    """Draw networks without batch norm with and without normalised parameters, seed by seed."""
    pair = {GHN2: "normalised parameters", "signals/no_norm": "raw parameters",
            "signals/mlp": "MLP, normalised", "signals/ghn1": "GHN-1, raw"}  # fmt: skip
    own = figures.deepest_rows(results[results["experiment"].isin(list(pair))], "signals/")
    if own.empty or "bnfree" not in own:
        return None
    figure = Figure(figsize=(7.5, 4.2), layout="constrained")
    axes = figure.subplots()
    for place, (name, label) in enumerate(pair.items()):
        values = 100 * own.loc[own["experiment"] == name, "bnfree"].dropna()
        axes.plot(values, [place] * len(values), "o", alpha=0.7, color=f"C{place}", label=label)
    axes.axvline(10, color=INK, lw=1, ls=":")
    axes.set_yticks(range(len(pair)), list(pair.values()))
    axes.set(xlabel="accuracy of networks without batch norm, % (a point is a seed)")
    return figure


def tuning(results: pd.DataFrame, curves: pd.DataFrame) -> Figure | None:
    """Draw accuracy against SGD steps from each start, and where the random one is ahead."""
    own = figures.deepest_rows(results[results["experiment"] == GHN2], GHN2)
    names = [str(name) for name in own]
    steps = sorted(int(n.removeprefix("tuned_")) for n in names if n.startswith("tuned_"))
    steps = [step for step in steps if own[f"tuned_{step}"].notna().any()]
    if own.empty or not steps:
        return None
    figure = Figure(figsize=(7.5, 4.6), layout="constrained")
    axes = figure.subplots()
    for start, label in STARTS.items():
        means = [100 * own[f"{start}_{step}"].mean() for step in steps]
        axes.plot(steps, means, "o-", ms=4, label=label)
    ahead = own["overtaken"].mean()
    axes.axvline(ahead, color=INK, lw=1, ls=":")
    axes.set(xscale="symlog", xlabel="SGD steps of 64", ylabel="accuracy, %", xlim=(-0.1, None))
    axes.set_xticks(steps, [str(step) for step in steps])
    axes.set_title(f"random parameters are ahead from step {ahead:.0f}; n = {len(own)}")
    figures.legend(axes, fontsize=9)
    return figure


def ranking(results: pd.DataFrame, curves: pd.DataFrame) -> Figure | None:
    """Draw how each score ranks the league's cells, in both tasks."""
    own = figures.deepest_rows(results[results["experiment"] == "league/ghn2"], "league/")
    if own.empty:
        return None
    figure = Figure(figsize=(9, 4.2), layout="constrained")
    panels = figure.subplots(1, 2, sharey=True)
    tasks = {"": "any number of convolutions", "capped_": "at most 2 convolutions"}
    for axes, (prefix, title) in zip(panels, tasks.items(), strict=True):
        for place, metric in enumerate(RANKERS):
            values = own[f"{prefix}{metric}"].dropna()
            axes.bar(place, values.mean(), color=f"C{place}", alpha=0.5)
            axes.plot([place] * len(values), values, "o", color=f"C{place}", ms=4)
        axes.set_xticks(range(len(RANKERS)), list(RANKERS.values()), fontsize=8)
        axes.set_title(title)
    panels[0].set_ylabel("Kendall's tau with true accuracy")
    return figure


FIGURES: dict[str, Callable[[pd.DataFrame, pd.DataFrame], Figure | None]] = {
    "signals-splits": splits,
    "signals-learning": learning,
    "signals-sgd": descent,
    "signals-bnfree": normless,
    "signals-tuning": tuning,
    "league-ranking": ranking,
}
