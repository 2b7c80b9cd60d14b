"""The words in which a paper is declared: claims, tasks, phases, experiments.

Everything here is a frozen value that validates itself and does nothing else, so that declarations
load in milliseconds (standard library only). `harness.judge.rules` judges the checks;
`harness.budget` turns phases into limits.
"""

from __future__ import annotations

import difflib
import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, fields, is_dataclass, replace
from itertools import pairwise
from typing import Any, Literal

from harness.checks import Check
from harness.spent import Spent

Row = Mapping[str, float | int | str | bool]

BUDGETS = ("check", "smoke", "nightly", "paper")
ALL = BUDGETS[1:]  # that judge: what a claim says that even a first look can tell
DEEP = BUDGETS[2:]  # those with enough seeds and steps for most claims


class Refused(ValueError):
    """A request that breaks a rule: one line that names the field, its value and the rule."""


def nearest(word: str, choices: Iterable[str]) -> str:
    """Return the end of a refusal: the nearest valid choice, or all of them."""
    known = sorted(choices)
    close = difflib.get_close_matches(word, known, n=1, cutoff=0.5)
    if close:
        return f"did you mean '{close[0]}'?"
    return "choose from: " + ", ".join(known) if known else "there is none to choose from"


def require(word: str, choices: Iterable[str], what: str) -> str:
    """Return `word` when it is one of `choices`; refuse it with the nearest one otherwise."""
    known = list(choices)
    if word not in known:
        raise Refused(f"unknown {what} '{word}'; {nearest(word, known)}")
    return word


# -- what a config refuses, by the names of its fields --------------------------------------------

Ends = Literal["both", "low", "high", "none"]  # those of an interval that belong to it


def positive(config: Any, *names: str) -> None:
    """Refuse counts that are not at least 1."""
    for name in names:
        within(config, name, 1)


def within(
    config: Any, name: str, low: float, high: float = math.inf, ends: Ends = "both"
) -> None:
    """Refuse a field that does not lie between `low` and `high`; nan never does."""
    value = getattr(config, name)
    above = low <= value if ends in ("both", "low") else low < value
    below = value <= high if ends in ("both", "high") or math.isinf(high) else value < high
    if not (above and below):
        raise Refused(f"{name}={value}: {_rule(low, high, ends)}")


def _rule(low: float, high: float, ends: Ends) -> str:
    least = "at least" if ends in ("both", "low") else "more than"
    most = "at most" if ends in ("both", "high") else "less than"
    if math.isinf(high):
        return f"must be {least} {low:g}"
    if math.isinf(low):
        return f"must be {most} {high:g}"
    left_out = {
        "low": f", {high:g} left out",
        "high": f", {low:g} left out",
        "none": ", both left out",
    }
    return f"must lie between {low:g} and {high:g}{left_out.get(ends, '')}"


def rising(config: Any, name: str, low: float = -math.inf, high: float = math.inf) -> None:
    """Refuse a field that does not hold rising numbers from `low` to `high`, at least one."""
    values = getattr(config, name)
    known = bool(values) and low <= values[0] and values[-1] <= high
    if not (known and all(first < then for first, then in pairwise(values))):
        ends = [f"from {low:g}"] * math.isfinite(low) + [f"to {high:g} at most"] * math.isfinite(
            high
        )
        raise Refused(f"{name}={values}: must rise, " + " ".join(["at least one number", *ends]))


def one_of(config: Any, name: str, choices: Iterable[float]) -> None:
    """Refuse a field that is none of some numbers; name the nearest of them."""
    value, known = getattr(config, name), list(choices)
    if value not in known:
        close = min(known, key=lambda choice: abs(choice - value))
        listed = ", ".join(f"{choice:g}" for choice in known)
        raise Refused(f"{name}={value}: must be one of {listed}; the nearest is {close:g}")


@dataclass(frozen=True)
class Task:
    """What makes two numbers comparable; owned by whoever owns the protocol.

    Where methods compete on it (`standings`), a run ends with them side by side. `stand_ins` are
    experiments, as "paper/experiment", that do not search: what they meet is no claim of a search.
    """

    name: str
    dataset: str
    protocol: str
    metric: str
    unit: str = "%"
    direction: str = "max"
    standings: bool = False
    stand_ins: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        require(self.direction, ("max", "min"), f"direction of task '{self.name}'")


@dataclass(frozen=True)
class Phase:
    """A separately budgeted stretch: how many loop turns it has and what each turn is charged.

    Both are numbers or the name of a config field. A turn that unrolls T inner steps costs T.
    `each` names a config field that holds several values: the phase comes once for each of them,
    as "train/16" for phase "train" and the value 16.
    """

    length: int | str
    cost: int | str = 1
    each: str = ""

    def __post_init__(self) -> None:
        for name in ("length", "cost"):
            value = getattr(self, name)
            if isinstance(value, int) and value < 0:
                raise Refused(f"phase: {name}={value}: must be at least 0")

    def resolve(self, config: Any) -> tuple[int, int]:
        """Return (turns, SGD steps charged per turn) for this config."""
        return number_of(self.length, config), number_of(self.cost, config)


