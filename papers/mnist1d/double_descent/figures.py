"""Error and loss against width: MLP, CNN, and the thresholds of two losses."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from harness import figures
from harness.figures import INK, note, settled

CLEAN, NOISY = "#3b6ea5", "#c4622d"
STUDY = "double_descent"
TICKS = (2, 5, 10, 20, 50, 100, 300)
TRAIN_ROWS = 4000  # training rows, n; the classes are K = 10
PUBLISHED = {  # the authors' 2024 notebook: test error in % at each width
    "mlp/clean": {
        2: 68.5, 4: 58.3, 9: 49.3, 12: 50.1, 16: 44.6, 21: 42.6, 27: 41.0, 36: 41.7, 47: 41.0,
        61: 41.2, 80: 39.6, 104: 38.6, 177: 38.1, 300: 37.3,
    },
    "mlp/noisy": {
        2: 69.6, 4: 62.6, 9: 49.0, 12: 50.3, 16: 47.2, 21: 50.8, 27: 50.7, 36: 52.8, 47: 54.1,
        61: 54.0, 80: 52.1, 104: 50.2, 177: 47.9, 300: 45.5,
    },
    "cnn/noisy": {
        2: 61.2, 4: 35.8, 6: 23.9, 8: 22.0, 10: 19.6, 12: 23.7, 14: 27.7, 16: 27.3, 18: 33.8,
        20: 32.5, 22: 31.3, 24: 32.0, 30: 29.8, 50: 28.7, 70: 28.8, 100: 27.7,
    },
}  # fmt: skip
LOSSES = {  # likewise
    "mlp/clean": {9: 1.31, 47: 4.42, 300: 2.34},
    "mlp/noisy": {16: 1.32, 61: 5.79, 300: 2.63},
}
LABELS = {
    "mlp/clean": ("clean labels", CLEAN),
    "mlp/noisy": ("15 % noisy labels", NOISY),
    "cnn/noisy": ("15 % noisy labels", NOISY),
}
THRESHOLDS = {
    "mlp/clean": ("likelihood, clean", CLEAN, "-"),
    "mlp/noisy": ("likelihood, noisy", NOISY, "-"),
    "mse/clean": ("squared error, clean", CLEAN, "--"),
    "mse/noisy": ("squared error, noisy", NOISY, "--"),
}


def descent(results: pd.DataFrame, curves: pd.DataFrame) -> Figure | None:
    """Draw test and train error against width, MLP and CNN, and the MLP's test loss."""
    known = set(curves.loc[curves["at"].notna(), "experiment"])
    mlps = [name for name in ("mlp/clean", "mlp/noisy") if f"{STUDY}/{name}" in known]
    cnns = [name for name in ("cnn/noisy",) if f"{STUDY}/{name}" in known]
    if not mlps:
        return None
    figure = Figure(figsize=(15 if cnns else 10.5, 5.8), layout="constrained")
    panels = figure.subplots(1, 3 if cnns else 2)
    _errors(panels[0], curves, results, mlps)
    panels[0].set(xlabel="hidden units per layer", ylabel="error, %: test (solid), train (dotted)")
    for name in mlps:
        label, colour = LABELS[name]
        rows = settled(curves, f"{STUDY}/{name}", "test_loss")
        figures.line(panels[1], rows, "at", label=label, color=colour, marker="o", ms=4)
        _published(panels[1], LOSSES[name], colour, ls="")
    panels[1].set(
        xlabel="hidden units per layer", ylabel="test cross-entropy, nats", ylim=(0, None)
    )
    panels[1].set_title(f"MLP loss ({note(curves, f'{STUDY}/{mlps[-1]}')})", fontsize=11)
    _capacity(panels[1], 1, 52)
    if cnns:
        _errors(panels[2], curves, results, cnns)
        panels[2].set(xlabel="channels per convolution", ylabel="error, %")
        _capacity(panels[2], 6, 58)
    _capacity(panels[0], 1, 52)
    for axes in panels:
        axes.set_xscale("log")
        axes.set_xticks(TICKS, [str(tick) for tick in TICKS])
        axes.minorticks_off()
        axes.legend(fontsize=8.5, loc="upper center", bbox_to_anchor=(0.5, -0.13), ncols=2)
    panels[-1].set_xlim(1.8, 110 if cnns else 330)
    return figure


