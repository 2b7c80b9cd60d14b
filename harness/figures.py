"""Figures that serve every paper, and the door to each paper's own figures.py."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import matplotlib
import pandas as pd
import seaborn as sns
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from scipy.stats import t as student

from harness import compare, discover, statistics
from harness.checks import Value
from harness.discover import Folder
from harness.paper import BUDGETS
from harness.verdict import Verdict

if TYPE_CHECKING:
    from harness.training.lr_range import Curve

INK = "#1d2330"  # what the paper printed, and lines that mark
COLOURS = {"reproduced": "#17703a", "on track": "#17703a", "not reproduced": "#a8261c"}
COLOURS["off track"] = COLOURS["not reproduced"]
DPI = 150


def style() -> None:
    """Set the look of all figures; the backend draws to files only."""
    matplotlib.use("Agg")
    sns.set_theme(context="notebook", style="whitegrid", palette="deep")


def draw(
    found: Folder, results: pd.DataFrame, curves: pd.DataFrame, folder: Path
) -> dict[str, Path]:
    """Draw the paper's own figures: each function of FIGURES gets (current rows, curves).

    Those of STANDINGS, where a paper has any, get the rows and curves of all papers that compete
    with it. A function returns None when it lacks the rows that it needs, and may return the text
    of an SVG in place of a figure.
    """
    if not found.has("figures"):
        return {}
    style()
    module, paths = found.module("figures"), {}
    rows = pd.concat([compare.current(results, found, budget) for budget in BUDGETS])
    own = curves[curves["paper"] == found.name]
    wanted = [(name, function, (rows, own)) for name, function in module.FIGURES.items()]
    shared = getattr(module, "STANDINGS", {})
    if shared:
        both = competing(found, results, curves)
        wanted += [(name, function, both) for name, function in shared.items()]
    for name, function, measured in wanted:
        figure = function(*measured)
        if figure is not None:
            kind = "svg" if isinstance(figure, str) else "png"
            paths[name] = save(figure, folder / f"{found.name}-{name}.{kind}")
    return paths


def competing(
    found: Folder, results: pd.DataFrame, curves: pd.DataFrame
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Return current rows and curves of all papers on the tasks where this one competes."""
    tasks = {e.task.name for e in found.paper.experiments if e.task.standings}
    papers = discover.load_all(found.path.parent)
    parts = [compare.current(results, paper, budget) for paper in papers for budget in BUDGETS]
    rows = pd.concat(parts)
    rows = rows[rows["task"].isin(tasks)]
    names = set(zip(rows["paper"], rows["experiment"], strict=True))
    pairs = zip(curves["paper"], curves["experiment"], strict=True)
    return rows, curves[[pair in names for pair in pairs]]


def forest(found: Folder, verdicts: Mapping[str, Sequence[Verdict]], folder: Path) -> Path | None:
    """Draw every headline value less the paper's number, with the band that was claimed."""
    budget = next((b for b in reversed(BUDGETS) if _values(verdicts.get(b, ()))), None)
    if budget is None:
        return None
    style()
    shown = _values(verdicts[budget])
    figure = Figure(figsize=(9, 1 + 0.5 * len(shown)), layout="constrained")
    axes = figure.subplots()
    for height, verdict in enumerate(reversed(shown)):
        _interval(axes, height, verdict)
    axes.axvline(0, ls="--", color=INK, lw=1.5)
    axes.set_yticks(range(len(shown)), [f"{v.claim.id}  {v.claim.statement}" for v in shown][::-1])
    figure.supxlabel(
        f"ours less the paper's number, points; bar: the claim's band; budget {budget}"
    )
    axes.grid(axis="y", visible=False)
    return save(figure, folder / f"{found.name}-claims.png")


