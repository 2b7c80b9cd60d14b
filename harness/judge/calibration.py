"""How often the rules err: synthetic experiments, passed through the same `judge`.

A rule is put to the test where the right verdict is known. At the margin a claim is just not true
enough to be called reproduced, and just true enough not to be refuted; at the paper's value it is
true. Values are in standard deviations of one unit; the noise says how
they scatter around their mean. Each cell has its own stream of numbers, so that fewer repetitions
are the first ones of more.
"""

from __future__ import annotations

import zlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pandas as pd

from harness.checks import (
    AtLeast,
    Check,
    CostRatio,
    Direction,
    Effect,
    Ordering,
    RankCorrelation,
    Same,
    Spread,
    Trend,
    Value,
)
from harness.judge.rules import judge_each
from harness.judge.verdict import OPEN, PARTIALLY, Verdict
from harness.paper import Claim, Experiment, Paper, Published, Task
from harness.statistics import Array

SIZES = (3, 4, 8, 16)
LOOKS = (8, 16)
BOUND = 0.05  # what an error may be
CLOSE, MORE = 0.04, 10  # an error that comes so close is counted in so many times more repetitions
MOST = 60  # and one that is above BOUND then, in so many
SEED = 20
BATCH = 250  # claims that one call judges
ITEMS = 50  # members that a rank correlation ranks
COST = 0.1  # standard deviation of a cost, as a share of its mean
BUDGET = "paper"
TASK = Task("calibration", "drawn", "v1", "y")

Draw = Callable[[np.random.Generator, tuple[int, ...]], Array]


@dataclass(frozen=True)
class Nothing:
    """A config without fields."""


# -- how units scatter ---------------------------------------------------------------------------


def _normal(rng: np.random.Generator, shape: tuple[int, ...]) -> Array:
    return rng.normal(size=shape)


def _skewed(rng: np.random.Generator, shape: tuple[int, ...]) -> Array:
    """A gamma distribution of shape 2: skewness 1.41."""
    return np.asarray((rng.gamma(2.0, 1.0, shape) - 2) / np.sqrt(2))


def _short(rng: np.random.Generator, shape: tuple[int, ...]) -> Array:
    return -_skewed(rng, shape)


def _two(rng: np.random.Generator, shape: tuple[int, ...]) -> Array:
    """Four of five times the same value: few units seldom differ at all."""
    return np.where(rng.random(shape) < 0.2, 2.0, -0.5)


@dataclass(frozen=True)
class Noise:
    """How the units of an experiment scatter: mean 0, sd 1 (of costs, COST times their mean).

    `grid`: values are rounded to its multiples. `members` of a trial share `shared` of their
    variance. `more`: how many times the units of the first side the others have, and
    `wider` how many times less they scatter. `binary`: each is 0 or 1 with the mean as chance.
    """

    name: str
    says: str
    draw: Draw = _normal
    grid: float = 0.0
    members: int = 1
    shared: float = 0.0
    more: int = 1
    wider: float = 1.0
    binary: bool = False


NOISES = (
    Noise("normal", "normal noise"),
    Noise("ties", "normal noise, rounded to half a standard deviation", grid=0.5),
    Noise("no spread", "one value four times of five, another else: units often agree", _two),
    Noise("zero or one", "units that are 0 or 1, the mean being their chance of 1", binary=True),
    Noise("skew", "gamma noise with a skewness of 1.4", _skewed),
    Noise("skew down", "the same, turned round", _short),
    Noise("unequal n", "twice the units on the second side, with half the sd", more=2, wider=2.0),
    Noise("shared 10 %", "4 members a trial, 10 % of variance shared", members=4, shared=0.1),
    Noise("shared 30 %", "4 members a trial, 30 % of variance shared", members=4, shared=0.3),
    Noise("shared 60 %", "4 members a trial, 60 % of variance shared", members=4, shared=0.6),
)


# -- what is claimed, and where it is put to the test -------------------------------------------

Levels = Mapping[str, float]  # the mean of each experiment's metric; of a spread, its sd


@dataclass(frozen=True)
class Rule:
    """A check of experiments a, b, ..., the means at its margin, and those of the paper."""

    name: str
    check: Check
    margin: Levels
    paper: Levels
    independent: bool = False
    looks: tuple[int, ...] = ()

    @property
    def costs(self) -> bool:
        """Whether what it reads are costs, which are positive."""
        return isinstance(self.check, CostRatio)


def _gap(high: float, low: float = 0.0) -> Levels:
    return {"a": high, "b": low}


