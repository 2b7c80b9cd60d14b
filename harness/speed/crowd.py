"""A throw-away paper and the folders of thousands of its trials, ended or waiting; nothing trains.

Journals are written as the runner writes them, so that whatever reads trials reads these.
"""

from __future__ import annotations

import random
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from dataclasses import asdict
from pathlib import Path
from typing import Any

from harness import budget
from harness.plan import discover
from harness.plan.specs import Request, Spec, plan
from harness.record.journal import Journal
from harness.record.provenance import collect

SEEDS = 100  # of every experiment
STACKED, MEMBERS = 10, 8  # one experiment in so many trains so many members at once
TURNS, ROWS = 200, 10  # of a trial, and of each of its members
BUDGET = "nightly"
WRITERS = 16

PAPER = '''
"""Many experiments that nobody ran."""

from dataclasses import dataclass

from harness.checks import AtLeast, Ordering
from harness.paper import Claim, Experiment, Paper, Phase, Published, Task


@dataclass(frozen=True)
class Config:
    """About as long as the config of a study."""

    width: int = 64
    steps: int = 400
    eval_every: int = 20
    members: int = 1
    batch: int = 100
    rate: float = 0.01
    decay: float = 0.0001
    schedule: tuple[float, ...] = (0.5, 0.75, 0.9)
    optimizer: str = "adam"


TASK = Task("crowd", "none", "as it comes", "test_error", "%", "min")
NAMES = [f"group{i // 10}/width{i}" for i in range(EXPERIMENTS)]

PAPER = Paper(
    title="A crowd",
    authors="Nobody",
    year=2000,
    url="https://example.org",
    experiments=[
        Experiment(
            name,
            TASK,
            Config(width=64 + i, members=1 if i % STACKED else MEMBERS),
            run="method:run",
            phases={"train": Phase("steps")},
            replicates="members",
            reduced={"nightly": {"steps": TURNS}},
            seeds={"nightly": SEEDS},
            expected={"nightly": 5.0},
        )
        for i, name in enumerate(NAMES)
    ],
    claims=[
        Claim(
            f"error-{i}",
            "it errs",
            "Table 1",
            Published("10", 10.0, unit="%", dataset="none"),
            AtLeast(NAMES[i], "test_error", 0.0),
            budgets=("nightly", "paper"),
            measure="the last error",
            kind="headline" if i == 0 else "supporting",
            margin_from="paper",
        )
        for i in range(0, EXPERIMENTS, 5)
    ],
)
'''
METHOD = '''
"""What the journals say was run."""


def run(config, trial):
    for _ in trial.meter.steps("train"):
        pass
    yield {"test_error": 1.0 / config.width}
'''


def paper(parent: Path, trials: int) -> Path:
    """Write a paper of so many trials, a hundred of each experiment; return its folder."""
    folder = parent / f"crowd{trials}"
    folder.mkdir(parents=True)
    known = {"EXPERIMENTS": max(1, trials // SEEDS), "SEEDS": SEEDS, "TURNS": TURNS}
    known |= {"STACKED": STACKED, "MEMBERS": MEMBERS}
    constants = "".join(f"{name} = {value}\n" for name, value in known.items())
    text = PAPER.lstrip().replace("@dataclass", f"{constants}\n\n@dataclass", 1)
    (folder / "paper.py").write_text(text, encoding="utf-8")
    (folder / "method.py").write_text(METHOD.lstrip(), encoding="utf-8")
    (folder / "README.md").write_text("# A crowd\n", encoding="utf-8")
    return folder


def specs(folder: Path) -> list[Spec]:
    """Return all trials of a paper."""
    request = Request(budget=budget.named(BUDGET), device="cpu", isa="native")
    return plan(discover.load(folder), request)


def fill(trials: Sequence[Spec], runs: Path) -> None:
    """Write the folders of trials that have ended."""
    origin = collect("some CPU", 1, "avx2")

    def end(spec: Spec) -> None:
        folder = spec.home(runs)
        spec.write(folder)
        write(spec, folder, origin)

    with ThreadPoolExecutor(WRITERS) as pool:  # most of the time is the disk's
        list(pool.map(end, trials))


def begin(spec: Spec, folder: Path, origin: dict[str, Any]) -> None:
    """Write the journal of a trial that has only begun."""
    with closing(Journal(folder)) as book:
        book.append("start", spec=asdict(spec), provenance=origin)


def write(spec: Spec, folder: Path, origin: dict[str, Any]) -> None:
    """Write the journal of one trial as if it had run to its end."""
    chance = random.Random(spec.seed)
    spent = {"steps": 0, "seconds": 0.0, "flops": 0.0}
    members = spec.config["members"]
    with closing(Journal(folder)) as book:
        book.append("start", spec=asdict(spec), provenance=origin)
        book.append("data", name="none", hash="d" * 32)
        for index, (turn, member) in enumerate(_places(members)):
            spent = {"steps": turn * members, "seconds": 0.025 * turn, "flops": 1e6 * turn}
            values: dict[str, Any] = _values(chance, turn)
            values |= {"member": member} if members > 1 else {}
            book.append("row", index=index, phase="train", turn=turn, values=values, **spent)
        cost = {"train": {"turns": TURNS, **spent}}
        book.append("end", status="completed", error="", stopped_by="length", cost=cost)


def _places(members: int) -> Iterator[tuple[int, int]]:
    for turn in range(TURNS // ROWS, TURNS + 1, TURNS // ROWS):
        for member in range(members):
            yield turn, member


def _values(chance: random.Random, turn: int) -> dict[str, float]:
    noise = chance.gauss(0.0, 0.01)
    return {
        "test_error": 0.1 + 1.0 / turn + noise,
        "test_loss": 0.3 + 2.0 / turn + noise,
        "train_error": 0.05 + 1.0 / turn + noise,
        "train_loss": 0.1 + 2.0 / turn + noise,
    }
