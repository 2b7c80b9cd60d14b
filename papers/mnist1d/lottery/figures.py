"""The lottery tickets as pictures: accuracy against sparsity, new data, neighbours."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import pandas as pd
import seaborn as sns
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from harness import figures
from harness.figures import INK

NAME = "lottery/tickets"
PRUNINGS = {"magnitude": ("by magnitude", "#3b6ea5"), "random": ("at random", "#d9a441")}
CONDITIONS = {
    "dense": ("dense", "#9aa3b2"),
    "ticket": ("ticket, rewound", "#3b6ea5"),
    "reinit": ("ticket, re-initialised", "#8db8d8"),
    "random": ("random mask", "#d9a441"),
}
VARIANTS = {
    "original": "original",
    "flipped": "flipped",
    "shuffled": "shuffled (C)",
    "chunks": "chunks",
}
SPARSITIES = (0, 29, 49, 70, 80, 90, 92, 94, 96, 97, 98, 99)
NOTEBOOK = {  # highest test accuracy in %, mean of the notebook's two trials
    "magnitude": (65.9, 66.4, 69.5, 71.3, 72.5, 74.2, 75.25, 73.2, 70.95, 68.65, 64.45, 42.15),
    "random": (64.5, 64.55, 64.85, 67.45, 70.05, 65.15, 61.75, 59.2, 50.9, 42.55, 31.2, 17.0),
}
PRINTED = {  # test accuracy in %, read off the 2020 figure
    "original": {"dense": 63.7, "ticket": 70.6, "reinit": 67.3, "random": 59.0},
    "flipped": {"dense": 65.0, "ticket": 69.0, "random": 61.0},
    "shuffled": {"dense": 64.6, "ticket": 63.0, "random": 58.0},
}
RUNS = {"2": (8.6, 7.2), "3": (2.2, 0.9), "4": (0.35, 0.1)}  # 1000 A_m of ticket, random: 2020


def curves_of_sparsity(results: pd.DataFrame, curves: pd.DataFrame) -> Figure | None:
    """Draw the highest test accuracy and the last test loss of each round against sparsity."""
    rows = figures.deepest_rows(curves[(curves["experiment"] == NAME) & curves["at"].notna()])
    if rows.empty:
        return None
    budget = rows["budget"].iloc[0]
    rows = rows.assign(sparsity=100 * rows["at"])
    figure = Figure(figsize=(11, 4.6), layout="constrained")
    accuracy, loss = figure.subplots(1, 2)
    for axes, metric, scale in ((accuracy, "best_accuracy", 100), (loss, "loss", 1)):
        dense = rows[(rows["metric"] == f"magnitude_{metric}") & (rows["at"] == 0)]
        for pruning, (label, colour) in PRUNINGS.items():
            own = rows[rows["metric"] == f"{pruning}_{metric}"]
            if pruning == "random":
                own = pd.concat([dense, own])  # both prunings begin with the same training
            style = {"label": label, "color": colour, "marker": "o", "markersize": 3.5}
            figures.line(axes, own, "sparsity", scale, **style)
        level = scale * float(dense["mean"].iloc[0])
        axes.axhline(level, color=INK, lw=1, ls=":", label="dense")
        axes.set(xlabel="sparsity, % of the parameters pruned", xlim=(-2, 102))
    for pruning, (label, colour) in PRUNINGS.items():
        printed = dict(zip(SPARSITIES, NOTEBOOK[pruning], strict=True))
        style = {"color": colour, "ls": "--", "marker": "x", "lw": 1, "label": f"paper, {label}"}
        accuracy.plot(list(printed), list(printed.values()), **style)
    accuracy.set_ylabel("test accuracy, %: highest of a round")
    loss.set_ylabel("test cross-entropy, nats: last of a round")
    accuracy.legend(frameon=False, fontsize="small", loc="lower left")
    figure.suptitle(f"Pruning rounds, budget {budget}: mean of {trials(rows['n'].max())}")
    return figure


def new_data(results: pd.DataFrame, curves: pd.DataFrame) -> Figure | None:
    """Draw every condition on every variant of the new data beside the 2020 figure's values."""
    column = "original_dense_plateau_accuracy"
    rows = results[results["experiment"] == NAME]
    rows = rows[rows[column].notna()] if column in rows else rows.iloc[:0]
    rows = figures.deepest_rows(rows)
    if rows.empty:
        return None
    budget = rows["budget"].iloc[0]
    metrics = {
        (variant, condition): f"{variant}_{condition}_plateau_accuracy"
        for variant in VARIANTS
        for condition in CONDITIONS
    }
    bars = _bars(rows, metrics, 100)
    figure = Figure(figsize=(10, 4.6), layout="constrained")
    axes = figure.subplots()
    _draw(axes, bars, VARIANTS, CONDITIONS)
    _printed(axes, PRINTED, tuple(VARIANTS), tuple(CONDITIONS), "paper (2020 figure)")
    axes.set(xlabel="order of the positions", ylabel="test accuracy at the plateau, %")
    axes.set_ylim(0, 80)
    n = bars.groupby(["group", "bar"]).size().max()
    axes.set_title(f"New data at 92 % sparsity, budget {budget}: mean of {trials(n)}")
    axes.legend(frameon=False, loc="upper left", bbox_to_anchor=(1, 1))
    return figure


