"""From what the user asked for to the list of trials: resolved and checked, nothing started."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, is_dataclass, replace
from pathlib import Path
from typing import Any

from harness import budget as budgets
from harness.budget import Budget, Limit
from harness.meter import Meter
from harness.paper import Experiment, Refused, number_of, resolve
from harness.plan import kernels, settings
from harness.plan.digest import Digest
from harness.plan.discover import Folder
from harness.plan.kernels import TORCH
from harness.plan.processor import NATIVE, resolved

SPEC = "spec.json"
MOST_TRIALS = 100_000  # of one experiment, at once
MOST_REPLICATES = 10_000  # of one trial: they are in memory at once


@dataclass(frozen=True)
class Spec:
    """Everything that decides what a trial measures; JSON on disk, one per trial folder.

    `guard` decides nothing of it: after that many device seconds the trial is saved and stopped.
    """

    trial: str
    paper: str
    folder: str
    experiment: str
    task: str
    data: str
    budget: str
    steps_cap: int | None
    seconds_cap: float | None
    seed: int
    config: dict[str, Any]
    overrides: str
    device: str
    isa: str
    threads: int
    code: str
    clock: str
    expected: float
    charged: int
    guard: float | None
    kernels: str = TORCH

    @property
    def called(self) -> str:
        """What a line about the trial calls it."""
        changed = f", {self.overrides}" if self.overrides else ""
        return f"{self.experiment} seed {self.seed}{changed}"

    @property
    def limit(self) -> Limit:
        """The cap of this trial."""
        return Limit(self.steps_cap, self.seconds_cap)

    def home(self, runs: Path) -> Path:
        """Return the trial's folder below `runs`."""
        budget = self.budget.replace(", ", "-").replace(" ", "-")
        return runs / self.paper / self.experiment / budget / f"seed{self.seed}-{self.trial}"

    def write(self, folder: Path) -> None:
        """Write the spec into the trial's folder."""
        folder.mkdir(parents=True, exist_ok=True)
        text = json.dumps(vars(self), indent=1, sort_keys=True) + "\n"
        (folder / SPEC).write_text(text, encoding="utf-8")

    @staticmethod
    def read(folder: Path) -> Spec:
        """Read the spec of a trial's folder.

        Raises:
            Refused: it is not there, or not as it was written.
        """
        path = folder / SPEC
        try:
            return Spec(**json.loads(path.read_bytes()))
        except OSError as error:
            raise Refused(f"{path}: cannot be read ({error.strerror})") from error
        except (ValueError, TypeError) as error:
            raise Refused(f"{path}: is damaged ({error}); `run` writes it anew") from error


@dataclass(frozen=True)
class Request:
    """What the user asked for, as the command line gives it.

    `isa` is the name of an instruction set; the trials have what the machine makes of it. They
    have the budget's guard where they are `guarded`. `kernels` are torch's, or compiled or
    captured ones for the experiments that have such.
    """

    experiments: Sequence[str] = ()
    budget: Budget = budgets.STANDARD["smoke"]
    seeds: Sequence[int] | None = None
    settings: Sequence[str] = ()
    device: str = "cpu"
    isa: str = NATIVE
    guarded: bool = True
    kernels: str = TORCH


def plan(folder: Folder, request: Request) -> list[Spec]:
    """Return the trials of one paper for a request.

    Raises:
        Refused: an unknown experiment or config field, a value of the wrong type or range, a cap
            below one turn, or an instruction set that this processor does not have.
    """
    chosen = folder.paper.select(request.experiments)
    chosen = [e for e in chosen if request.budget.base not in e.skipped]
    changes = settings.read(chosen, request.settings)
    specs = []
    for experiment in chosen:
        count = experiment.trials(request.budget.base)
        seeds = list(range(count)) if request.seeds is None else list(request.seeds)
        seeds = seeds[:1] if experiment.deterministic else seeds
        code = folder.code(experiment)
        if request.kernels != TORCH and kernels.forms(folder, experiment, request.kernels):
            code = replace(code, code=kernels.code(folder, experiment, request.kernels))
        grid = changes[experiment.name]
        if len(grid) * len(seeds) > MOST_TRIALS:
            raise Refused(
                f"experiment '{experiment.name}': {len(grid)} values for each of {len(seeds):,} "
                f"seeds; must be at most {MOST_TRIALS:,} trials"
            )
        specs += [
            _spec(folder, experiment, request, change, seed, code)
            for change in grid
            for seed in seeds
        ]
    return specs


