"""Speed of the hot paths beside their readable oracles: ratios within one run, never one time.

A paper's `bench.py` has `pairs() -> list[Pair]`: two ways to do the same thing, and a check that
they do; so has a folder that papers share, and `harness/speed/pipeline.py`. Some have a third, the
rival that a user would write first. All are timed in turn, so that a machine whose speed drifts
slows each of them.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from statistics import median
from typing import NamedTuple

from harness.pair import Pair
from harness.paper import Refused
from harness.plan.discover import Folder, Shared
from harness.plan.processor import NATIVE, resolved
from harness.record.provenance import collect
from harness.show.table import Table
from harness.speed import ledger, overhead

LEAST, MOST = 7, 15  # rounds, where none are asked for
SECONDS = 30.0  # of a pair, as long as it has its least number of rounds


class Lap(NamedTuple):
    """Seconds that one call took: the wall's, and all threads of this process together."""

    wall: float
    processor: float


@dataclass(frozen=True)
class Timing:
    """A pair and its rounds: in each a lap of oracle, fast form and, where there is one, rival."""

    pair: Pair
    rounds: Sequence[Sequence[Lap]]

    def middle(self, place: int) -> Lap:
        """Return the medians of one form's laps; 0: oracle, 1: fast form, 2: rival."""
        laps = [each[place] for each in self.rounds]
        return Lap(*(median(seconds) for seconds in zip(*laps, strict=True)))

    def ratios(self, place: int) -> list[float]:
        """Return how many times as long as the fast form another one took, in each round."""
        return [each[place].wall / each[1].wall for each in self.rounds]


@dataclass
class Site:
    """The machine that races are run on, and what its matrix products do with some threads."""

    name: str
    peaks: dict[int, float] = field(default_factory=dict)

    def peak(self, threads: int) -> float:
        """Return the FLOP/s of a float32 matrix product; measured once."""
        if threads not in self.peaks:
            from harness.training import metrics
            from harness.training.threads import using

            with using(threads):
                self.peaks[threads] = metrics.peak_flops()
        return self.peaks[threads]

    def __str__(self) -> str:
        """Say what was timed where: machine, instruction set, torch, commit, peaks."""
        origin = collect(self.name, 1, resolved(NATIVE))
        dirty = " with uncommitted changes" if origin["dirty"] else ""
        peaks = (
            f"{peak / 1e9:.0f} GFLOP/s with {count} thread{'' if count == 1 else 's'}"
            for count, peak in sorted(self.peaks.items())
        )
        return (
            f"{self.name}, {origin['isa']}, torch {origin['torch']}, commit "
            f"`{origin['commit']}`{dirty}; a float32 matrix product: {', '.join(peaks)}"
        )


def run(
    papers: Sequence[Folder | Shared], reports: Path | None, rounds: int | None = None
) -> Iterator[Table]:
    """Time every pair of papers and shared folders, and the harness's own cost; write bench.md.

    What was timed before of other folders stays, with the machine that it was timed on; what was
    timed of one that has no pairs any more goes.

    Raises:
        Refused: no such number of rounds.
    """
    if rounds is not None and rounds < 1:
        raise Refused(f"--rounds {rounds}: must be at least 1; leave it out for {LEAST} to {MOST}")
    return _timed(papers, reports, rounds)


def _timed(
    papers: Sequence[Folder | Shared], reports: Path | None, rounds: int | None
) -> Iterator[Table]:
    from harness.training import device  # torch loads when something is timed

    device.prepare("cpu", threads=1)
    site = Site(device.describe("cpu"))
    site.peak(1)
    for title, pairs in _sections(papers):
        rows: list[list[str]] = []
        for pair in pairs:
            rows.append(_row(pair, rounds, site))
            if reports is not None:
                ledger.keep(reports, title, str(site), rows, whole=len(rows) == len(pairs))
        if rows:
            yield _table(f"{title}, {site.name}", *ledger.said(rows))
        elif reports is not None:
            ledger.keep(reports, title, str(site), (), whole=True)
    cost = overhead.measure(reports)
    if reports is not None:
        ledger.keep(reports, ledger.COST, str(site), cost, whole=True)
    yield _table(ledger.COST, overhead.COLUMNS, cost)


def _row(pair: Pair, rounds: int | None, site: Site) -> list[str]:
    if pair.missing:
        return _untimed(pair)
    return _line(measure(pair, rounds), site.peak(pair.threads))


def _sections(papers: Sequence[Folder | Shared]) -> Iterator[tuple[str, list[Pair]]]:
    for folder in papers:
        yield f"papers/{folder.name}", folder.pairs()
    from harness.speed import pipeline

    yield ledger.SHARED[0], pipeline.pairs()


def measure(pair: Pair, rounds: int | None = None) -> Timing:
    """Check that all forms agree, warm up, then time them in turn, with the pair's threads.

    Without a number of rounds there are as many as have room in SECONDS, from LEAST to MOST.
    """
    from harness.training.threads import using

    forms = [pair.oracle, pair.fast] + ([pair.rival.form] if pair.rival else [])
    with using(pair.threads):
        pair.agree()
        once = sum(_lap(form).wall for form in forms)
        count = rounds or min(MOST, max(LEAST, int(SECONDS / max(once, 1e-9))))
        return Timing(pair, [[_lap(form) for form in forms] for _ in range(count)])


def _lap(work: Callable[[], object]) -> Lap:
    wall, processor = time.perf_counter(), time.process_time()
    work()
    return Lap(time.perf_counter() - wall, time.process_time() - processor)


def _line(timing: Timing, peak: float) -> list[str]:
    """Return a row of COLUMNS."""
    pair, rival = timing.pair, timing.pair.rival
    oracle, fast = timing.middle(0), timing.middle(1)
    last = timing.middle(2) if rival else None
    processor = [lap.processor for lap in (fast, oracle, last) if lap]
    return [
        pair.name,
        _milliseconds(oracle.wall, pair),
        _milliseconds(fast.wall, pair),
        _ratio(timing.ratios(0)),
        f"{_milliseconds(last.wall, pair)}: {rival.name}" if last and rival else "",
        _ratio(timing.ratios(2)) if rival else "",
        f"{pair.aim:.3g}" + (f", rival {rival.aim:.3g}" if rival else ""),
        f"{100 * pair.flops / fast.wall / peak:.0f} %" if pair.flops else "–",
        str(pair.threads),
        ", ".join(_milliseconds(seconds, pair) for seconds in processor),
        str(len(timing.rounds)),
        pair.note,
    ]


def _untimed(pair: Pair) -> list[str]:
    """Return a row of COLUMNS that says why there are no times."""
    said = {name: "–" for name in ledger.COLUMNS if name not in ledger.ADDED}
    said |= {"what": pair.name, "note": f"not timed: {pair.missing}; {pair.note}"}
    return [said.get(name, "") for name in ledger.COLUMNS]


def _milliseconds(seconds: float, pair: Pair) -> str:
    each = 1e3 * seconds / pair.units
    return f"{each:,.0f} ms" if each >= 1000 else f"{each:.3g} ms"


def _ratio(ratios: Sequence[float]) -> str:
    return f"{median(ratios):.2f} [{min(ratios):.2f}, {max(ratios):.2f}]"


def _table(title: str, columns: Sequence[str], rows: Sequence[Sequence[str]]) -> Table:
    table = Table(title, columns, prose=(columns[0], columns[-1]))
    for row in rows:
        table.add(*row)
    return table