def neighbours(results: pd.DataFrame, curves: pd.DataFrame) -> Figure | None:
    """Draw how often survivors of the first layer are neighbours, and against independence."""
    rows = figures.deepest_rows(results[results["experiment"] == NAME])
    if rows.empty:
        return None
    budget = rows["budget"].iloc[0]
    kinds = {name: CONDITIONS[name] for name in ("ticket", "random")}
    kinds["ticket"] = ("ticket", kinds["ticket"][1])
    groups = {length: f"$A_{length}$" for length in RUNS}
    figure = Figure(figsize=(10, 4.4), layout="constrained")
    panels = figure.subplots(1, 2)
    for axes, suffix, scale in zip(panels, ("", "_ratio"), (1000, 1), strict=True):
        metrics = {(m, k): f"adjacency_{m}_{k}{suffix}" for m in groups for k in kinds}
        _draw(axes, _bars(rows, metrics, scale), groups, kinds)
        axes.set_xlabel("runs of m neighbours that all survive")
    printed = {m: dict(zip(kinds, values, strict=True)) for m, values in RUNS.items()}
    _printed(panels[0], printed, tuple(groups), tuple(kinds), "paper (2020 figure)")
    panels[0].set_ylabel("$A_m$ of the first layer, thousandths")
    panels[1].axhline(1, color=INK, ls="--", lw=1.2, label="independence")
    panels[1].set_yscale("symlog", linthresh=2)
    panels[1].set_yticks([0, 1, 2, 5, 10, 20, 50, 100], [0, 1, 2, 5, 10, 20, 50, 100])
    panels[1].set_ylabel("$A_m$ over independent survival")
    for axes in panels:
        axes.set_ylim(0, None)  # counts: an interval below 0 says nothing
        axes.legend(frameon=False, fontsize="small")
    title = f"Neighbours at 92 % sparsity, budget {budget}: mean of {trials(len(rows))}"
    figure.suptitle(title)
    return figure


def trials(n: float) -> str:
    """Return how many trials a mean and its interval are of."""
    return f"{n:.0f} trials, 95 % intervals" if n > 1 else "one trial"


def _bars(
    rows: pd.DataFrame, metrics: Mapping[tuple[str, str], str], scale: float
) -> pd.DataFrame:
    """Return one row per replicate and bar: group, bar, value."""
    parts = [
        pd.DataFrame({"group": group, "bar": bar, "value": scale * rows[metric].dropna()})
        for (group, bar), metric in metrics.items()
        if metric in rows
    ]
    return pd.concat(parts, ignore_index=True)


def _draw(
    axes: Axes,
    bars: pd.DataFrame,
    groups: Mapping[str, str],
    kinds: Mapping[str, tuple[str, str]],
) -> None:
    """Draw grouped bars with their 95 % t intervals."""
    named = bars.assign(
        group=bars["group"].map(groups), bar=bars["bar"].map(lambda k: kinds[k][0])
    )
    sns.barplot(
        named, x="group", y="value", hue="bar", order=list(groups.values()),
        hue_order=[label for label, _ in kinds.values()], palette=dict(kinds.values()),
        errorbar=figures.interval, capsize=0.15, err_kws={"lw": 1.2}, ax=axes,
    )  # fmt: skip


def _printed(
    axes: Axes,
    printed: Mapping[str, Mapping[str, float]],
    groups: tuple[str, ...],
    bars: tuple[str, ...],
    label: str,
) -> None:
    """Mark the paper's numbers with dashed lines over their bars."""
    width = 0.8 / len(bars)
    for group, numbers in printed.items():
        for bar, number in numbers.items():
            left = groups.index(group) - 0.4 + width * bars.index(bar)
            axes.plot((left, left + width), (number, number), "--", color=INK, lw=1.5, label=label)
            label = "_again"  # matplotlib leaves names with a leading underscore out


FIGURES: dict[str, Callable[[pd.DataFrame, pd.DataFrame], Figure | None]] = {
    "lottery": curves_of_sparsity,
    "lottery-transfer": new_data,
    "lottery-neighbours": neighbours,
}
