"""A whole paper in a temporary folder, and the spec and folder of one of its trials."""

from __future__ import annotations

import hashlib
import importlib
import signal
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest

from harness import budget
from harness.budget import Budget
from harness.plan import discover, specs
from harness.plan.specs import Spec
from harness.run import launch, runner
from harness.run.runner import Outcome
from harness.trial import Pace

PAPER = '''
"""A paper that nobody wrote."""

from dataclasses import dataclass

from harness.checks import AtLeast
from harness.paper import Claim, Experiment, Paper, Phase, Published, Task


@dataclass(frozen=True)
class Config:
    """What the authors chose, and the accidents that a test asks for."""

    steps: int = 40
    eval_every: int = 3
    cost: int = 2
    sleep: float = 0.0  # seconds per turn
    fail_at: int = -1  # the turn that raises
    nan_at: int = -1  # the turn whose row is not a number
    term_at: int = -1  # the turn that gets SIGTERM
    kill_at: int = -1  # the turn that kills its own process ...
    kills: int = 1  # ... in so many attempts


TASK = Task("throwaway", "none", "as it comes", "loss", "", "min")

PAPER = Paper(
    title="A throw-away paper",
    authors="Nobody",
    year=2000,
    url="https://example.org",
    experiments=[
        Experiment(
            name,
            TASK,
            Config(),
            run="method:run",
            phases={"train": Phase("steps", cost="cost")},
            reduced={"check": {"steps": 12}, "smoke": {"steps": 20}, "nightly": {"steps": 30}},
            seeds=SEEDS,
        )
        for name in EXPERIMENTS
    ],
    claims=[
        Claim(
            "loss",
            "the loss is a square",
            "Table 1",
            Published("0.5", 0.5, unit="%", dataset="none"),
            AtLeast(EXPERIMENTS[0], "loss", 0.0),
            budgets=("smoke", "nightly", "paper"),
            measure="the last loss",
            kind="headline",
            margin_from="paper",
        )
    ],
    deviations=["it is not a paper"],
)
'''

METHOD = '''
"""A walk of one weight."""

import os
import random
import signal
import time


class Model:
    def __init__(self, seed):
        self.random, self.weight = random.Random(seed), 1.0

    def update(self):
        self.weight -= 0.1 * (self.weight - self.random.random())

    def state_dict(self):
        return {"weight": self.weight, "random": self.random.getstate()}

    def load_state_dict(self, state):
        self.weight = state["weight"]
        self.random.setstate(state["random"])


def run(config, trial):
    model = Model(trial.stream("model"))
    trial.restore(model=model)
    for turn in trial.meter.steps("train"):
        time.sleep(config.sleep)
        accidents(config, trial, turn)
        model.update()
        if turn % config.eval_every == 0 or turn == config.nan_at:
            with trial.meter.paused():
                loss = model.weight**2
            yield {"loss": float("nan") if turn == config.nan_at else loss}
    yield {"loss": model.weight**2}


def accidents(config, trial, turn):
    if turn == config.fail_at:
        raise RuntimeError("this turn fails")
    if turn == config.term_at:
        os.kill(os.getpid(), signal.SIGTERM)
    if turn == config.kill_at:
        deaths = len(list(trial.artifacts.glob("death*")))
        if deaths < config.kills:
            (trial.artifacts / f"death{deaths}").touch()
            os.kill(os.getpid(), signal.SIGKILL)
'''

TORCH = '''
"""A linear model that draws its data from torch's global stream."""

import torch


def run(config, trial):
    torch.manual_seed(trial.stream("model"))
    model = torch.nn.Linear(3, 1)
    optimiser = torch.optim.Adam(model.parameters(), lr=0.1)
    trial.restore(model=model, optimiser=optimiser)
    for turn in trial.meter.steps("train"):
        loss = model(torch.randn(8, 3)).square().mean()
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
        if turn % config.eval_every == 0:
            with trial.meter.paused():
                yield {"loss": loss.item()}
    yield {"loss": model.weight.square().sum().item()}
'''


def make_paper(
    parent: Path,
    name: str = "sixth",
    body: str = METHOD,
    experiments: Sequence[str] = ("fit",),
    seeds: Mapping[str, int] | None = None,
) -> Path:
    """Write a paper's folder below `parent` and return it.

    Its name ends in a digest of where it is, because Python keeps one module per name. `body` is
    its method.py (METHOD, TORCH, or a test's own text).
    """
    digest = hashlib.sha256(str((parent / name).resolve()).encode()).hexdigest()[:8]
    folder = parent / f"{name}_{digest}"
    folder.mkdir(parents=True)
    known = f"EXPERIMENTS = {list(experiments)!r}\nSEEDS = {dict(seeds or {})!r}\n\n\n"
    text = PAPER.lstrip().replace("@dataclass", known + "@dataclass", 1)
    (folder / "paper.py").write_text(text)
    (folder / "method.py").write_text(body.lstrip())
    (folder / "README.md").write_text("# A throw-away paper\n")
    importlib.invalidate_caches()
    return folder


@pytest.fixture
def as_found(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Put back what a trial that runs in this process sets for the whole process.

    Import it and say `pytestmark = pytest.mark.usefixtures("as_found")`.
    """
    import torch

    monkeypatch.setattr(runner, "asked_to_stop", False)
    threads, exact = torch.get_num_threads(), torch.are_deterministic_algorithms_enabled()
    handlers = {number: signal.getsignal(number) for number in (signal.SIGTERM, signal.SIGINT)}
    yield
    torch.set_flush_denormal(False)
    torch.set_num_threads(threads)
    torch.use_deterministic_algorithms(exact)
    assert {number: signal.getsignal(number) for number in handlers} == handlers


def forget(package: str) -> None:
    """Let the files of a throw-away paper be read again; this project's own stay."""
    if "." not in package:
        for name in [n for n in sys.modules if n == package or n.startswith(f"{package}.")]:
            del sys.modules[name]
        importlib.invalidate_caches()


@pytest.fixture
def in_process(as_found: None, monkeypatch: pytest.MonkeyPatch) -> None:
    """Run trials in this process, where a test asks nothing of workers: they load torch each.

    Like a worker it reads a throw-away paper's files anew. Import it together with `as_found`.
    """

    def run(
        folders: Sequence[Path], host: launch.Machine, pace: Pace, watch: Callable[[], None]
    ) -> dict[Path, Outcome]:
        outcomes = {}
        for folder in folders:
            forget(discover.dotted(Path(Spec.read(folder).folder)))
            outcomes[folder] = runner.execute(folder, pace)
            watch()
        return outcomes

    monkeypatch.setattr(launch, "run", run)


def spec_for(
    folder: Path,
    experiment: str = "fit",
    budget_name: str | Budget = "check",
    seed: int = 0,
    **config: Any,
) -> Spec:
    """Return the spec of one trial: `spec_for(folder, steps=5, fail_at=3)`."""
    chosen = budget.named(budget_name) if isinstance(budget_name, str) else budget_name
    settings = [f"{field}={value}" for field, value in config.items()]
    request = specs.Request([experiment], chosen, [seed], settings)
    (spec,) = specs.plan(discover.load(folder), request)
    return spec


def home(folder: Path, runs: Path, experiment: str = "fit", **choices: Any) -> Path:
    """Write the spec of one trial (see `spec_for`) below `runs`; return the trial's folder."""
    spec = spec_for(folder, experiment, **choices)
    path = spec.home(runs)
    spec.write(path)
    return path
