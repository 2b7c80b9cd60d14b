"""Speed of the hot paths beside their readable oracles: ratios within one run, never one time.

A paper's `bench.py` has `pairs() -> list[Pair]`: two ways to do the same thing, and a check that
they do; so has a folder that papers share, and `harness/speed/pipeline.py`. The two are timed in
turn, so that a machine whose speed drifts slows both. `reports/bench.csv` keeps what was timed of
each folder last, with the machine and the commit; bench.md shows all of it.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby
from operator import itemgetter
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
KEPT = "bench.csv"
COLUMNS = ("what", "oracle", "fast", "ratio [min, max]", "aim", "share of peak", "note")


TYPES: sheet.Types = dict.fromkeys(("section", "where", *COLUMNS), str)
SHARED = ("harness/training", "the harness's own cost")  # sections that come last


@dataclass(frozen=True)
class Timing:
    """Medians over rounds, in seconds per call, and the ratio round by round."""

    pair: Pair
    oracle: float
    fast: float
    ratios: tuple[float, ...]


def run(papers: Sequence[Folder | Shared], reports: Path | None) -> Iterator[Table]:
    """Time every pair of papers and shared folders, and the harness's own cost; write bench.md.

    What was timed before of other folders stays, with the machine that it was timed on.
    """
    from harness.training import device, metrics  # torch loads when something is timed

    device.prepare("cpu", threads=1)
    peak = metrics.peak_flops()
    name = device.describe("cpu")
    sections = {}
    for title, pairs in _sections(papers):
        sections[title] = [_line(measure(pair), peak) for pair in pairs]
        yield _table(f"{title}, one thread of {name}", COLUMNS, sections[title])
    cost = overhead.measure(reports)
    yield _table(SHARED[-1], overhead.COLUMNS, cost)
    if reports is not None:
        fresh = {**sections, SHARED[-1]: [list(row) for row in cost]}
        _keep(reports, _where(name, peak), fresh)


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


def _where(name: str, peak: float) -> str:
    """Return what was timed where: machine, instruction set, torch, commit, peak."""
    origin = collect(name, 1, resolved(NATIVE))
    dirty = " with uncommitted changes" if origin["dirty"] else ""
    return (
        f"{name}, {origin['isa']}, one thread, torch {origin['torch']}, "
        f"commit `{origin['commit']}`{dirty}; a float32 matrix product: {peak / 1e9:.0f} GFLOP/s"
    )


def _keep(reports: Path, where: str, fresh: Mapping[str, Sequence[Sequence[str]]]) -> None:
    """Put fresh sections in place of those of the same names, and show all."""
    known = [each for each in kept(reports) if each["section"] not in fresh]
    for title, rows in fresh.items():
        names = COLUMNS[: len(rows[0])] if rows else ()
        blank = dict.fromkeys(COLUMNS, "")
        known += [
            {"section": title, "where": where, **blank, **dict(zip(names, row, strict=True))}
            for row in rows
        ]
    known.sort(key=lambda each: (each["section"] in SHARED, each["section"]))
    sheet.replace(
        {reports / KEPT: sheet.text(TYPES, known), reports / "bench.md": page(known, reports)}
    )


def kept(reports: Path) -> list[sheet.Record]:
    """Return what was timed of every folder last; nothing where nothing was.

    Raises:
        Refused: the file is not as it was written.
    """
    path = reports / KEPT
    return [line for _, line in sheet.read(path, TYPES)] if path.exists() else []


def page(lines: Sequence[sheet.Record], reports: Path) -> str:
    """Return bench.md: a section a folder with where it was timed, costs and scale last."""
    from harness.show.pages import GENERATED, markdown

    told = [GENERATED.replace("report", "bench"), "# Speed\n"]
    told += [f"Medians of {ROUNDS} rounds in which oracle and fast form take turns.\n"]
    for title, found in groupby(lines, key=itemgetter("section")):
        rows = list(found)
        heads = overhead.COLUMNS if title == SHARED[-1] else COLUMNS
        cells = [[row[name] for name in COLUMNS[: len(heads)]] for row in rows]
        head = title[:1].upper() + title[1:] if title == SHARED[-1] else title
        told += [f"\n## {head}\n", f"{rows[0]['where']}.\n", markdown(heads, cells)]
    told += [scale.section(scale.kept(reports))]  # measured by itself: it takes long
    return "\n".join(told)