def thresholds(results: pd.DataFrame, curves: pd.DataFrame) -> Figure | None:
    """Draw train error against the number of parameters, likelihood beside squared error."""
    known = set(curves.loc[curves["at"].notna(), "experiment"])
    names = [name for name in THRESHOLDS if f"{STUDY}/{name}" in known]
    if not any(name.startswith("mse/") for name in names):
        return None
    figure = Figure(figsize=(10.5, 4.8), layout="constrained")
    panels = figure.subplots(1, 2, sharex=True)
    for name in names:
        label, colour, line = THRESHOLDS[name]
        style = {"label": label, "color": colour, "ls": line, "marker": "o", "ms": 4}
        for axes, metric in zip(panels, ("train_error", "test_error"), strict=True):
            rows = settled(curves, f"{STUDY}/{name}", metric)
            rows = rows.assign(size=rows["at"] ** 2 + 52 * rows["at"] + 10)
            figures.line(axes, rows, "size", 100, **style)
    for axes, what in zip(panels, ("train", "test"), strict=True):
        for size, text in ((TRAIN_ROWS, "n rows"), (10 * TRAIN_ROWS, "n rows x 10\n classes")):
            axes.axvline(size, color=INK, lw=1, ls=":")
            axes.text(
                size, 0.99, f" {text}", transform=axes.get_xaxis_transform(), va="top", fontsize=9
            )
        axes.set(xscale="log", xlabel="parameters of the MLP", ylabel=f"{what} error, %")
        axes.set_ylim(0, None)
    panels[0].set_title(note(curves, f"{STUDY}/{names[-1]}"), fontsize=11)
    panels[0].legend(fontsize=9, loc="lower left")
    return figure


def _errors(axes: Axes, curves: pd.DataFrame, results: pd.DataFrame, names: list[str]) -> None:
    """Draw test and train error of some experiments, and where they fit their labels."""
    for name in names:
        experiment, (label, colour) = f"{STUDY}/{name}", LABELS[name]
        test = settled(curves, experiment, "test_error")
        figures.line(axes, test, "at", 100, label=label, color=colour, marker="o", ms=4)
        train = settled(curves, experiment, "train_error")
        figures.line(axes, train, "at", 100, color=colour, ls=":")
        _published(axes, PUBLISHED[name], colour)
        own = figures.deepest_rows(results[results["experiment"] == experiment])
        fitted = own[own["interpolated"] == 1]["interpolation_width"]
        if len(fitted):
            label = "first fitted: train error < 0.5 %"
            axes.axvline(fitted.median(), color=colour, lw=1.2, alpha=0.7, label=label)
    kind = names[0].split("/")[0].upper()
    axes.set_title(f"{kind} ({note(curves, f'{STUDY}/{names[-1]}')})", fontsize=11)
    axes.set_ylim(0, None)


def _published(axes: Axes, points: dict[int, float], colour: str, ls: str = "--") -> None:
    style: dict[str, Any] = {"color": colour, "ls": ls, "lw": 1.2, "marker": "x", "ms": 6}
    labelled = axes.get_legend_handles_labels()[1]
    label = None if "notebook, one run" in labelled else "notebook, one run"
    axes.plot(list(points), list(points.values()), label=label, **style)


def _capacity(axes: Axes, square: int, linear: int) -> None:
    """Mark the width at which the model has as many parameters as there are training rows."""
    width = (math.sqrt(linear**2 + 4 * square * (TRAIN_ROWS - 10)) - linear) / (2 * square)
    axes.axvline(width, color=INK, lw=1, ls=":", label="parameters = training rows")


FIGURES: dict[str, Callable[[pd.DataFrame, pd.DataFrame], Figure | None]] = {
    "double-descent": descent,
    "double-descent-thresholds": thresholds,
}
