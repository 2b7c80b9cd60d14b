"""From what the user asked for to the list of trials: resolved and checked, nothing started."""

from __future__ import annotations

import hashlib
import json
import types
import typing
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, fields, is_dataclass, replace
from pathlib import Path
from typing import Any

from harness import budget as budgets
from harness.budget import Budget, Limit
from harness.meter import Meter
from harness.paper import Experiment, Refused, nearest, number_of, resolve
from harness.plan.digest import Digest
from harness.plan.discover import Folder
from harness.plan.processor import NATIVE, resolved

SPEC = "spec.json"


@dataclass(frozen=True)
class Spec:
    """Everything that decides what a trial measures; JSON on disk, one per trial folder."""

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
        (folder / SPEC).write_text(json.dumps(asdict(self), indent=1, sort_keys=True) + "\n")

    @staticmethod
    def read(folder: Path) -> Spec:
        """Read the spec of a trial's folder."""
        return Spec(**json.loads((folder / SPEC).read_text()))


@dataclass(frozen=True)
class Request:
    """What the user asked for, as the command line gives it.

    `isa` is the name of an instruction set; the trials have what the machine makes of it.
    """

    experiments: Sequence[str] = ()
    budget: Budget = budgets.STANDARD["smoke"]
    seeds: Sequence[int] | None = None
    settings: Sequence[str] = ()
    device: str = "cpu"
    isa: str = NATIVE


def plan(folder: Folder, request: Request) -> list[Spec]:
    """Return the trials of one paper for a request.

    Raises:
        Refused: an unknown experiment or config field, a value of the wrong type or range, a cap
            below one turn, or an instruction set that this processor does not have.
    """
    chosen = folder.paper.select(request.experiments)
    chosen = [e for e in chosen if request.budget.base not in e.skipped]
    changes = _overrides(chosen, request.settings)
    specs = []
    for experiment in chosen:
        count = experiment.trials(request.budget.base)
        seeds = list(range(count)) if request.seeds is None else list(request.seeds)
        seeds = seeds[:1] if experiment.deterministic else seeds
        code = folder.code(experiment)
        specs += [_spec(folder, experiment, request, changes, seed, code) for seed in seeds]
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
    changes: Mapping[str, Mapping[str, Any]],
    seed: int,
    code: Digest,
) -> Spec:
    own = changes[experiment.name]
    try:
        config = replace(experiment.at(request.budget.base), **own)
    except (ValueError, TypeError) as error:
        raise Refused(f"experiment '{experiment.name}': {error}") from error
    limit, charged = _cost(folder, experiment, request.budget, config)
    values = asdict(config)
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
    )


def _cost(
    folder: Folder, experiment: Experiment, budget: Budget, config: Any
) -> tuple[Limit, int]:
    """Return the cap of a trial and the SGD steps it will be charged; refuse a cap of none."""
    replicates = number_of(experiment.replicates, config)
    limit = budget.limit(experiment, folder.paper.experiments)
    if budget.trial is not None and limit.seconds is not None:
        limit = replace(limit, seconds=limit.seconds * replicates)
    meter = Meter(resolve(experiment.phases, config), limit, replicates=replicates)
    turns = sum(ledger.horizon * ledger.cost for ledger in meter.ledgers.values())
    return limit, turns * replicates


# -- --set field=value ---------------------------------------------------------------------------


def _overrides(
    experiments: Sequence[Experiment], settings: Sequence[str]
) -> dict[str, dict[str, Any]]:
    """Return {experiment: {field: value}} for `field=value` settings."""
    changes: dict[str, dict[str, Any]] = {e.name: {} for e in experiments}
    for setting in settings:
        name, equals, text = setting.partition("=")
        if not equals:
            raise Refused(f"--set {setting}: write it as field=value")
        owners = [e for e in experiments if name in _types(e)]
        if not owners:
            known = {field for e in experiments for field in _types(e)}
            raise Refused(
                f"--set {setting}: unknown config field '{name}'; {nearest(name, known)}"
            )
        for experiment in owners:
            changes[experiment.name][name] = _parse(setting, text, _types(experiment)[name])
    return changes


def _types(experiment: Experiment) -> dict[str, Any]:
    hints = typing.get_type_hints(type(experiment.config))
    return {field.name: hints[field.name] for field in fields(experiment.config)}


def _parse(setting: str, text: str, kind: Any) -> Any:
    """Read a value as the type of its config field; refuse what does not fit."""
    origin, arguments = typing.get_origin(kind), typing.get_args(kind)
    if origin is tuple:
        return tuple(_parse(setting, part, arguments[0]) for part in text.split(",") if part)
    if origin in (typing.Union, types.UnionType):
        if text.lower() == "none" and type(None) in arguments:
            return None
        return _parse(setting, text, next(a for a in arguments if a is not type(None)))
    if kind is bool:
        if text.lower() not in ("true", "false"):
            raise Refused(f"--set {setting}: '{text}' is not true or false")
        return text.lower() == "true"
    try:
        return kind(text)
    except (ValueError, TypeError) as error:
        name = getattr(kind, "__name__", kind)
        raise Refused(f"--set {setting}: '{text}' is not of type {name}") from error
