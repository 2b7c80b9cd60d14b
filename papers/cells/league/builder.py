"""Builds the table of truth: `python -m papers.cells.builder T1 --jobs 2`.

Work is cut into batches of a few classes with all their seeds; processes of one thread each train
them side by side (a GPU trains larger batches in one process), and the parent alone appends what
comes back to a file of JSON lines. Stop it whenever you like: the same command goes on where it
stopped, and a torn last line is left out. At the end, and with `--merge` at any time, rows are
merged into the committed table, together with those of every other space that are there; a table
may hold part of a space, and says so when somebody wants to read it as that space's truth.

Afterwards `--top` gives the classes near the best one seven seeds more, until all that are near it
by their means have ten.
"""

from __future__ import annotations

import argparse
import json
import multiprocessing
from collections.abc import Iterator, Sequence
from dataclasses import asdict
from functools import lru_cache
from pathlib import Path
from statistics import fmean

import torch
from rich.progress import Progress

from harness.paper import Refused, require
from harness.training import device
from papers.cells.child import mnist1d
from papers.cells.league import truth
from papers.cells.league.league import verified
from papers.cells.space.classes import Graph
from papers.cells.space.edge import SPACES, T2, EdgeSpace

WORK = Path("runs") / "cells"
CLASSES = {"cpu": 4, "cuda": 256}  # in a batch

Batch = tuple[list[str], tuple[int, ...], str]  # row names, seeds, device


def header() -> truth.Header:
    """Return what a table built now is made with."""
    return truth.Header(mnist1d.RECIPE.digest, _signals("cpu").digest, torch.__version__)


@lru_cache(maxsize=1)
def _signals(where: str) -> mnist1d.Signals:
    return mnist1d.Signals.load(mnist1d.RECIPE, where)


def train(batch: Batch) -> list[truth.Row]:
    """Train one batch of classes, every seed of each."""
    names, seeds, where = batch
    device.prepare(where)
    asked = [(name, seed) for name in names for seed in seeds]
    children = [(truth.code_of(name), seed) for name, seed in asked]
    done = mnist1d.train(T2, children, _signals(where), mnist1d.RECIPE)
    return [
        truth.row(name, seed, (*child.val, child.test, child.train_loss, child.seconds))
        for (name, seed), child in zip(asked, done, strict=True)
    ]


def batches(names: Sequence[str], where: str, seeds: tuple[int, ...] = truth.SEEDS) -> list[Batch]:
    """Cut the work into batches of cells that are alike: like cells share their calls."""

    def likeness(name: str) -> tuple[list[int], str]:
        sources = [T2.edges[edge][0] for edge in Graph(T2, truth.code_of(name)).live]
        return [sources.count(node) for node in range(T2.nodes - 1)], name

    ordered = sorted(names, key=likeness)
    size = CLASSES[where]
    pieces = [ordered[start : start + size] for start in range(0, len(ordered), size)]
    return [(piece, seeds, where) for piece in pieces]


def appended(path: Path, made: truth.Header) -> list[truth.Row]:
    """Return the rows of a work file, without a torn last line; begin the file if there is none.

    Raises:
        Refused: the file was made with another recipe or other data.
    """
    if not path.exists():
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(json.dumps(asdict(made)) + "\n")
        return []
    text = path.read_text()
    whole = text[: text.rfind("\n") + 1]
    if whole != text:
        path.write_text(whole)
    head, *lines = whole.splitlines()
    truth.Header(**json.loads(head)).require(made.recipe, made.data, path)
    return [truth.Row(**json.loads(line)) for line in lines]


def build(space: EdgeSpace, path: Path, jobs: int, where: str) -> list[truth.Row]:
    """Train what is missing of a space, appending to the work file; return all known rows.

    What the committed table has already is not trained again.
    """
    rows = _rows(path)
    done = {(row.cell, row.seed) for row in rows}
    left = sorted({name for name, seed in truth.needed(space) if (name, seed) not in done})
    return rows + _trained(space, path, batches(left, where), jobs)


def top(space: EdgeSpace, path: Path, jobs: int, where: str) -> list[truth.Row]:
    """Train what classes near the top lack, as `build` does, until none near it lacks a seed.

    Who is near changes with every seed: means of three that were lucky come down.
    """
    rows = _rows(path)
    while left := sorted({name for name, _ in _table(rows).lacking(space)}):
        rows += _trained(space, path, batches(left, where, truth.MORE), jobs)
    return rows


def _rows(path: Path) -> list[truth.Row]:
    """Return the rows of the committed table and of the work file."""
    made = header()
    return list(known(made).values()) + appended(path, made)


