"""Recurrent cells as pictures: what they reach, and alpha while it is searched."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from math import log

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from harness import figures
from harness.figures import INK


@dataclass(frozen=True)
class Ways:
    """What a study's figure shows: experiments with their labels and colours, first on top.

    Perplexities are over that of the best random cell of experiment `random`, before which the
    mean over its cells stands where `mean` has a label and a colour; `searches` have an alpha.
    `printed` are ratios that authors give of another text, under the label `whose`.
    """

    labels: Mapping[str, tuple[str, str]]
    random: str
    searches: tuple[str, ...] = ()
    printed: Mapping[str, float] = field(default_factory=dict)
    whose: str = "paper"
    mean: tuple[str, str] | None = None

    def lines(self) -> Iterator[tuple[str, str, str, str]]:
        """Yield experiment, metric, label and colour, first on top."""
        for name, (label, colour) in self.labels.items():
            if name == self.random and self.mean:
                yield name, "mean_test_loss", *self.mean
            yield name, "test_loss", label, colour


def recurrent(results: pd.DataFrame, curves: pd.DataFrame, ways: Ways) -> Figure | None:
    """Draw perplexities over the best random cell's, and alpha's entropy while searching."""
    rows = figures.deepest_rows(results, ways.random)
    if rows.empty:
        return None
    budget, rows = rows["budget"].iloc[0], rows[rows["experiment"].isin(ways.labels)]
    figure = Figure(figsize=(12, 4.6), layout="constrained")
    losses, entropies = figure.subplots(1, 2)
    perplexities(losses, rows, ways)
    own = curves[(curves["budget"] == budget) & (curves["metric"] == "alpha_entropy")]
    for name in ways.searches:
        line = own[(own["experiment"] == name) & own["at"].notna()]
        if len(line):
            label, colour = ways.labels[name]
            figures.line(entropies, line, "at", label=label, color=colour, marker="o", ms=4)
    entropies.axhline(log(5), color=INK, lw=1, ls=":", label="uniform")
    entropies.set(xlabel="steps of the search", ylabel="entropy of alpha's rows, nats")
    entropies.legend(frameon=False)
    corpora = ", ".join(sorted(set(rows["corpus"])))
    figure.suptitle(f"Recurrent cells, budget {budget}, corpus {corpora}: mean and 95 % interval")
    return figure


def perplexities(axes: Axes, rows: pd.DataFrame, ways: Ways) -> None:
    """Draw each trial as a point, the mean with its interval, and the authors' value."""
    zero = rows.loc[rows["experiment"] == ways.random, "test_loss"].mean()
    present = [line for line in ways.lines() if (rows["experiment"] == line[0]).any()]
    for place, (name, metric, label, colour) in enumerate(present):
        values = rows.loc[rows["experiment"] == name, metric] - zero
        low, high = figures.interval(values)
        low, mean, high = np.exp((low, float(values.mean()), high))
        axes.plot(np.exp(values), [place] * len(values), "o", color=colour, alpha=0.4, ms=5)
        reach = [[mean - low], [high - mean]]
        axes.errorbar(mean, place, xerr=reach, fmt="s", color=colour, capsize=4, label=label)
        if name in ways.printed:
            mark = ways.whose if name == next(iter(ways.printed)) else "_again"
            axes.plot(ways.printed[name], place, "x", color=INK, ms=9, mew=2, label=mark)
    axes.axvline(1, color=INK, lw=1, ls=":")
    axes.set_yticks(range(len(present)), [label for _, _, label, _ in present])
    axes.set_ylim(len(present), -0.5)  # first way on top, and room below for the legend
    axes.set_xlabel("test perplexity over that of the best random cell")
    handles, labels = axes.get_legend_handles_labels()
    shown = [pair for pair in zip(handles, labels, strict=True) if pair[1] == ways.whose]
    if shown:
        axes.legend(*zip(*shown, strict=True), frameon=False, loc="lower left")