VALUE = Rule("Value", Value("a", "y", -2, 2), {"a": 2}, {"a": 0})
AT_LEAST = Rule("AtLeast", AtLeast("a", "y", 0), {"a": 0}, {"a": 2})
EFFECT = Rule("Effect", Effect("a", "b", "y", 1), _gap(1), _gap(3))
RULES = (
    VALUE,
    AT_LEAST,
    EFFECT,
    Rule("Direction", Direction("a", "b", "y"), _gap(0), _gap(2)),
    Rule("Spread", Spread("a", "b", "y"), _gap(1, 1), _gap(4, 1)),
    Rule("Same", Same("a", "b", "y", 2), _gap(2), _gap(0)),
    Rule(
        "Ordering",
        Ordering((("a",), ("b",), ("c",)), "y"),
        {"a": 0, "b": 0, "c": 3},
        {"a": 0, "b": 2, "c": 4},
    ),
    Rule("Trend", Trend(("a", "b", "c"), "y"), dict.fromkeys("abc", 0), {"a": 0, "b": 1, "c": 2}),
    Rule("CostRatio", CostRatio("a", "b", "seconds", 2), _gap(2, 1), _gap(3, 1)),
)
CHANCES = (  # the same of units that are 0 or 1
    Rule("Value", Value("a", "y", 0.5, 1), {"a": 0.5}, {"a": 0.95}),
    Rule("AtLeast", AtLeast("a", "y", 0.6), {"a": 0.6}, {"a": 0.95}),
    Rule("Effect", Effect("a", "b", "y", 0.3), _gap(0.5, 0.2), _gap(0.9, 0.1)),
    Rule("Direction", Direction("a", "b", "y"), _gap(0.5, 0.5), _gap(0.9, 0.1)),
    Rule("Same", Same("a", "b", "y", 0.4), _gap(0.7, 0.3), _gap(0.8, 0.8)),
    Rule(
        "Ordering",
        Ordering((("a",), ("b",), ("c",)), "y"),
        {"a": 0.2, "b": 0.2, "c": 0.9},
        {"a": 0.05, "b": 0.5, "c": 0.95},
    ),
    Rule(
        "Trend",
        Trend(("a", "b", "c"), "y"),
        dict.fromkeys("abc", 0.5),
        {"a": 0.05, "b": 0.5, "c": 0.95},
    ),
)
RANKS = RankCorrelation("a", "y", "z", 0.4)  # levels are Kendall's tau
CORRELATIONS = (
    Rule("RankCorrelation of trials", RANKS, {"a": 0.4}, {"a": 0.6}),
    Rule("RankCorrelation, independent", RANKS, {"a": 0.4}, {"a": 0.6}, independent=True),
)
LOOKED = tuple(
    replace(rule, name=f"{rule.name}, looked at {LOOKS[0]} and {LOOKS[1]}", looks=LOOKS)
    for rule in (VALUE, AT_LEAST, EFFECT)
)


def rules_for(noise: Noise) -> Sequence[Rule]:
    """Return the rules that this noise puts to the test."""
    if noise.binary:
        return CHANCES
    if noise.more > 1:
        return [rule for rule in RULES if len(rule.margin) > 1 and rule.name != "Trend"]
    return [*RULES, *CORRELATIONS, *LOOKED] if noise.name == "normal" else RULES


# -- what comes of it ----------------------------------------------------------------------------


@dataclass(frozen=True)
class Rates:
    """How often a rule said what, as shares of `repetitions`.

    `reproduced` at the margin and `refuted` at the margin or at the paper's value, whichever is
    more often, are errors; `power` is how often the paper's value is reproduced.
    """

    rule: str
    n: int
    reproduced: float
    refuted: float
    power: float

    @property
    def error(self) -> float:
        """The larger of its two errors."""
        return max(self.reproduced, self.refuted)


def rates(rule: Rule, noise: Noise, n: int, repetitions: int) -> Rates:
    """Put one rule to the test at n units; again, more often, where it comes close to BOUND."""
    found = _rates(rule, noise, n, repetitions)
    for times, enough in ((MORE, CLOSE), (MOST, BOUND)):
        if found.error > enough:
            found = _rates(rule, noise, n, times * repetitions)
    return found


def _rates(rule: Rule, noise: Noise, n: int, repetitions: int) -> Rates:
    declared = _paper(rule, noise, n)
    margin = _words(declared, rule, noise, n, rule.margin, repetitions)
    paper = _words(declared, rule, noise, n, rule.paper, repetitions)
    refuted = max(margin.count("refuted"), paper.count("refuted"))
    counts = (margin.count("reproduced"), refuted, paper.count("reproduced"))
    return Rates(rule.name, n, *(count / repetitions for count in counts))


