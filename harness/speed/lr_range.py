"""Learning-rate range tests of papers: `python -m harness bench papers/NAME --lr-range`.

A paper takes part when its `bench.py` has `lr_range()`, a dictionary from names of models to
functions that return a `harness.training.lr_range.Curve`.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from harness.paper import Refused
from harness.plan.discover import Folder
from harness.show.table import Table

if TYPE_CHECKING:
    from harness.training.lr_range import Curve

SEED = 0  # of torch's global streams; a paper's tests have streams of their own


def run(papers: Sequence[Folder], reports: Path | None) -> Iterator[Table]:
    """Run the tests of every paper that has some; draw them into reports/figures.

    Raises:
        Refused: none of the papers has any.
    """
    chosen = [(folder, tests) for folder in papers if (tests := folder.lr_ranges())]
    if not chosen:
        names = ", ".join(f"papers/{folder.name}" for folder in papers)
        raise Refused(f"--lr-range: no bench.py of {names} has lr_range()")
    from harness.training import device

    device.prepare("cpu", threads=1, seed=SEED)
    for folder, tests in chosen:
        curves = {name: test() for name, test in tests.items()}
        drawn = None if reports is None else _draw(folder, curves, reports)
        yield _table(folder, curves, drawn)


def _draw(folder: Folder, curves: dict[str, Curve], reports: Path) -> Path:
    from harness.show import draw

    return draw.lr_range(folder.name, curves, reports / "figures")


def _table(folder: Folder, curves: dict[str, Curve], drawn: Path | None) -> Table:
    caption = "" if drawn is None else f"drawn in {drawn}"
    title = f"papers/{folder.name}, learning-rate range test"
    columns = ("model", "suggested rate", "tried", "lowest smoothed loss", "ended")
    table = Table(title, columns, prose=("suggested rate", "ended"), caption=caption)
    for name, curve in curves.items():
        table.add(name, *_cells(curve))
    return table


def _cells(curve: Curve) -> tuple[str, ...]:
    suggested = (
        "none: the loss never fell" if curve.suggested is None else f"{curve.suggested:.1e}"
    )
    if not curve.rates:
        return suggested, "–", "–", "not finite at the first rate"
    tried = f"{curve.rates[0]:.1e} to {curve.rates[-1]:.1e}"
    ended = "diverged" if curve.diverged else "highest rate"
    return suggested, tried, f"{min(curve.smoothed):.3g}", ended
