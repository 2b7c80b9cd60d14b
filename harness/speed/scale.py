"""What commands cost where there are thousands of trials: the table of scale in bench.md.

Processor seconds, of a command and all that it started, so that other work on the machine counts
little. The table is kept as data, reports/scale.csv: lines of the first commit that was measured
stay beside those of the newest one.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

from rich.console import Console

from harness.record import sheet
from harness.record.provenance import collect, commit_of
from harness.run import launch, session
from harness.run.home import HEARTBEAT
from harness.run.runner import Outcome
from harness.show.table import Table
from harness.speed import crowd

COUNTS = (100, 1_000, 10_000)
IMPORTED = 100  # trials that are brought into MLflow: a database takes its time
KEPT = "scale.csv"
HEAD = "\n## Scale\n"  # of the last section of bench.md
TYPES: sheet.Types = {
    **dict.fromkeys(("commit", "what"), str),
    **dict.fromkeys(("trials", "mib"), int),
    "seconds": float,
}
# a child's peak is never told below that of who starts it: this one is small
TIMER = """
import json, resource, subprocess, sys
done = subprocess.run(sys.argv[1:], stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
used = resource.getrusage(resource.RUSAGE_CHILDREN)
told = done.returncode, done.stdout.decode(errors="replace")
print(json.dumps([used.ru_utime + used.ru_stime, used.ru_maxrss // 1024, *told]))
"""
WATCHED = "import sys; from harness.speed import scale; scale.watched(sys.argv[1])"
LOOKS, SETTLED = 20, 100  # looks that are timed, and after which what ended has been told
BEAT = {"phase": "train", "turn": 50, "horizon": 200, "steps": 50, "seconds": 1.0, "metrics": {}}
NOTE = (
    "A throw-away paper: a hundred trials of each experiment, ten rows of four metrics of each, "
    "one experiment in ten with eight members. Seconds of processor time, imports included, and "
    "the peak of memory; a look is one round of the watching process, with two trials that run. "
    "Other work ran on the machine meanwhile.\n"
)


def run(reports: Path | None, counts: Sequence[int] = COUNTS) -> Iterator[Table]:
    """Measure this commit; keep and show it beside the first one that was measured."""
    commit = commit_of(Path(__file__).parent)[0]
    fresh = [line for count in counts for line in measure(commit, count)]
    known = [] if reports is None else kept(reports)
    first = [line for line in known if line["commit"] == known[0]["commit"] != commit]
    lines = [*first, *fresh]
    if reports is not None:
        page = reports / "bench.md"
        others = page.read_text(encoding="utf-8").partition(HEAD)[0] if page.exists() else ""
        text = others.rstrip("\n") + "\n" + section(lines)
        sheet.replace({reports / KEPT: sheet.text(TYPES, lines), page: text})
    heads = columns(lines)
    table = Table("scale", heads, prose=heads[:1], right=heads[1:])
    for row in rows(lines):
        table.add(*row)
    yield table


def kept(reports: Path) -> list[sheet.Record]:
    """Return what was measured, the first commit first; nothing where nothing was.

    Raises:
        Refused: the file is not as it was written.
    """
    path = reports / KEPT
    return [line for _, line in sheet.read(path, TYPES)] if path.exists() else []


# -- measuring ------------------------------------------------------------------------------------


def measure(commit: str, count: int) -> Iterator[sheet.Record]:
    """Yield a line for each thing that is done with so many trials."""
    with tempfile.TemporaryDirectory() as name:
        home = Path(name)
        folder, runs = crowd.paper(home, count), home / "runs"
        crowd.fill(crowd.specs(folder), runs)
        for what, command in commands(folder, runs, home / "reports", count).items():
            seconds, mib, _ = timed(command)
            yield line(commit, what, count, seconds, mib)
        _, mib, said = timed([sys.executable, "-c", WATCHED, str(folder)])
        for what, seconds in json.loads(said).items():
            yield line(commit, what, count, seconds, mib)


def line(commit: str, what: str, count: int, seconds: float, mib: int) -> sheet.Record:
    """Return one measurement."""
    told = (commit, what, count, mib, round(seconds, 6))
    return dict(zip(TYPES, told, strict=True))


def commands(folder: Path, runs: Path, reports: Path, count: int) -> dict[str, list[str]]:
    """Return what is timed, in this order: the first report writes, the second one reads too."""
    python = [sys.executable, "-m"]
    harness = [*python, "harness"]
    places = ["--runs", str(runs), "--reports", str(reports)]
    asked = [*harness, "run", str(folder), "--budget", crowd.BUDGET, "--device", "cpu"]
    found = {
        "run --plan": [*asked, "--plan"],
        "run, all complete": [*asked, "--no-tracking", "--runs", str(runs)],
        "report": [*harness, "report", str(folder), *places],
        "report, again": [*harness, "report", str(folder), *places],
        "verify": [*harness, "verify", str(folder), *places],
        "status": [*harness, "status", "--runs", str(runs)],
    }
    if count <= IMPORTED:
        found["record"] = [*python, "harness.record", str(runs)]
    return found


def timed(command: Sequence[str]) -> tuple[float, int, str]:
    """Return a command's processor seconds, its peak of memory in MiB and what it said.

    Raises:
        RuntimeError: it failed.
    """
    done = subprocess.run([sys.executable, "-c", TIMER, *command], capture_output=True, check=True)
    seconds, mib, code, text = json.loads(done.stdout)
    if code:
        raise RuntimeError(f"{' '.join(command)}: {text[-500:]}")
    return seconds, mib, text


def watched(folder: str) -> None:
    """Print what a run costs its watching process, as JSON: nothing of it trains.

    Two trials run; then half of the others have ended.
    """
    found: dict[str, float] = {}
    specs = crowd.specs(Path(folder))
    runs = Path(folder).parent / "watched"
    begin = time.process_time()
    trials = session.prepare(specs, runs)
    found["prepare"] = time.process_time() - begin

    def start(
        todo: Sequence[Path], host: launch.Machine, pace: Any, watch: Callable[[], None]
    ) -> dict[Path, Outcome]:
        origin = collect("some CPU", 1, "avx2")
        plans = trials.specs
        for each in todo[:2]:
            crowd.begin(plans[each], each, origin)
            (each / HEARTBEAT).write_text(json.dumps(BEAT), encoding="utf-8")
        found["a look, all wait"] = _look(watch)
        for each in todo[2 : len(todo) // 2]:
            crowd.write(plans[each], each, origin)
        for _ in range(SETTLED):
            watch()
        found["a look, half have ended"] = _look(watch)
        return dict.fromkeys(todo, Outcome("completed"))

    site = session.Site(runs, tracking=False)
    with Path(os.devnull).open("w", encoding="utf-8") as sink:
        screen = Console(file=sink, force_terminal=True, width=120)
        session.conduct(trials, launch.Machine(2), site, start, screen)
    sys.stdout.write(json.dumps(found))


def _look(watch: Callable[[], None]) -> float:
    begin = time.process_time()
    for _ in range(LOOKS):
        watch()
    return (time.process_time() - begin) / LOOKS


# -- the section of bench.md ----------------------------------------------------------------------


def section(lines: Sequence[sheet.Record]) -> str:
    """Return the section of bench.md; nothing where nothing was measured."""
    from harness.show.pages import markdown

    return f"{HEAD}\n{NOTE}\n{markdown(columns(lines), rows(lines))}" if lines else ""


def columns(lines: Sequence[sheet.Record]) -> list[str]:
    """Return the names of the table's columns: one of each commit and number of trials."""
    return ["what", *(f"{commit}: {count:,} trials" for commit, count in _cells(lines))]


def rows(lines: Sequence[sheet.Record]) -> list[list[str]]:
    """Return a row of each thing that was timed."""
    told = {(each["what"], each["commit"], each["trials"]): each for each in lines}
    names = dict.fromkeys(each["what"] for each in lines)
    return [[name, *(_cell(told.get((name, *cell))) for cell in _cells(lines))] for name in names]


def _cells(lines: Sequence[sheet.Record]) -> list[tuple[str, int]]:
    return list(dict.fromkeys((each["commit"], each["trials"]) for each in lines))


def _cell(found: sheet.Record | None) -> str:
    if found is None:
        return "–"
    if "look" in found["what"]:
        return f"{1e3 * found['seconds']:.3g} ms"
    return f"{found['seconds']:.3g} s, {found['mib']} MiB"
