"""The learned activation function: its shape, its meta-loss, what it reaches, and its transfer."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pandas as pd
import seaborn as sns
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from harness import figures
from harness.figures import INK

LEARNED = {
    "meta_activation/learned": "learned, one init (authors' code)",
    "meta_activation/learned/resampled": "learned, new inits (paper's text)",
}
SHORT = {"learned": "learned", "learned/resampled": "learned,\nnew inits", "fixed/relu": "ReLU",
         "fixed/elu": "ELU", "fixed/swish": "Swish", "fixed/tanh": "tanh"}  # fmt: skip
PRINTED_LOSS = {0: 1.352, 2: 1.284, 5: 1.170, 10: 1.033, 20: 0.987, 100: 0.944, 200: 0.910,
                300: 0.884}  # fmt: skip
PRINTED_ACCURACY = {0: 48.6, 5: 59.2, 20: 64.0, 100: 65.6, 275: 67.1}
PRINTED_BARS = {"learned": 67.1, "fixed/relu": 59, "fixed/elu": 50.8, "fixed/swish": 58,
                "fixed/tanh": 50.6}  # fmt: skip
PIECES = (  # the authors' piecewise-linear fit: up to x, slope, intercept
    (-2, 0.15, 0.9), (-1, -0.25, 0.1), (-0.25, -1.2, -0.85), (0.1, -0.5, -0.75),
    (0.6, 0.2, -0.85), (np.inf, 1.2, -1.4),
)  # fmt: skip


def shape(results: pd.DataFrame, curves: pd.DataFrame) -> Figure | None:
    """Draw the learned functions beside well-known ones and the authors' own fit."""
    rows = _learned(curves[curves["metric"] == "phi"])
    if rows.empty:
        return None
    budget = rows["budget"].iloc[0]
    figure = Figure(figsize=(8.5, 5), layout="constrained")
    axes = figure.subplots()
    x = np.linspace(-5, 5, 401)
    known = {"ELU": np.where(x > 0, x, np.expm1(np.minimum(x, 0))), "ReLU": np.maximum(x, 0),
             "Swish": x / (1 + np.exp(-x)), "tanh": np.tanh(x)}  # fmt: skip
    for (name, values), dash in zip(known.items(), ("-", ":", "-.", (0, (5, 1))), strict=True):
        axes.plot(x, values, color="#8a8f99", lw=1.2, ls=dash, label=name)
    for (name, label), colour in zip(LEARNED.items(), sns.color_palette(), strict=False):
        part = rows[rows["experiment"] == name]
        if not part.empty:
            figures.line(axes, part, "at", label=label, color=colour, lw=2)
    fit = "authors' piecewise-linear fit"
    axes.plot(x, [_piece(value) for value in x], "--", color=INK, lw=1.3, label=fit)
    axes.set(xlabel="input x", ylabel="activation", xlim=(-5, 5), ylim=(-2.5, 5))
    axes.legend(loc="upper left", bbox_to_anchor=(1, 1), frameon=False, fontsize="small")
    n = int(rows["n"].max())
    axes.set_title(f"Learned activation, budget {budget}: mean of {n}, 95 % intervals")
    return figure


def learning(results: pd.DataFrame, curves: pd.DataFrame) -> Figure | None:
    """Draw meta-loss and test accuracy over outer steps beside the published values."""
    metrics = {"meta_loss": 1.0, "inner_test_accuracy": 100.0}
    rows = _learned(curves[curves["at"].isna()])
    if rows.empty:
        return None
    budget = rows["budget"].iloc[0]
    # results repeat both metrics at the turn where the second phase ends: no outer step of theirs
    end = rows.loc[rows["metric"] == "test_accuracy", "turn"].max()
    rows = rows[rows["metric"].isin(metrics) & (rows["turn"] != end)]
    figure = Figure(figsize=(11.5, 4.4), layout="constrained")
    panels = figure.subplots(1, 2)
    last = max(1, int(rows["turn"].max()))
    printed = (PRINTED_LOSS, PRINTED_ACCURACY)
    labels = ("meta-loss, nats", "accuracy, first 500 test rows, %")
    for axes, (metric, scale), numbers, label in zip(
        panels, metrics.items(), printed, labels, strict=True
    ):
        _over_steps(axes, rows[rows["metric"] == metric], scale)
        shown = {step: value for step, value in numbers.items() if step <= last}
        axes.plot(list(shown), list(shown.values()), "o--", color=INK, lw=1, ms=4,
                  label="authors' notebook, one run")  # fmt: skip
        axes.set(xlabel="outer step", ylabel=label)
    panels[0].legend(fontsize="small")
    n = int(rows["n"].max())
    figure.suptitle(f"Learning an activation, budget {budget}: mean of {n}, 95 % intervals")
    return figure