def _words(
    declared: Paper, rule: Rule, noise: Noise, n: int, levels: Levels, repetitions: int
) -> list[str]:
    """Return 'reproduced', 'refuted' or '' for every repetition."""
    name = f"{noise.name}/{rule.name}/{n}/{sorted(levels.items())}"
    rng = np.random.default_rng([SEED, zlib.crc32(name.encode())])
    words: list[str] = []
    while len(words) < repetitions:
        measured = _rows(rule, noise, n, levels, rng)
        looks = [look for look in rule.looks if look <= n] or [n]
        said = [""] * BATCH
        for look in looks:  # the first that decides ends it
            seen = measured[measured["seed"] < look] if rule.looks else measured
            verdicts = judge_each(declared, seen, BUDGET)
            said = [word or _word(verdict) for word, verdict in zip(said, verdicts, strict=True)]
        words += said
    return words[:repetitions]


def _word(verdict: Verdict) -> str:
    if verdict.refuted:
        return "refuted"
    return "" if verdict.verdict in (OPEN, PARTIALLY) else verdict.verdict


def _paper(rule: Rule, noise: Noise, n: int) -> Paper:
    """Return a paper with BATCH claims of one kind, each about experiments of its own."""
    unit = "%" if noise.binary else ""
    claims, experiments = [], []
    for i in range(BATCH):
        check = rule.check.renamed({name: f"{i}.{name}" for name in rule.check.experiments})
        published = Published("drawn")
        claim = Claim(
            f"{i}", "", "", published, check, (BUDGET,), unit, looks=rule.looks, measure="y"
        )
        claims.append(claim)
        for name in rule.check.experiments:
            trials = n * (noise.more if name != "a" else 1)
            experiment = Experiment(f"{i}.{name}", TASK, Nothing(), "m:f", seeds={BUDGET: trials})
            experiments.append(replace(experiment, independent=rule.independent))
    return Paper("drawn", "", 0, "", experiments, claims)


def _rows(
    rule: Rule, noise: Noise, n: int, levels: Levels, rng: np.random.Generator
) -> pd.DataFrame:
    """Return the rows of BATCH repetitions of a rule's experiments."""
    ranks = isinstance(rule.check, RankCorrelation)
    frames = []
    for name in dict.fromkeys(rule.check.experiments):
        trials = n * (noise.more if name != "a" else 1)
        members = ITEMS if ranks else noise.members
        shape = (BATCH, trials, members)
        if ranks:
            values, other = _pairs(rng, shape, levels[name])
        else:
            values, other = _values(rule, noise, name, levels[name], shape, rng), None
        frames.append(_table(f".{name}", values, other, costs=rule.costs))
    return pd.concat(frames, ignore_index=True)


def _values(
    rule: Rule,
    noise: Noise,
    name: str,
    level: float,
    shape: tuple[int, int, int],
    rng: np.random.Generator,
) -> Array:
    """Return values (repetitions, trials, members) around a level."""
    if noise.binary:
        return (rng.random(shape) < level).astype(float)
    shared = noise.draw(rng, (*shape[:2], 1))
    own = noise.draw(rng, shape) if noise.members > 1 else shared
    drawn = np.sqrt(noise.shared) * shared + np.sqrt(1 - noise.shared) * own
    if isinstance(rule.check, Spread):
        return np.asarray(level * drawn)
    drawn = drawn / (noise.wider if name != "a" else 1.0)
    if noise.grid:
        drawn = np.round(drawn / noise.grid) * noise.grid
    return np.asarray(level * (1 + COST * drawn) if rule.costs else level + drawn)


def _pairs(
    rng: np.random.Generator, shape: tuple[int, int, int], tau: float
) -> tuple[Array, Array]:
    """Return normal pairs whose Kendall tau is this: rho = sin(pi tau / 2)."""
    rho = np.sin(np.pi * tau / 2)
    first, noise = rng.normal(size=shape), rng.normal(size=shape)
    return first, rho * first + np.sqrt(1 - rho**2) * noise


def _table(suffix: str, values: Array, other: Array | None, costs: bool) -> pd.DataFrame:
    """Return rows of values (repetitions, trials, members), experiments '0.a', '1.a', ..."""
    count, trials, members = values.shape
    columns: dict[str, Any] = {
        "experiment": np.repeat([f"{i}{suffix}" for i in range(count)], trials * members),
        "seed": np.tile(np.repeat(np.arange(trials), members), count),
        "member": np.tile(np.arange(members), count * trials),
        "status": "completed",
        "stopped_by": "length",
        "data_hash": "",
        "y": values.ravel(),
    }
    columns |= {"z": other.ravel()} if other is not None else {}
    return pd.DataFrame(columns | ({"seconds": values.ravel()} if costs else {}))
