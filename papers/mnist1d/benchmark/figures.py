"""This paper's own figures: the benchmark table as a picture, and its learning curves."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import pandas as pd
import seaborn as sns
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from harness import figures, statistics
from harness.figures import INK

MODELS = {"logistic": "logistic", "mlp": "MLP", "cnn": "CNN", "gru": "GRU"}
FLAT = {
    "knn": "10-NN",
    "linear_svm": "linear\nSVM",
    "rbf_svm": "RBF\nSVM",
    "random_forest": "forest",
}
PRINTED = {  # Fig. 2 (10-NN: building notebook): ordered, shuffled, in %
    "logistic": (32, 32),
    "mlp": (68, 68),
    "cnn": (94, 56),
    "gru": (91, 57),
    "human": (96, None),
    "knn": (59.6, None),
}
ORDERED, SHUFFLED = "in order", "shuffled (B)"
GROUPS = {  # experiments by the order of the positions
    "benchmark": "in order",
    "benchmark/shuffled_a": "shuffled,\norder A",
    "benchmark/shuffled_b": "shuffled,\norder B",
    "benchmark/shuffled_c": "shuffled,\norder C",
}
LEAD = (94 - 68, 56 - 68)  # Fig. 2: CNN less MLP, ordered, shuffled


def benchmark(results: pd.DataFrame, curves: pd.DataFrame) -> Figure | None:
    """Draw test accuracy of every model, ordered and shuffled, beside the paper's numbers."""
    rows = figures.deepest_rows(results, "benchmark/")
    bars = _bars(rows)
    if bars.empty:
        return None
    budget = rows["budget"].iloc[0]
    figure = Figure(figsize=(9.5, 4.6), layout="constrained")
    axes = figure.subplots()
    order = [*MODELS.values(), "human", *FLAT.values()]
    order = [label for label in order if label in set(bars["model"])]
    palette = {ORDERED: "#3b6ea5", SHUFFLED: "#d9a441"}
    hues = [hue for hue in (ORDERED, SHUFFLED) if hue in set(bars["positions"])]
    sns.barplot(
        bars, x="model", y="accuracy", hue="positions", order=order, hue_order=hues,
        palette=palette, errorbar=figures.interval, capsize=0.2, err_kws={"lw": 1.3}, ax=axes,
    )  # fmt: skip
    _printed(axes, order, len(hues))
    axes.set(xlabel="", ylabel="test accuracy, %", ylim=(0, 100))
    n = bars.groupby(["model", "positions"]).size().max()
    axes.set_title(f"MNIST-1D, budget {budget}: mean of up to {n} seeds, 95 % intervals")
    axes.legend(loc="upper left", bbox_to_anchor=(1, 1), frameon=False)
    return figure


def learning(results: pd.DataFrame, curves: pd.DataFrame) -> Figure | None:
    """Draw test and train accuracy over training, ordered and shuffled."""
    accuracy = curves[curves["metric"].isin(["test_accuracy", "train_accuracy"])]
    groups = ["benchmark", "benchmark/shuffled_b"]
    names = [f"{group}/{model}" for group in groups for model in MODELS]
    accuracy = figures.deepest_rows(accuracy[accuracy["experiment"].isin(names)])
    if accuracy.empty:
        return None
    shuffled = accuracy["experiment"].str.contains("shuffled_b").any()
    figure = Figure(figsize=(10, 4.4), layout="constrained")
    panels = figure.subplots(1, 2 if shuffled else 1, sharey=True, squeeze=False)[0]
    for axes, group, title in zip(panels, groups, (ORDERED, SHUFFLED), strict=False):
        for (model, label), colour in zip(MODELS.items(), sns.color_palette(), strict=False):
            _curve(axes, accuracy[accuracy["experiment"] == f"{group}/{model}"], label, colour)
        axes.set(title=title, xlabel="Adam steps", ylim=(0, 102))
    panels[0].set_ylabel("accuracy, %: test (solid), train (dotted)")
    panels[-1].legend(loc="upper left", bbox_to_anchor=(1, 1), frameon=False)
    return figure


