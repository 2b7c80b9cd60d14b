"""What a curriculum teaches step by step, and how meta-training gets there."""

from __future__ import annotations

from collections.abc import Callable

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from harness import figures

ARMS = {
    "full": "full curriculum",
    "fixed": "z never learned",
    "batch_shuffled": "batches shuffled",
    "all_shuffled": "rows shuffled",
    "none": "fresh noise",
    "real": "real data",
    "distill": "distilled pixels",
    "semi": "labels by a classifier",
}


def signals(results: pd.DataFrame, curves: pd.DataFrame) -> Figure | None:
    """Draw the arms on MNIST-1D."""
    return arms(curves, "signals")


def images(results: pd.DataFrame, curves: pd.DataFrame) -> Figure | None:
    """Draw the arms on MNIST."""
    return arms(curves, "images")


def cifar(results: pd.DataFrame, curves: pd.DataFrame) -> Figure | None:
    """Draw the full curriculum on a part of CIFAR-10."""
    return arms(curves, "cifar10_subset")


def arms(curves: pd.DataFrame, study: str) -> Figure | None:
    """Draw accuracy against inner and outer steps, and the learned rates and momenta."""
    own = curves[curves["experiment"].isin([f"{study}/{name}" for name in ARMS])]
    own = figures.deepest_rows(own)
    if own.empty:
        return None
    figure = Figure(figsize=(12, 8), layout="constrained")
    ((inner, outer), (rates, momenta)) = figure.subplots(2, 2)
    placed, turns = own[own["at"].notna()], own[own["at"].isna()]
    for name, label in ARMS.items():
        rows = placed[placed["experiment"] == f"{study}/{name}"]
        _line(inner, rows, "inner_accuracy", "at", label, 100)
        _line(rates, rows, "rate", "at", label)
        _line(momenta, rows, "momentum", "at", label)
        way = turns[turns["experiment"] == f"{study}/{name}"]
        _line(outer, way, "val_accuracy", "turn", label, 100)
    inner.set(xlabel="inner steps taken", ylabel="test accuracy, %", title="fresh learners")
    outer.set(xlabel="outer steps", ylabel="validation accuracy, %", title="meta-training")
    rates.set(xlabel="inner step", ylabel="learned rate", yscale="log")
    momenta.set(xlabel="inner step", ylabel="learned momentum")
    inner.legend(fontsize=8)
    figure.suptitle(f"{study}, {figures.note(own, own['experiment'].iloc[0])}", fontsize=11)
    return figure


def _line(
    axes: Axes, rows: pd.DataFrame, metric: str, x: str, label: str, scale: float = 1.0
) -> None:
    """Draw one metric of an arm, where it was measured."""
    found = rows[rows["metric"] == metric]
    if not found.empty:
        figures.line(axes, found, x, scale, label=label)


FIGURES: dict[str, Callable[[pd.DataFrame, pd.DataFrame], Figure | None]] = {
    "signals": signals,
    "images": images,
    "cifar": cifar,
}
