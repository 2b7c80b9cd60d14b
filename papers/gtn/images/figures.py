"""Curricula on MNIST as pictures: what order is worth, what hours buy, what learners see."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
from matplotlib.figure import Figure

from harness import figures
from papers.gtn.images.study import FAR, LONG

ARMS = {  # of Fig. 1c from the least order to all of it, and what stands beside them
    "none": "fresh noise",
    "all_shuffled": "rows shuffled",
    "batch_shuffled": "batches shuffled",
    "full": "full",
    "fixed": "z never learned",
    "real": "real data",
    "distill": "distilled pixels",
}
ORDERS = {
    "test_accuracy": ("in its own order", "#3b6ea5"),
    "shuffled_accuracy": ("steps shuffled when used", "#d9a441"),
}
KEPT = Path(__file__).parents[1] / "curricula" / "mnist.npz"
SHOWN = 6  # steps of a curriculum that are shown
CLASSES = 10


def curricula(results: pd.DataFrame, curves: pd.DataFrame) -> Figure | None:
    """Draw test accuracy of every arm, in its order and shuffled, a dot a meta-training."""
    own = results[results["experiment"].isin([f"images/{arm}" for arm in ARMS])]
    own = figures.deepest_rows(own[own["status"] == "completed"])
    if own.empty:
        return None
    figure = Figure(figsize=(9, 4.8), layout="constrained")
    axes = figure.subplots()
    for place, arm in enumerate(ARMS):
        rows = own[own["experiment"] == f"images/{arm}"]
        for shift, (metric, (label, colour)) in enumerate(ORDERS.items()):
            values = 100 * rows[metric]
            x = place + 0.24 * (shift - 0.5)
            axes.plot(np.full(len(values), x), values, "o", color=colour, ms=4, alpha=0.7,
                      label=label if place == 0 else None)  # fmt: skip
            if len(values):
                low, high = figures.interval(values)
                axes.vlines(x, low, high, color=colour, lw=6, alpha=0.25)
    axes.set_xticks(range(len(ARMS)), list(ARMS.values()), rotation=20, ha="right")
    axes.set(ylabel="test accuracy, %, after 10 steps of 16")
    figures.legend(axes, fontsize=9, loc="lower right")
    n = int(own.groupby("experiment")["seed"].nunique().max())
    figure.suptitle(f"What order is worth, budget {own['budget'].iloc[0]}, n = {n}", fontsize=11)
    return figure


def hours(results: pd.DataFrame, curves: pd.DataFrame) -> Figure | None:
    """Draw the validation error of the long meta-training against hours of the device."""
    done = results[(results["experiment"] == FAR) & (results["budget"] == "paper")]
    way = curves[(curves["experiment"] == FAR) & (curves["metric"] == "val_accuracy")]
    way = way[way["budget"] == "paper"].sort_values("turn")
    if done.empty or way.empty or not way["turn"].max():
        return None
    spent = float(done["seconds"].mean()) / 3600
    turns = float(done["steps"].iloc[0]) / LONG.inner_steps
    way = way.assign(hours=way["turn"] / turns * spent, mean=1 - way["mean"], metric="val_error")
    n = int(way["n"].max())
    figure = Figure(figsize=(8, 4.6), layout="constrained")
    axes = figure.subplots()
    learners = "one fresh learner" if n == 1 else f"fresh learners, one of each of {n}, and 95 %"
    figures.line(axes, way, "hours", 100, color="#3b6ea5", label=learners)
    middle = 100 * way["mean"].rolling(9, center=True, min_periods=1).median()
    axes.plot(way["hours"], middle, color=figures.INK, label="running median of nine")
    axes.axhline(1.1, color="#a8261c", ls="--", lw=1, label="98.9 %: the paper's number")
    axes.set(xscale="log", yscale="log", xlabel="hours of a meta-training, mean",
             ylabel="validation error, %, after 32 steps", ylim=(0.9, 20))  # fmt: skip
    devices = ", ".join(sorted(done["device"].unique()))
    axes.set_title(f"{turns:.0f} outer steps, n = {n}, {devices}", fontsize=10)
    figures.legend(axes, fontsize=9)
    return figure


def lessons(results: pd.DataFrame, curves: pd.DataFrame) -> Figure | None:
    """Draw what learners see of the kept MNIST curriculum: a row a step, a column a class."""
    if not KEPT.exists():
        return None
    with np.load(KEPT) as stored:
        inputs, targets = stored["inputs"].astype(np.float32), stored["targets"]
    steps = np.linspace(0, len(inputs) - 1, SHOWN).round().astype(int)
    figure = Figure(figsize=(CLASSES * 0.9, SHOWN * 0.95), layout="constrained")
    grid = figure.subplots(SHOWN, CLASSES, squeeze=False)
    for row, step in zip(grid, steps, strict=True):
        labels = targets[step].argmax(-1)
        for digit, axes in enumerate(row):
            found = np.flatnonzero(labels == digit)
            axes.set_xticks([])
            axes.set_yticks([])
            axes.grid(visible=False)
            if len(found):
                axes.imshow(inputs[step, found[0], 0], cmap="gray", vmin=-2, vmax=2)
            if step == steps[0]:
                axes.set_title(str(digit), fontsize=10)
        row[0].set_ylabel(f"step {step + 1}", fontsize=9)
    figure.suptitle("What learners see: the kept curriculum of MNIST", fontsize=11)
    return figure


FIGURES: dict[str, Callable[[pd.DataFrame, pd.DataFrame], Figure | None]] = {
    "curricula": curricula,
    "long": hours,
    "lessons": lessons,
}
