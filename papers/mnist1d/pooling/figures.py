"""Test accuracy against the size of the training set, for every kind of pooling."""

from __future__ import annotations

from collections.abc import Callable

import pandas as pd
import seaborn as sns
from matplotlib.figure import Figure

from harness import figures
from harness.figures import INK, note, settled

SIZES = (1000, 2000, 5000, 10_000, 20_000, 50_000)
PUBLISHED = {  # the authors' notebook, at the last step of one run: test accuracy in %
    "none": (59.2, 82.0, 91.9, 94.3, 94.4, 96.3),
    "stride": (57.4, 81.7, 89.9, 91.3, 92.2, 95.4),
    "max": (78.2, 89.2, 94.5, 97.0, 96.8, 98.1),
    "average": (78.0, 90.0, 94.0, 96.0, 96.2, 97.3),
    "l2": (77.2, 89.9, 95.3, 96.6, 97.8, 97.1),
}
LABELS = {"none": "none", "stride": "stride 2", "max": "max", "average": "average", "l2": "L2"}


def pooling(results: pd.DataFrame, curves: pd.DataFrame) -> Figure | None:
    """Draw accuracy, and what each kind gains over none, against training rows."""
    known = set(curves.loc[curves["at"].notna(), "experiment"])
    kinds = [kind for kind in LABELS if f"pooling/{kind}" in known]
    if "none" not in kinds:
        return None
    figure = Figure(figsize=(11, 4.8), layout="constrained")
    accuracy, gain = figure.subplots(1, 2)
    colours = dict(zip(LABELS, sns.color_palette(), strict=False))
    for kind in kinds:
        rows = settled(curves, f"pooling/{kind}", "test_accuracy")
        style = {"color": colours[kind], "marker": "o", "ms": 5}
        figures.line(accuracy, rows, "at", 100, label=LABELS[kind], **style)
        dashed = {"color": colours[kind], "ls": "--", "lw": 1, "marker": "x", "ms": 5}
        accuracy.plot(SIZES, PUBLISHED[kind], alpha=0.7, **dashed)
        if kind != "none":
            figures.line(gain, _gain(results, kind), "at", 100, label=LABELS[kind], **style)
            pairs = zip(PUBLISHED[kind], PUBLISHED["none"], strict=True)
            gain.plot(SIZES, [own - none for own, none in pairs], alpha=0.7, **dashed)
    accuracy.plot([], [], "--x", color=INK, lw=1, label="notebook, one run")
    accuracy.set(xlabel="training rows", ylabel="test accuracy, %")
    accuracy.set_title(f"MNIST-1D pooling ({note(curves, 'pooling/none')})", fontsize=11)
    accuracy.legend(fontsize=9)
    gain.axhline(0, color=INK, lw=1)
    gain.set(xlabel="training rows", ylabel="accuracy less that without pooling, points")
    gain.set_title("the same members, kind less none; bands: 95 % intervals", fontsize=11)
    for axes in (accuracy, gain):
        axes.set_xscale("log")
        axes.set_xticks(SIZES, [f"{size:,}" for size in SIZES], fontsize=9)
        axes.minorticks_off()
    return figure


def _gain(results: pd.DataFrame, kind: str) -> pd.DataFrame:
    """Return mean, sd and n of accuracy less that without pooling, replicate by replicate."""
    all_kinds = figures.deepest_rows(results, "pooling/")
    own, none = (
        all_kinds[all_kinds["experiment"] == f"pooling/{name}"] for name in (kind, "none")
    )
    pairs = own.merge(none, on=["seed", "member"], suffixes=("", "_none"))
    rows = []
    for size in SIZES:
        if f"accuracy_{size}" in pairs:
            gain = (pairs[f"accuracy_{size}"] - pairs[f"accuracy_{size}_none"]).dropna()
            rows.append({"at": size, "mean": gain.mean(), "sd": gain.std(), "n": len(gain)})
    return pd.DataFrame(rows).query("n > 0")


FIGURES: dict[str, Callable[[pd.DataFrame, pd.DataFrame], Figure | None]] = {"pooling": pooling}
