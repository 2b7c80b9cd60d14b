"""Speed of the hot paths beside their readable oracles: ratios within one run, never one time.

A paper's `bench.py` has `pairs() -> list[Pair]`: two ways to do the same thing, and a check that
they do; so has a folder that papers share, and `harness/speed/pipeline.py`. The two are timed in
turn, so that a machine whose speed drifts slows both.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import median

from harness.pair import Pair
from harness.plan.discover import Folder, Shared
from harness.plan.processor import NATIVE, resolved
from harness.record import sheet
from harness.record.provenance import collect
from harness.show.table import Table
from harness.speed import overhead, scale

ROUNDS = 7
COLUMNS = ("what", "oracle", "fast", "ratio [min, max]", "aim", "share of peak", "note")


@dataclass(frozen=True)
class Timing:
    """Medians over rounds, in seconds per call, and the ratio round by round."""

    pair: Pair
    oracle: float
    fast: float
    ratios: tuple[float, ...]


def run(papers: Sequence[Folder | Shared], reports: Path | None) -> Iterator[Table]:
    """Time every pair of papers and shared folders, and the harness's own cost; write bench.md."""
    from harness.training import device, metrics  # torch loads when something is timed

    device.prepare("cpu", threads=1)
    peak = metrics.peak_flops()
    name = device.describe("cpu")
    sections = {}
    for title, pairs in _sections(papers):
        sections[title] = [_line(measure(pair), peak) for pair in pairs]
        yield _table(f"{title}, one thread of {name}", COLUMNS, sections[title])
    cost = overhead.measure(reports)
    yield _table("the harness's own cost", overhead.COLUMNS, cost)
    if reports is not None:
        _write(reports / "bench.md", name, peak, sections, cost)


def _sections(papers: Sequence[Folder | Shared]) -> Iterator[tuple[str, list[Pair]]]:
    for folder in papers:
        pairs = folder.pairs()
        if pairs:
            yield f"papers/{folder.name}", pairs
    from harness.speed import pipeline

    yield "harness/training", pipeline.pairs()


def measure(pair: Pair, rounds: int = ROUNDS) -> Timing:
    """Check that both agree, warm up, then time oracle and fast in turn."""
    pair.agree()
    pair.oracle()
    pair.fast()
    times = [(_seconds(pair.oracle), _seconds(pair.fast)) for _ in range(rounds)]
    slow, quick = (median(column) for column in zip(*times, strict=True))
    return Timing(pair, slow, quick, tuple(a / b for a, b in times))


def _seconds(work: Callable[[], object]) -> float:
    begin = time.perf_counter()
    work()
    return time.perf_counter() - begin


def _line(timing: Timing, peak: float) -> list[str]:
    pair, ratios = timing.pair, sorted(timing.ratios)
    each = [f"{1e3 * t / pair.units:.3g} ms" for t in (timing.oracle, timing.fast)]
    ratio = f"{median(ratios):.2f} [{ratios[0]:.2f}, {ratios[-1]:.2f}]"
    share = f"{100 * pair.flops / timing.fast / peak:.0f} %" if pair.flops else "–"
    return [pair.name, *each, ratio, f"{pair.aim:g}", share, pair.note]


def _table(title: str, columns: Sequence[str], rows: Sequence[Sequence[str]]) -> Table:
    table = Table(title, columns, prose=(columns[0], columns[-1]))
    for row in rows:
        table.add(*row)
    return table


def _write(
    path: Path,
    name: str,
    peak: float,
    sections: dict[str, list[list[str]]],
    cost: Sequence[Sequence[str]],
) -> None:
    """Write the page; the harness's cost comes last."""
    from harness.show.pages import GENERATED, markdown

    origin = collect(name, 1, resolved(NATIVE))
    dirty = " with uncommitted changes" if origin["dirty"] else ""
    lines = [GENERATED.replace("report", "bench"), "# Speed\n"]
    lines += [
        f"{name}, {origin['isa']}, one thread, torch {origin['torch']}, "
        f"commit `{origin['commit']}`{dirty}. "
        f"Peak of a float32 matrix product on this thread: {peak / 1e9:.0f} GFLOP/s. "
        f"Medians of {ROUNDS} rounds in which oracle and fast form take turns.\n"
    ]
    for title, rows in sections.items():
        lines += [f"\n## {title}\n", markdown(COLUMNS, rows)]
    lines += ["\n## The harness's own cost\n", markdown(overhead.COLUMNS, cost)]
    lines += [scale.section(scale.kept(path.parent))]  # measured by itself: it takes long
    sheet.replace({path: "\n".join(lines)})