def lr_range(paper: str, curves: Mapping[str, Curve], folder: Path) -> Path:
    """Draw the learning-rate range tests of a paper, each with the rate that it suggests."""
    style()
    figure = Figure(figsize=(9, 5), layout="constrained")
    axes = figure.subplots()
    for (name, curve), colour in zip(curves.items(), sns.color_palette(), strict=False):
        axes.plot(curve.rates, curve.losses, color=colour, alpha=0.25)
        label = name
        if curve.suggested is not None:
            at = curve.rates.index(curve.suggested)
            axes.plot(curve.suggested, curve.smoothed[at], "o", color=colour)
            label = f"{name}: {curve.suggested:.1e} suggested"
        axes.plot(curve.rates, curve.smoothed, color=colour, label=label)
    starts = [curve.smoothed[0] for curve in curves.values() if curve.smoothed]
    axes.set(xscale="log", xlabel="learning rate", ylabel="training loss (faint: as measured)")
    axes.set_ylim(0, 2 * max(starts, default=1.0))
    axes.set_title(f"{paper}: learning-rate range test", loc="left")
    axes.legend()
    return save(figure, folder / f"{paper}-lr-range.png")


def _values(verdicts: Sequence[Verdict]) -> list[Verdict]:
    return [v for v in verdicts if _drawable(v)]


def _drawable(verdict: Verdict) -> bool:
    measured = verdict.estimate is not None and verdict.claim.published.value is not None
    fraction = verdict.claim.unit in ("%", "points")  # what the axis is in
    return isinstance(verdict.claim.check, Value) and measured and fraction


def _interval(axes: Axes, height: int, verdict: Verdict) -> None:
    """Draw one claim relative to the paper's number: its band as a bar, ours as a point."""
    check, paper, estimate = verdict.claim.check, verdict.claim.published.value, verdict.estimate
    if not isinstance(check, Value) or estimate is None or paper is None:
        return
    low, high = (100 * (bound - paper) for bound in check.band(verdict.budget))
    axes.barh(height, high - low, left=low, height=0.6, color="#dfe5ee")
    ends = [estimate if end is None else end for end in (verdict.low, verdict.high)]
    error = [[100 * (estimate - ends[0])], [100 * (ends[1] - estimate)]]
    colour = COLOURS.get(verdict.verdict, "#7a5a00")
    axes.errorbar(100 * (estimate - paper), height, xerr=error, fmt="o", color=colour, capsize=4)


# -- what papers draw with ------------------------------------------------------------------------


def deepest(rows: pd.DataFrame, prefix: str) -> str | None:
    """Return the deepest budget at which an experiment of that prefix was measured."""
    found = set(rows.loc[rows["experiment"].str.startswith(prefix), "budget"])
    return next((budget for budget in reversed(BUDGETS) if budget in found), None)


def interval(values: pd.Series[float]) -> tuple[float, float]:
    """Return the 95 % t interval of the mean; a bootstrap would be too narrow for few seeds."""
    low, high = statistics.mean(values.to_numpy(dtype=float)).interval(0.95)
    return (low, high) if low == low else (float(values.mean()), float(values.mean()))


def line(axes: Axes, rows: pd.DataFrame, x: str, scale: float = 1.0, **style: Any) -> None:
    """Draw rows of one metric of the averaged curves against `x`, with their 95 % t interval."""
    rows = rows.sort_values(x)
    mean, n = scale * rows["mean"], rows["n"]
    reach = student.ppf(0.975, (n - 1).clip(lower=1)) * scale * rows["sd"] / n**0.5
    (drawn,) = axes.plot(rows[x], mean, **style)
    reach = reach.where(n > 1, 0.0).fillna(0.0)
    axes.fill_between(
        rows[x], mean - reach, mean + reach, color=drawn.get_color(), alpha=0.15, lw=0
    )


def save(figure: Figure | str, path: Path) -> Path:
    """Write a figure as PNG without a date, so that equal figures are equal files; or an SVG."""
    path.parent.mkdir(parents=True, exist_ok=True)
    if isinstance(figure, str):
        path.write_text(figure, encoding="utf-8")
        return path
    figure.savefig(path, dpi=DPI, metadata={"Software": None})
    return path
