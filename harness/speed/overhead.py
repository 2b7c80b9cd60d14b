"""What the harness itself costs: meter, journal and bar, as a share of the trials it serves."""

from __future__ import annotations

import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

from rich.console import Console

from harness.budget import Limit
from harness.meter import Meter
from harness.plan.specs import Spec
from harness.record import journal, tables
from harness.run.home import HEARTBEAT, beat
from harness.run.progress import Bars
from harness.trial import Tools, Trial

COLUMNS = ("part", "cost each", "how often in a smoke run", "share of device time")
TURNS, ROWS, BEATS, DRAWS = 20_000, 2_000, 200, 40
REFRESH = 4.0  # redraws of the bars and heartbeats of a trial, per second


def measure(reports: Path | None) -> list[list[str]]:
    """Return one line per part and their sum, for the smoke run that reports/ holds."""
    turn, row, pulse, draw = _per_turn(), _per_row(), _per_beat(), _per_draw()
    results = tables.load((reports or Path("reports")) / "results.csv")
    smoke = results[results["budget"] == "smoke"]
    if smoke.empty:
        each = [("meter", turn), ("journal", row), ("heartbeat", pulse), ("bars", draw)]
        return [[name, _micro(cost), "no smoke run in reports/", "–"] for name, cost in each]
    seconds = float((smoke["seconds"]).sum())
    stacked = smoke[smoke["member"] == 0]
    turns, rows = int(stacked["steps"].sum()), _rows(smoke)
    beats = REFRESH * seconds
    parts = [
        ("meter, per turn", turn, turns),
        ("journal, per row", row, rows),
        ("heartbeat", pulse, int(beats)),
        ("bars, per redraw (watching process)", draw, int(beats / 2)),
    ]
    lines = [[n, _micro(c), f"{k:,}", f"{100 * c * k / seconds:.2f} %"] for n, c, k in parts]
    whole = sum(cost * count for _, cost, count in parts)
    return [*lines, ["all", "", f"{seconds:.0f} s", f"{100 * whole / seconds:.2f} %"]]


def _rows(smoke: Any) -> int:
    """Bound the rows of a smoke run: one per member for every 250 steps, and two more."""
    return int((smoke["steps"] / 250 + 2).sum())


def _micro(seconds: float) -> str:
    return f"{1e6 * seconds:.1f} µs"


def _time(work: Callable[[], object], count: int) -> float:
    begin = time.perf_counter()
    work()
    return (time.perf_counter() - begin) / count


@contextmanager
def _trial(turns: int) -> Iterator[Trial]:
    """Give a trial of so many turns in a folder that goes away with it."""
    meter = Meter({"train": (turns, 1)}, Limit(seconds=1e6))
    with tempfile.TemporaryDirectory() as folder, closing(journal.Journal(Path(folder))) as book:
        trial = Trial(book, meter, Tools(lambda *_: None, lambda _: None))
        trial.meter.phase = "train"
        yield trial


def _per_turn() -> float:
    with _trial(TURNS) as trial:
        metered = _time(lambda: [None for _ in trial.meter.steps("train")], TURNS)
    return max(0.0, metered - _time(lambda: [None for _ in range(TURNS)], TURNS))


def _per_row() -> float:
    with _trial(1) as trial:
        row = {"member": 3, "test_accuracy": 0.123456, "test_loss": 1.5, "train_loss": 0.25}

        def append() -> None:
            for _ in range(ROWS):
                trial.append(row)

        return _time(append, ROWS)


def _per_beat() -> float:
    with _trial(1) as trial:

        def pulse() -> None:
            for _ in range(BEATS):
                beat(trial, {"test_loss": 1.0})

        return _time(pulse, BEATS)


def _per_draw() -> float:
    """Time a redraw of two running trials' bars on a terminal that goes nowhere."""
    with (
        _trial(100) as one,
        _trial(100) as two,
        Path("/dev/null").open("w", encoding="utf-8") as sink,
    ):
        console = Console(file=sink, force_terminal=True, width=120)
        trials: dict[Path, Spec] = {}
        for name, trial in (("one", one), ("two", two)):
            beat(trial, {"test_accuracy": 0.5})
            if not (trial.folder / HEARTBEAT).exists():
                raise RuntimeError("no heartbeat was written")
            trials[trial.folder] = _spec(name)
        bars = Bars(console, trials)

        def draw() -> None:
            for _ in range(DRAWS):
                bars.refresh(trials)
                bars.progress.refresh()

        with bars.progress:
            return _time(draw, DRAWS)


def _spec(name: str) -> Spec:
    names = ("paper", "folder", "task", "data", "overrides", "code", "clock", "isa")
    text = dict.fromkeys(names, "")
    return Spec(
        trial=name, experiment=name, budget="smoke", steps_cap=None, seconds_cap=60.0, seed=0,
        config={}, device="cpu", threads=1, expected=10.0, charged=100, guard=None, **text,
    )  # fmt: skip