def resolve(phases: Mapping[str, Phase], config: Any) -> dict[str, tuple[int, int]]:
    """Return {phase: (turns, SGD steps charged per turn)} for a config."""
    resolved: dict[str, tuple[int, int]] = {}
    for name, phase in phases.items():
        values = getattr(config, phase.each) if phase.each else ()
        names = [f"{name}/{value}" for value in values] if phase.each else [name]
        resolved |= dict.fromkeys(names, phase.resolve(config))
    return resolved


def number_of(source: int | str, config: Any) -> int:
    """Return a declared number, or the value of the config field that it names."""
    return source if isinstance(source, int) else int(getattr(config, source))


@dataclass(frozen=True)
class Published:
    """What the authors give of the quantity that a check judges; `source_kind`: how far to trust.

    `value` is of that very quantity, in the claim's unit and on the data set of its experiments;
    where they give no such number there is none, and `text` says what they printed. `sd` is over
    `n` runs of theirs; `best_of`: the value is the best of so many.
    """

    text: str
    value: float | None = None
    sd: float | None = None
    n: int | None = None
    source_kind: str = "printed"
    unit: str = ""
    dataset: str = ""
    best_of: int = 1

    def __post_init__(self) -> None:
        kinds = ("printed", "notebook", "figure", "measured", "from memory")
        require(self.source_kind, kinds, "source_kind of a published number")


KINDS = ("headline", "supporting", "criticism", "self-check")
MARGINS = ("paper", "notebook", "earlier run", "pilot", "convention")


@dataclass(frozen=True)
class Claim:
    """One statement of the paper, where it is printed, and the check that judges it.

    `measure` is a phrase for the number that the check judges, in `unit`. `kind` says whose
    statement it is: the paper's headline, a supporting one, another paper's criticism, or a check
    of our own that counts in no summary. `margin_from` says where the check's margin comes from.

    Nobody expects a claim that others `doubted` (their words, with the source) or that trials of
    ours `refuted` (their ids): it is judged and printed like any other, but `verify` does not fail
    on it. `blocked` says what keeps it from being judged, and what would unblock it.

    `subject` is the experiment whose method a claim praises, where stand-ins that do not search
    compete on its task: a claim that they meet is refused. `looks` are the numbers of trials at
    which it may be judged; none: when all declared trials are there.
    """

    id: str
    statement: str
    source: str
    published: Published
    check: Check
    budgets: tuple[str, ...] = DEEP
    unit: str = "%"
    measure: str = field(kw_only=True)
    kind: str = "supporting"
    margin_from: str = "convention"
    doubted: str = ""
    refuted: tuple[str, ...] = ()
    subject: str = ""
    looks: tuple[int, ...] = ()
    blocked: str = ""
    note: str = ""

    def __post_init__(self) -> None:
        for budget in self.budgets:
            require(budget, BUDGETS, f"budget of claim '{self.id}'")
        require(self.kind, KINDS, f"kind of claim '{self.id}'")
        require(self.margin_from, MARGINS, f"margin_from of claim '{self.id}'")
        if not self.measure.strip():
            raise Refused(f"claim '{self.id}': measure='': say which number the check judges")
        if self.subject:
            require(self.subject, self.check.experiments, f"subject of claim '{self.id}'")
        if self.looks:
            rising(self, "looks", 3)
        if self.published.source_kind == "from memory" and self.expected:
            raise Refused(
                f"claim '{self.id}': a number from memory gates nothing; say who doubted it"
            )
        if self.published.value is not None:
            self._comparable()

    @property
    def ours(self) -> bool:
        """Whether it is a check of our own, which no paper states: it counts in no summary."""
        return self.kind == "self-check"

    @property
    def expected(self) -> bool:
        """Whether it is expected to hold: nobody doubted it, and no trial of ours refuted it."""
        return not (self.doubted or self.refuted)

    def _comparable(self) -> None:
        """Refuse a published number that is not of the quantity that is measured here."""
        published = self.published
        if published.unit != self.unit:
            raise Refused(
                f"claim '{self.id}': published.unit='{published.unit}', but it is judged in "
                f"'{self.unit}'; a number of another quantity has no value, only a text"
            )
        if not published.dataset:
            raise Refused(
                f"claim '{self.id}': published.value={published.value:g}: name its dataset"
            )