def config_of(experiment: Experiment, values: Mapping[str, Any]) -> Any:
    """Rebuild a config from JSON values; lists become the tuples that the fields declare."""
    return _rebuilt(experiment.config, values)


def _rebuilt(config: Any, values: Mapping[str, Any]) -> Any:
    kept = {}
    for name, value in values.items():
        inner = getattr(config, name, None)
        kept[name] = _rebuilt(inner, value) if is_dataclass(inner) else _frozen(value)
    return replace(config, **kept)


def _frozen(value: Any) -> Any:
    return tuple(map(_frozen, value)) if isinstance(value, list) else value


def _spec(
    folder: Folder,
    experiment: Experiment,
    request: Request,
    change: Mapping[str, Any],
    seed: int,
    code: Digest,
) -> Spec:
    plain = experiment.at(request.budget.base)
    own = {name: value for name, value in change.items() if value != getattr(plain, name)}
    try:
        config = replace(plain, **own)
        settings.refuse(config)
    except Refused as refusal:
        raise Refused(f"experiment '{experiment.name}': {refusal}") from refusal
    except (ValueError, TypeError, LookupError, ArithmeticError) as error:
        told = ", ".join(f"{name}={settings.short(str(value))}" for name, value in own.items())
        raise Refused(f"experiment '{experiment.name}': {told}: {error}") from error
    limit, charged = _cost(experiment, request.budget, config)
    values = asdict(config)
    settings.bound(values, f"experiment '{experiment.name}'")
    overrides = ", ".join(f"{name}={value}" for name, value in sorted(own.items()))
    identity = [folder.name, experiment.name, request.budget.name, seed]
    isa = resolved(request.isa)
    identity += [values, request.device, isa, code.code]
    text = json.dumps(identity, sort_keys=True)
    return Spec(
        trial=hashlib.sha256(text.encode()).hexdigest()[:10],
        paper=folder.name,
        folder=str(folder.path),
        experiment=experiment.name,
        task=experiment.task.name,
        data=experiment.task.dataset,
        budget=request.budget.name,
        steps_cap=limit.steps,
        seconds_cap=limit.seconds,
        seed=seed,
        config=values,
        overrides=overrides,
        device=request.device,
        isa=isa,
        threads=experiment.threads,
        code=code.code,
        clock=code.clock,
        expected=experiment.expected.get(request.budget.base, 0.0),
        charged=charged,
        # nobody knows what another config is expected to take
        guard=request.budget.guard(experiment) if request.guarded and not own else None,
        kernels=kernels.of(code.code),
    )


def _cost(experiment: Experiment, budget: Budget, config: Any) -> tuple[Limit, int]:
    """Return the cap of a trial and the SGD steps it will be charged; refuse a cap of none."""
    replicates = number_of(experiment.replicates, config)
    if replicates > MOST_REPLICATES:
        name = experiment.replicates
        raise Refused(f"{name}={replicates}: at most {MOST_REPLICATES:,} train in one trial")
    limit = budget.limit
    if limit.seconds is not None:
        limit = replace(limit, seconds=limit.seconds * replicates)
    meter = Meter(resolve(experiment.phases, config), limit, replicates=replicates)
    turns = sum(ledger.horizon * ledger.cost for ledger in meter.ledgers.values())
    return limit, turns * replicates
