"""Figures that serve every paper, and the door to each paper's own figures.py."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import matplotlib
import numpy as np
import seaborn as sns
from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.collections import PathCollection
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from harness.checks import Value
from harness.figures import COLOURS, INK
from harness.judge.verdict import Verdict
from harness.paper import BUDGETS
from harness.plan.discover import Folder
from harness.record import sheet
from harness.show.board import Board
from harness.show.marks import MARKS
from harness.show.pictures import VECTOR

if TYPE_CHECKING:
    from harness.training.lr_range import Curve

DPI = 150
DENSE = 400  # points of one artist; in an SVG more of them are a picture


def style() -> None:
    """Set the look of all figures; the backend draws to files only."""
    matplotlib.use("Agg")
    sns.set_theme(context="notebook", style="whitegrid", palette=list(COLOURS))


def draw(board: Board, folder: Folder, into: Path) -> dict[str, Path]:
    """Draw the paper's own figures: each function of FIGURES gets (current rows, curves).

    Those of STANDINGS, where a paper has any, get the rows and curves of all papers that compete
    with it. A function returns None when it lacks the rows that it needs, and may return the text
    of an SVG in place of a figure.
    """
    style()
    paths = {}
    own = board.rows(folder), board.lines(folder)
    wanted = [(name, function, own) for name, function in folder.figures().items()]
    shared = folder.standings()
    if shared:
        both = board.competing(folder)
        wanted += [(name, function, both) for name, function in shared.items()]
    for name, function, measured in wanted:
        figure = function(*measured)
        if figure is not None:
            kind = "svg" if isinstance(figure, str) else "png"
            paths[name] = save(figure, into / f"{folder.name}-{name}.{kind}")
    return paths


def forest(folder: Folder, verdicts: Mapping[str, Sequence[Verdict]], into: Path) -> Path | None:
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
    _named(axes, [verdict.verdict for verdict in shown])
    figure.supxlabel(
        f"ours less the paper's number, points, with its 95 % interval; bar: the claim's band; "
        f"budget {budget}, n = {_sizes(shown)}"
    )
    axes.grid(axis="y", visible=False)
    return save(figure, into / f"{folder.name}-claims.png")


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


def _named(axes: Axes, words: Sequence[str]) -> None:
    """Say below the axes which shape is which verdict."""
    for word in dict.fromkeys(words):
        look = MARKS[word]
        axes.plot([], [], look.marker, color=look.colour, ms=8, label=word,
                  mfc=look.colour if look.filled else "white")  # fmt: skip
    axes.legend(loc="lower left", bbox_to_anchor=(0, 1), ncols=4, frameon=False)


def _sizes(verdicts: Sequence[Verdict]) -> str:
    """Return the numbers of trials behind verdicts, each once."""
    return ", ".join(dict.fromkeys(verdict.size for verdict in verdicts if verdict.size)) or "0"


def _values(verdicts: Sequence[Verdict]) -> list[Verdict]:
    return [v for v in verdicts if _drawable(v)]


def _drawable(verdict: Verdict) -> bool:
    """Whether the paper and we have a number of one quantity, on an axis of per cent or points."""
    claim, published = verdict.claim, verdict.claim.published
    both = verdict.estimate is not None and published.value is not None
    fraction = claim.unit in ("%", "points")
    return isinstance(claim.check, Value) and both and fraction and not claim.ours


def _interval(axes: Axes, height: int, verdict: Verdict) -> None:
    """Draw one claim relative to the paper's number: its band as a bar, ours as a point."""
    check, paper, estimate = verdict.claim.check, verdict.claim.published.value, verdict.estimate
    if not isinstance(check, Value) or estimate is None or paper is None:
        return
    low, high = (100 * (bound - paper) for bound in check.band(verdict.budget))
    axes.barh(height, high - low, left=low, height=0.6, color="#dfe5ee")
    ends = [estimate if end is None else end for end in (verdict.low, verdict.high)]
    error = [[100 * (estimate - ends[0])], [100 * (ends[1] - estimate)]]
    look = MARKS[verdict.verdict]
    filled = look.colour if look.filled else "white"
    axes.errorbar(
        100 * (estimate - paper), height, xerr=error, fmt=look.marker, color=look.colour,
        mfc=filled, ms=8, capsize=4,
    )  # fmt: skip


def save(figure: Figure | str, path: Path) -> Path:
    """Write a figure as PNG, and beside it as SVG; or the text of an SVG. Return the path.

    Neither has a date, and letters are outlines, so that equal figures are equal files.
    """
    if isinstance(figure, str):
        with sheet.replacing(path) as fresh:
            fresh.write_text(figure, encoding="utf-8")
        return path
    with sheet.replacing(path) as fresh:
        figure.savefig(fresh, dpi=DPI, metadata={"Software": None})
    for artist in figure.findobj(_is_dense):
        artist.set_rasterized(True)
    with (
        sheet.replacing(path.with_suffix(VECTOR)) as fresh,
        # else names of parts are random
        matplotlib.rc_context({"svg.hashsalt": path.stem, "svg.fonttype": "path"}),
    ):
        figure.savefig(fresh, dpi=DPI, metadata={"Date": None, "Creator": None})
    return path


def _is_dense(artist: Artist) -> bool:
    """Tell whether an artist has so many points that an SVG of them is larger than a picture."""
    if isinstance(artist, PathCollection):
        return np.size(artist.get_offsets(), axis=0) > DENSE
    if isinstance(artist, Line2D) and artist.get_marker() not in ("", "None", None):
        return np.size(artist.get_xdata()) > DENSE
    return False