def bars(results: pd.DataFrame, curves: pd.DataFrame) -> Figure | None:
    """Draw test accuracy on new networks, learned and fixed, beside the published values."""
    names = [f"meta_activation/{name}" for name in SHORT]
    rows = figures.deepest_rows(results[results["experiment"].isin(names)])
    if rows.empty:
        return None
    budget = rows["budget"].iloc[0]
    ids = rows["experiment"].str.removeprefix("meta_activation/")
    shown = [name for name in SHORT if name in set(ids)]
    data = pd.DataFrame(
        {"activation": [SHORT[name] for name in ids],
         "accuracy": 100 * rows["test_accuracy"].to_numpy(dtype=float)}
    )  # fmt: skip
    figure = Figure(figsize=(8.5, 4.4), layout="constrained")
    axes = figure.subplots()
    order = [SHORT[name] for name in shown]
    sns.barplot(data, x="activation", y="accuracy", order=order, color="#3b6ea5",
                errorbar=figures.interval, capsize=0.2, err_kws={"lw": 1.3}, ax=axes)  # fmt: skip
    label: str | None = "authors' notebook and figure, one run each"
    for place, name in enumerate(shown):
        if name in PRINTED_BARS:
            height = PRINTED_BARS[name]
            axes.plot((place - 0.4, place + 0.4), (height, height), "--", color=INK, label=label)
            label = None
    n = int(data.groupby("activation").size().max())
    axes.set(xlabel="", ylabel="accuracy on new networks,\nfirst 500 test rows, %")
    axes.set_ylim(0, 80)
    axes.set_title(f"Activation functions, budget {budget}: mean of {n}, 95 % intervals")
    if label is None:  # a published value was drawn
        axes.legend(loc="upper right")
    return figure


def transfer(results: pd.DataFrame, curves: pd.DataFrame) -> Figure | None:
    """Draw training loss of the CNN on images, learned and fixed functions."""
    prefix = "meta_activation/transfer/"
    rows = curves[curves["experiment"].str.startswith(prefix) & curves["turn"].gt(0)]
    rows = rows[rows["metric"].isin([f"{name}_loss" for name in _transferred()])]
    rows = figures.deepest_rows(rows[rows["budget"] != "check"])
    if rows.empty:
        return None
    budget = rows["budget"].iloc[0]
    found = sorted(set(rows["experiment"]), reverse=True)
    figure = Figure(figsize=(5.6 * len(found), 4.4), layout="constrained")
    panels = figure.subplots(1, len(found), squeeze=False)[0]
    for axes, experiment in zip(panels, found, strict=True):
        part = rows[rows["experiment"] == experiment]
        for (name, label), colour in zip(
            _transferred().items(), sns.color_palette(), strict=False
        ):
            own = part[part["metric"] == f"{name}_loss"]
            if not own.empty:
                width = 2.2 if name == "learned" else 1.2
                figures.line(axes, own, "turn", label=label, color=colour, lw=width)
        axes.set(xlabel="Adam steps", title=experiment.removeprefix(prefix))
    panels[0].set_ylabel("training loss, mean of 50 steps, nats")
    panels[-1].legend(loc="upper left", bbox_to_anchor=(1, 1), frameon=False)
    n = int(rows["n"].max())
    spread = f"mean of {n}, 95 % intervals" if n > 1 else "one trial"
    figure.suptitle(f"Transfer to images, budget {budget}: {spread}")
    return figure


def _transferred() -> dict[str, str]:
    fixed = {name.removeprefix("fixed/"): label for name, label in SHORT.items() if "/" in name}
    return {"learned": "learned", **{k: v for k, v in fixed.items() if "learned" not in k}}


def _learned(curves: pd.DataFrame) -> pd.DataFrame:
    """Return the learned functions' rows of the deepest budget."""
    return figures.deepest_rows(curves[curves["experiment"].isin(LEARNED)])


def _over_steps(axes: Axes, rows: pd.DataFrame, scale: float) -> None:
    """Draw both ways to learn."""
    for (name, label), colour in zip(LEARNED.items(), sns.color_palette(), strict=False):
        own = rows[rows["experiment"] == name]
        if not own.empty:
            figures.line(axes, own, "turn", scale, label=label, color=colour)


def _piece(x: float) -> float:
    slope, intercept = next((s, i) for end, s, i in PIECES if x < end)
    return float(slope * x + intercept)


FIGURES: dict[str, Callable[[pd.DataFrame, pd.DataFrame], Figure | None]] = {
    "activation-shape": shape,
    "activation-learning": learning,
    "activation-accuracy": bars,
    "activation-transfer": transfer,
}