def spatial_prior(results: pd.DataFrame, curves: pd.DataFrame) -> Figure | None:
    """Draw each model on ordered and on shuffled positions, and the CNN's lead over the MLP."""
    rows = figures.deepest_rows(results, "benchmark/shuffled_")
    if rows.empty:
        return None
    budget = rows["budget"].iloc[0]
    measured = set(rows["experiment"])
    places = [g for g in GROUPS if measured.issuperset(f"{g}/{model}" for model in MODELS)]
    if len(places) < 2:
        return None
    figure = Figure(figsize=(11.5, 4.8), layout="constrained")
    models, gap = figure.subplots(1, 2, width_ratios=(3, 2))
    for number, (name, colour) in enumerate(zip(MODELS, sns.color_palette(), strict=False)):
        found = [_accuracy(rows, f"{group}/{name}") for group in places]
        _points(models, found, 0.09 * (number - 1.5), {"color": colour, "label": MODELS[name]})
        _steps(models, PRINTED[name], len(places), {"color": colour})
    found = [_lead(rows, group) for group in places]
    _points(gap, found, 0.0, {"color": INK})
    _steps(gap, LEAD, len(places), {"color": INK})
    gap.axhline(0, color=INK, lw=0.8)
    models.set(ylabel="test accuracy at the last step, %", ylim=(0, 100), title="four models")
    gap.set(ylabel="CNN less MLP, points", title="what the spatial prior is worth")
    for axes in (models, gap):
        axes.set_xticks(range(len(places)), [GROUPS[group] for group in places])
    models.plot([], [], "--", color=INK, label="paper (early stopping)")
    models.legend(loc="upper left", bbox_to_anchor=(0.3, 1), ncols=2, fontsize="small")
    figure.suptitle(f"Order of the 40 positions, budget {budget}: mean with 95 % interval")
    return figure


def _accuracy(rows: pd.DataFrame, experiment: str) -> statistics.Estimate:
    values = rows.loc[rows["experiment"] == experiment, "test_accuracy"]
    return statistics.mean(100 * values.to_numpy(dtype=float))


def _lead(rows: pd.DataFrame, group: str) -> statistics.Estimate:
    cnn, mlp = (_accuracy(rows, f"{group}/{name}") for name in ("cnn", "mlp"))
    return statistics.difference(cnn, mlp)


def _points(
    axes: Axes, found: list[statistics.Estimate], aside: float, style: dict[str, Any]
) -> None:
    """Draw estimates with their 95 % intervals, joined by a faint line."""
    x = [place + aside for place in range(len(found))]
    values = [estimate.value for estimate in found]
    ends = [estimate.interval(0.95) for estimate in found]
    reach = [[v - low, high - v] for v, (low, high) in zip(values, ends, strict=True)]
    axes.plot(x, values, color=style["color"], lw=0.8, alpha=0.5)
    axes.errorbar(x, values, yerr=list(zip(*reach, strict=True)), fmt="o", capsize=4, **style)


def _steps(
    axes: Axes, printed: Sequence[float | None], places: int, style: dict[str, Any]
) -> None:
    """Mark the paper's two numbers: over the ordered place, and over all shuffled ones."""
    for number, ends in zip(printed, ((-0.4, 0.4), (0.6, places - 0.6)), strict=True):
        if number is not None:
            axes.plot(ends, (number, number), "--", lw=1.4, **style)


def _bars(results: pd.DataFrame) -> pd.DataFrame:
    """Return one row per replicate: model, positions, accuracy in %."""
    labels = {f"benchmark/{name}": (label, ORDERED) for name, label in (MODELS | FLAT).items()}
    labels |= {f"benchmark/shuffled_b/{n}": (label, SHUFFLED) for n, label in MODELS.items()}
    labels["human"] = ("human", ORDERED)
    rows = results[results["experiment"].isin(labels)]
    pairs = [labels[name] for name in rows["experiment"]]
    columns = {"model": [pair[0] for pair in pairs], "positions": [pair[1] for pair in pairs]}
    return pd.DataFrame(columns).assign(accuracy=100 * rows["test_accuracy"].to_numpy())


def _printed(axes: Axes, order: list[str], hues: int) -> None:
    """Mark the paper's numbers with dashed lines over their bars."""
    labels = MODELS | FLAT | {"human": "human"}
    width = 0.8 / hues
    drawn = False
    for name, numbers in PRINTED.items():
        if labels[name] not in order:
            continue
        left = order.index(labels[name]) - 0.4
        for place, number in enumerate(numbers[:hues]):
            if number is not None:
                ends = (left + place * width, left + (place + 1) * width)
                label = None if drawn else "paper"
                axes.plot(ends, (number, number), "--", color=INK, lw=1.6, label=label)
                drawn = True


def _curve(axes: Axes, rows: pd.DataFrame, label: str, colour: tuple[float, ...]) -> None:
    for metric, line in (("test_accuracy", "-"), ("train_accuracy", ":")):
        part = rows[rows["metric"] == metric]
        if part.empty:
            continue
        mean, sd = 100 * part["mean"], 100 * part["sd"].fillna(0)
        name = label if metric == "test_accuracy" else None
        axes.plot(part["turn"], mean, line, color=colour, label=name)
        if metric == "test_accuracy":
            axes.fill_between(part["turn"], mean - sd, mean + sd, color=colour, alpha=0.15, lw=0)


FIGURES: dict[str, Callable[[pd.DataFrame, pd.DataFrame], Figure | None]] = {
    "benchmark": benchmark,
    "learning": learning,
    "spatial-prior": spatial_prior,
}
