"""`status`: what became of the trials, counted by experiment, and each that is not complete."""

from __future__ import annotations

import json
import re
import sys
import time
from collections import Counter, defaultdict
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from rich.console import Console

from harness.cli.screen import LINE, TABLE
from harness.plan import discover
from harness.run import state
from harness.run.state import State
from harness.show.table import Table
from harness.words import duration

GROUPS, LISTED = 40, 10  # lines of the table, and of each list below it
URGENT = (state.RUNNING, state.FAILED, state.DAMAGED, state.KILLED, state.STOPPED, state.CUT)
LISTS = (*URGENT, state.WAITS)
HELD = re.compile(r"process (\d+) on ([^,]*)(?:, job (.*))?")
GOES_ON = (
    "what waits, was stopped or was killed goes on when the same `run` is typed again; what was "
    "cut with --no-guard; what is damaged starts over with --fresh"
)


@dataclass(frozen=True)
class Selection:
    """Which trials are meant; empty: all."""

    papers: Collection[str] = ()
    budgets: Collection[str] = ()

    @classmethod
    def of(cls, papers: Sequence[str] | None, budgets: Sequence[str] | None) -> Selection:
        """Return the selection of folders and budgets.

        Raises:
            Refused: a folder that holds no paper.
        """
        return cls({folder.name for folder in discover.load_each(papers or ())}, budgets or ())

    def has(self, each: State) -> bool:
        """Tell whether a trial is meant; nobody knows of one that cannot be read what it is."""
        budget = str(each.spec.get("budget", "")).split(",")[0]
        return not each.spec or (
            (not self.papers or each.spec["paper"] in self.papers)
            and (not self.budgets or budget in self.budgets)
        )


def show_status(runs: Path, selection: Selection, as_json: bool, console: Console) -> int:
    """Print what became of the trials below `runs`; return 1 when one is damaged.

    Raises:
        Refused: `runs` is no folder, or cannot be read.
    """
    states = [each for each in state.survey(runs) if selection.has(each)]
    if as_json:
        sys.stdout.write(json.dumps(as_data(runs, states), indent=1) + "\n")
    else:
        _print(runs, states, console)
    return 1 if any(each.word == state.DAMAGED for each in states) else 0


def _print(runs: Path, states: Sequence[State], console: Console) -> None:
    if not states:
        console.print(f"no trials in {runs}/: nothing like that ran or waits there", **LINE)
        return
    counts = Counter(each.word for each in states)
    said = ", ".join(f"{counts[word]:,} {word}" for word in state.WORDS if counts[word])
    noun = "trial" if len(states) == 1 else "trials"
    console.print(f"{len(states):,} {noun} in {runs}/: {said}", **LINE)
    table, more = summary(states)
    console.print(table, **TABLE)
    if more:
        console.print(f"and {more} experiments of which every trial is complete", **LINE)
    now = time.time()
    for word in LISTS:
        own = [each for each in states if each.word == word]
        for each in own[:LISTED]:
            console.print(f"{word}: {told(each, now)}", **LINE)
        if own[LISTED:]:
            rest = len(own) - LISTED
            console.print(f"{word}: and {rest:,} more (--json lists all)", **LINE)
    if set(counts) - {state.COMPLETED, state.RUNNING, state.FAILED}:
        console.print(GOES_ON, **LINE)


def summary(states: Sequence[State]) -> tuple[Table, int]:
    """Return a table, a line per experiment and budget, and how many complete ones it lacks."""
    groups: defaultdict[tuple[str, ...], Counter[str]] = defaultdict(Counter)
    for each in states:
        known = (str(each.spec.get(name, "?")) for name in ("paper", "experiment", "budget"))
        groups[tuple(known)][each.word] += 1
    shown = list(groups.items())
    if len(shown) > GROUPS:
        open_first = [item for item in shown if set(item[1]) != {state.COMPLETED}]
        shown = [*open_first, *(item for item in shown if item not in open_first)][:GROUPS]
        shown.sort(key=lambda item: item[0])
    words = [word for word in state.WORDS if any(counts[word] for counts in groups.values())]
    table = Table("", ("experiment", "budget", *words), right=words)
    for (paper, experiment, budget), counts in shown:
        cells = (f"{counts[word]:,}" if counts[word] else "" for word in words)
        table.add(f"{paper}: {experiment}", budget, *cells)
    return table, len(groups) - len(shown)


def told(each: State, now: float) -> str:
    """Return a line on a trial: what it is, and why it ended or how far it is."""
    if each.word != state.RUNNING:
        return f"{each.name}: {each.why}" if each.why else each.name
    return f"{each.name}: {'; '.join([each.holder, *_progress(each, now)])}"


def _progress(each: State, now: float) -> Iterator[str]:
    if each.beat:
        done = "" if each.share is None else f", {each.share:.0%} of the whole"
        turn = f"turn {each.beat['turn']:,} of {each.beat['horizon']:,}"
        yield f"{each.beat['phase']} {turn}{done}"
    if each.left is not None:
        yield f"about {duration(each.left)} left"
    yield f"runs for {_ago(each.since, now)}"
    yield f"last sign of life {_ago(each.seen, now)} ago"


def _ago(moment: float, now: float) -> str:
    return duration(max(0.0, now - moment))  # a file server's clock may be ahead


def as_data(runs: Path, states: Sequence[State]) -> dict[str, Any]:
    """Return everything that is known, for programs."""
    counts = Counter(each.word for each in states)
    return {
        "runs": str(runs),
        "counts": {word: counts[word] for word in state.WORDS},
        "trials": [_record(each) for each in states],
    }


def _record(each: State) -> dict[str, Any]:
    record: dict[str, Any] = {"trial": each.trial, "folder": str(each.folder), "state": each.word}
    record |= {name: each.spec.get(name) for name in state.TOLD if name != "trial"}
    record |= {"why": each.why}
    if each.word == state.RUNNING:
        named = HELD.fullmatch(each.holder)
        process, host, job = named.groups() if named else (None, None, None)
        record |= {"holder": each.holder, "process": process and int(process)}
        record |= {"host": host, "job": job, "progress": dict(each.beat)}
        record |= {"share": each.share, "seconds_left": each.left}
        record |= {"since": each.since, "seen": each.seen}
    return record