@dataclass(frozen=True)
class Experiment:
    """Name, task, config, what changes at a reduced budget, and the name of the function to run.

    `run` is "module:function" inside the paper's folder, or else wherever all papers may import
    from; the function takes (config, trial) and yields rows. `expected` gives measured seconds of
    one trial on one CPU core, per budget.
    A `deterministic` experiment has no seed: one trial is the whole population. `replicates` says
    how many seeds one trial trains at once (stacked models): each of them is charged, and caps
    are those of one replicate. They are `independent` when a trial draws nothing at random that
    they share; else the trial is the unit of every verdict. `shows` is a "module:function" too;
    the function takes the folder of a trial's artifacts and returns a text that is printed when a
    run ends, of its first seed: a drawing of what was found. It runs after the trial: its code
    moves no number. `distributed` are the names under which it registers models, as
    `trial.restore` takes them, whose batches several ranks may share.
    """

    name: str
    task: Task
    config: Any
    run: str
    phases: Mapping[str, Phase] = field(default_factory=dict)
    reduced: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    expected: Mapping[str, float] = field(default_factory=dict)
    seeds: Mapping[str, int] = field(default_factory=dict)
    skipped: tuple[str, ...] = ()
    deterministic: bool = False
    replicates: int | str = 1
    independent: bool = False
    threads: int = 1
    shows: str = ""
    distributed: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        if not is_dataclass(self.config) or isinstance(self.config, type):
            raise Refused(f"experiment '{self.name}': config must be a frozen dataclass instance")
        for name in ("run", *(("shows",) if self.shows else ())):
            if (text := getattr(self, name)).count(":") != 1:
                raise Refused(
                    f"experiment '{self.name}': {name}='{text}' is not 'module:function'"
                )
        names = [f.name for f in fields(self.config)]
        for mapping in (self.reduced, self.expected, self.seeds, dict.fromkeys(self.skipped)):
            for budget in mapping:
                require(budget, BUDGETS, f"budget of experiment '{self.name}'")
        for changes in self.reduced.values():
            for name in changes:
                require(name, names, f"config field of experiment '{self.name}'")
        sources = [s for p in self.phases.values() for s in (p.length, p.cost, p.each)]
        for source in (*sources, self.replicates):
            if isinstance(source, str) and source:
                require(source, names, f"config field of experiment '{self.name}'")

    def trials(self, budget: str) -> int:
        """Return how many trials (seeds) this experiment has at a budget."""
        return 1 if self.deterministic else self.seeds.get(budget, 1)

    def at(self, budget: str) -> Any:
        """Return the config that this experiment has at a budget."""
        return replace(self.config, **self.reduced.get(budget, {}))


@dataclass(frozen=True)
class Paper:
    """Citation, claims, experiments, deviations; a value without behaviour.

    `studies` names folders of the paper's own that declare more of them, in `study.py`. Whoever
    loads the paper joins them in this order, after what stands here, and leaves none named.
    """

    title: str
    authors: str
    year: int
    url: str
    experiments: Sequence[Experiment] = ()
    claims: Sequence[Claim] = ()
    deviations: Sequence[str] = ()
    studies: tuple[str, ...] = ()
    spent: tuple[Spent, ...] = ()

    def __post_init__(self) -> None:
        names = [experiment.name for experiment in self.experiments]
        claims = [claim.id for claim in self.claims]
        for kind, ids in (("experiment", names), ("claim", claims), ("study", self.studies)):
            twice = sorted({name for name in ids if ids.count(name) > 1})
            if twice:
                raise Refused(f"{kind} '{twice[0]}' is declared twice")
        for each in () if self.studies else self.spent:
            within(each, "gpu_days", 0, ends="high")
            require(each.experiment, names, "experiment of what the authors spent")
        tops = {name.partition("/")[0] for name in names}
        for claim in () if self.studies else self.claims:  # theirs are not known here
            for name in claim.check.experiments:
                if name.partition("/")[0] == name or name.partition("/")[0] in tops:
                    require(name, names, f"experiment in claim '{claim.id}'")
            self._same_data(claim)

    def foreign(self, claim: Claim) -> list[str]:
        """Return the experiments of other papers that a claim reads, as 'paper/experiment'."""
        own = {experiment.name for experiment in self.experiments}
        return [name for name in claim.check.experiments if name not in own]

    def _same_data(self, claim: Claim) -> None:
        """Refuse a published number on other data, and a claim of a search without a subject."""
        tasks = {e.name: e.task for e in self.experiments}
        own = [tasks[name] for name in claim.check.experiments if name in tasks]
        known, dataset = sorted({task.dataset for task in own}), claim.published.dataset
        if dataset and known and known != [dataset]:
            raise Refused(
                f"claim '{claim.id}': published.dataset='{dataset}', but it is judged on "
                f"{', '.join(known)}; a number of other data has no value, only a text"
            )
        searched = any(task.stand_ins for task in own) and not claim.ours
        if searched and not claim.subject:
            raise Refused(
                f"claim '{claim.id}': name its subject, whose place the stand-ins of the task "
                f"take; choose from: {', '.join(claim.check.experiments)}"
            )

    def select(self, names: Sequence[str]) -> list[Experiment]:
        """Return the experiments of that name or below it ('benchmark' has 'benchmark/mlp')."""
        if not names:
            return list(self.experiments)
        known = {experiment.name for experiment in self.experiments}
        groups = {name[:at] for name in known for at, sign in enumerate(name) if sign == "/"}
        for name in names:
            require(name, known | groups, "experiment")
        return [
            experiment
            for experiment in self.experiments
            if any(f"{experiment.name}/".startswith(f"{name}/") for name in names)
        ]