def _table(rows: Sequence[truth.Row]) -> truth.Table:
    """Return a table of rows, each once."""
    return truth.Table(header(), {(row.cell, row.seed): row for row in rows}.values())


def _trained(space: EdgeSpace, path: Path, work: Sequence[Batch], jobs: int) -> list[truth.Row]:
    """Train batches, appending to the work file; return their rows."""
    rows: list[truth.Row] = []
    where = work[0][2] if work else "cpu"
    with path.open("a") as journal, Progress() as progress:
        bar = progress.add_task(f"{space.name}: trainings", total=sum(map(_size, work)))
        for fresh in _each(work, jobs if where == "cpu" else 1):
            journal.writelines(json.dumps(asdict(row)) + "\n" for row in fresh)
            journal.flush()
            rows += fresh
            progress.advance(bar, len(fresh))
    return rows


def _size(batch: Batch) -> int:
    names, seeds, _ = batch
    return len(names) * len(seeds)


def _each(work: Sequence[Batch], jobs: int) -> Iterator[list[truth.Row]]:
    if jobs == 1:
        yield from map(train, work)
        return
    with multiprocessing.get_context("spawn").Pool(jobs) as pool:
        yield from pool.imap_unordered(train, work)


def merge(rows: Sequence[truth.Row], path: Path = truth.COMMITTED) -> truth.Table:
    """Add rows to the committed table; a row that is there already stays."""
    made = header()
    found = known(made, path)
    for row in rows:
        found.setdefault((row.cell, row.seed), row)
    table = truth.Table(made, found.values())
    truth.write(table, path)
    return table


def known(made: truth.Header, path: Path = truth.COMMITTED) -> dict[tuple[str, int], truth.Row]:
    """Return the committed table's rows by cell and seed; none where there is no table.

    Raises:
        Refused: the table was made with another recipe or other data.
    """
    if not path.exists():
        return {}
    before = truth.read(path)
    before.header.require(made.recipe, made.data, path)
    return {(row.cell, row.seed): row for row in before.rows}


def drift(table: truth.Table, count: int, stream: int = 0) -> float:
    """Retrain rows drawn at random; return the mean absolute difference in test accuracy."""
    generator = torch.Generator().manual_seed(stream)
    chosen = torch.randperm(len(table.rows), generator=generator)[:count].tolist()
    old = [table.rows[place] for place in chosen]
    children = [(truth.code_of(row.cell), row.seed) for row in old]
    fresh = mnist1d.train(T2, children, _signals("cpu"), mnist1d.RECIPE)
    return fmean(abs(a.test - b.test) for a, b in zip(old, fresh, strict=True))


def main(arguments: Sequence[str]) -> str:
    """Build a space's table, or check the committed one for drift; return what to say.

    Raises:
        Refused: an unknown space, no process, no row to retrain, a GPU that is not there.
    """
    parser = argparse.ArgumentParser(prog="python -m papers.cells.builder", description=__doc__)
    parser.add_argument("space", help=f"one of {', '.join(SPACES)}")
    parser.add_argument("--jobs", type=int, default=2, help="processes of one thread each")
    parser.add_argument("--device", default="cpu", choices=tuple(CLASSES))
    parser.add_argument("--merge", action="store_true", help="train nothing, merge what is there")
    parser.add_argument("--top", action="store_true", help="more seeds for classes near the best")
    parser.add_argument("--drift", type=int, metavar="N", help="retrain N rows and compare")
    given = parser.parse_args(arguments)
    space = SPACES[require(given.space, SPACES, "space")]
    for name in ("jobs", "drift"):
        if (number := getattr(given, name)) is not None and number < 1:
            raise Refused(f"--{name} {number}: must be at least 1")
    if given.device == "cuda" and not torch.cuda.is_available():
        raise Refused("--device cuda: no usable GPU on this machine; did you mean 'cpu'?")
    device.prepare(given.device)
    if given.drift:
        apart = drift(verified(), given.drift)
        return f"mean |difference| of {given.drift} retrained rows: {apart:.4f}"
    path = WORK / f"{mnist1d.RECIPE.digest}.jsonl"
    if given.merge:
        table = merge(appended(path, header()))
        told = table.problems(space) or [f"{space.name} is whole"]
        return f"{truth.COMMITTED}: {len(table.rows)} rows; {'; '.join(told)}"
    table = merge((top if given.top else build)(space, path, given.jobs, given.device))
    table.require_whole(space)
    return f"{truth.COMMITTED}: {len(table.rows)} rows; {space.name} is whole"
