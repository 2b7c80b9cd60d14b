"""Journals as the runner writes them, made without running a trial."""

from __future__ import annotations

import fcntl
import math
from pathlib import Path
from typing import IO, ClassVar

from harness.record.journal import Journal

MADE = {"commit": "abc", "dirty": False, "python": "3.11", "torch": "2.13", "device": "Some CPU"}


def spec_of(name: str, seed: int = 0) -> dict:
    return {
        **{"trial": name, "paper": "tiny", "folder": "papers/tiny", "experiment": "fit/mlp"},
        **{"task": "digits", "budget": "smoke", "seed": seed, "overrides": "", "threads": 1},
        **{"device": "cpu", "code": "c0de", "config": {"lr": 0.1, "retrain": {"epochs": 3}}},
    }


class Lab:
    """Writes the journal of one trial as the runner does."""

    open: ClassVar[list[Journal]] = []
    locks: ClassVar[list[IO[str]]] = []

    def __init__(self, runs: Path, name: str, seed: int = 0) -> None:
        self.folder = runs / "tiny" / "fit" / "mlp" / "smoke" / f"seed{seed}-{name}"
        self.folder.mkdir(parents=True, exist_ok=True)
        self.journal = Journal(self.folder)
        self.open.append(self.journal)
        self.journal.append("start", spec=spec_of(name, seed), provenance=MADE)

    def data(self) -> Lab:
        self.journal.append("data", name="digits", hash="d" * 32 + ".dir")
        return self

    def restored(self, rows: int) -> Lab:
        self.journal.append("restored", rows=rows, seconds=0.5 * rows)
        return self

    def row(self, index: int, turn: int, phase: str = "train", **values: object) -> Lab:
        spent = {"steps": 10.0 * turn, "seconds": 0.5 * turn, "flops": 100.0 * turn}
        self.journal.append("row", index=index, phase=phase, turn=turn, values=values, **spent)
        return self

    def rows(self, begin: int, end: int) -> Lab:
        for index in range(begin, end):
            self.row(index, index + 1, accuracy=index / 10)
        return self

    def held(self) -> Lab:
        """Hold the trial's lock until the journal is closed, as who runs it does."""
        handle = (self.folder / "lock").open("w")
        fcntl.flock(handle, fcntl.LOCK_EX)
        self.locks.append(handle)
        return self

    def free(self) -> Lab:
        while self.locks:
            self.locks.pop().close()
        return self

    @classmethod
    def leave(cls) -> None:
        """Close all journals and give back all locks."""
        for handle in (*cls.locks, *cls.open):
            handle.close()
        cls.locks.clear()
        cls.open.clear()

    def end(self, status: str = "completed", stopped_by: str = "length", error: str = "") -> Lab:
        cost = {"train": {"turns": 4, "steps": 40, "seconds": 2.0, "flops": 400.0}}
        self.journal.append("end", status=status, stopped_by=stopped_by, error=error, cost=cost)
        return self


def six(runs: Path) -> None:
    """Six trials: ended in all three ways, stacked members, strings, artifacts, still running."""
    Lab(runs, "t0").data().restored(0).rows(0, 4).end()
    Lab(runs, "t1", 1).rows(0, 2).end("failed", "", "ValueError: no")
    Lab(runs, "t2", 2).rows(0, 3).end("stopped", "request")
    stacked = Lab(runs, "t3", 3).data()
    for index in range(6):
        turn, member = divmod(index, 3)
        stacked.row(index, turn + 1, accuracy=float(turn + member), member=member)
    stacked.end()
    made = Lab(runs, "t4", 4).row(0, 1, genotype="0123", good=True, loss=math.nan).end()
    (made.folder / "artifacts" / "deep").mkdir(parents=True)
    (made.folder / "artifacts" / "deep" / "cell.json").write_text("[1]")
    (made.folder / "spec.json").write_text("{}")
    Lab(runs, "t5", 5).rows(0, 2).held()
