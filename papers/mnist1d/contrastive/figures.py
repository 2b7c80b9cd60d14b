"""This study's figures: accuracy of probes over training, and layer by layer."""

from __future__ import annotations

from collections.abc import Callable

import pandas as pd
import seaborn as sns
from matplotlib.figure import Figure

from harness import figures
from harness.figures import INK

HEADS = {"default": "default head", "none": "no head", "deep": "deep head"}
PRINTED = {  # notebook, default head: epoch -> linear accuracy, 10-NN accuracy, in %; loss
    10: (74.3, 59.9, 3.10),
    20: (75.9, 66.2, 3.02),
    50: (81.1, 71.4, 2.95),
    100: (82.7, 74.7, 2.91),
    200: (82.1, 74.1, 2.88),
}
LAYERS = {  # notebook: linear accuracy from the pixels (0) to the last layer, in %
    "default": (32.8, 75.1, 80.9, 82.1, 76.1, 75.0),
    "none": (32.8, 82.2, 79.5, 53.4),
    "deep": (32.8, 75.9, 82.4, 79.5, 77.3, 72.8, 65.0, 61.1),
}
MEASURED = {
    "linear_accuracy": "linear, on the encoder",
    "knn_accuracy": "10-NN, on the last layer",
    "loss": "loss",
}
ENCODER = 3


def learning(results: pd.DataFrame, curves: pd.DataFrame) -> Figure | None:
    """Draw both probes and the loss of the default head over epochs, beside the notebook's."""
    rows = figures.deepest_rows(curves[curves["experiment"] == "contrastive/default"])
    if rows.empty:
        return None
    budget = rows["budget"].iloc[0]
    rows = rows[rows["turn"] < rows["turn"].max()]  # the last row says the result again
    rows = rows.assign(epoch=rows["turn"] + 1)  # a row is written before its turn counts
    figure = Figure(figsize=(10.5, 4.6), layout="constrained")
    probes, loss = figure.subplots(1, 2)
    for number, (metric, label) in enumerate(MEASURED.items()):
        axes, scale = (loss, 1) if metric == "loss" else (probes, 100)
        style = {"color": sns.color_palette()[number], "ms": 5}
        part = rows[rows["metric"] == metric]
        figures.line(axes, part, "epoch", scale, marker="o", label=label, **style)
        epochs = [epoch for epoch in PRINTED if epoch <= rows["epoch"].max()]
        axes.plot(epochs, [PRINTED[epoch][number] for epoch in epochs], "--x", **style)
    for axes in (probes, loss):
        axes.plot([], [], "--x", color=INK, label="notebook, one run")
        axes.set_xlabel("epochs")
        axes.legend()
    probes.set(ylabel="test accuracy, %", title="probes")
    loss.set(ylabel="InfoNCE, mean of an epoch, nats", title="what is minimised")
    n = int(rows["n"].max())
    figure.suptitle(f"Default head, budget {budget}: mean of {n} seeds, 95 % interval")
    return figure


def layers(results: pd.DataFrame, curves: pd.DataFrame) -> Figure | None:
    """Draw linear accuracy of every layer for the three heads, beside the notebook's."""
    rows = figures.deepest_rows(curves[curves["metric"] == "layer_accuracy"], "contrastive/")
    if rows.empty:
        return None
    budget = rows["budget"].iloc[0]
    heads = [head for head in HEADS if f"contrastive/{head}" in set(rows["experiment"])]
    figure = Figure(figsize=(3.8 * len(heads) + 1, 4.6), layout="constrained")
    panels = figure.subplots(1, len(heads), sharey=True, squeeze=False)[0]
    for axes, head in zip(panels, heads, strict=True):
        part = rows[rows["experiment"] == f"contrastive/{head}"]
        style = {"color": sns.color_palette()[0], "ms": 6}
        figures.line(axes, part, "at", 100, marker="o", label="ours", **style)
        places = range(len(LAYERS[head]))
        axes.plot(places, LAYERS[head], "--x", color=INK, label="notebook, one run")
        axes.axvline(ENCODER, color=INK, lw=1, ls=":", label="end of the encoder")
        axes.set(title=HEADS[head], xlabel="layer (0: pixels)", xticks=places, ylim=(0, 100))
    panels[0].set_ylabel("test accuracy of logistic regression, %")
    panels[-1].legend(loc="lower left", fontsize="small")
    n = int(rows["n"].max())
    figure.suptitle(f"Layer by layer, budget {budget}: mean of {n} seeds, 95 % interval")
    return figure


FIGURES: dict[str, Callable[[pd.DataFrame, pd.DataFrame], Figure | None]] = {
    "contrastive": learning,
    "contrastive-layers": layers,
}
