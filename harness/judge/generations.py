"""Results -> comparison frames: which rows may stand together, and what they say on average.

Rows stand together when paper, experiment, budget, declared config, code, data hash and
instruction set agree. The newest such generation of an experiment (see `ages`) that is not smaller
than the one before it is current; the others say nothing.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import asdict, replace

import numpy as np
import pandas as pd

from harness import statistics
from harness.judge import ages, stand_ins
from harness.judge.ages import GENERATION
from harness.judge.rules import judge
from harness.judge.samples import INVALID
from harness.judge.verdict import Verdict
from harness.paper import BUDGETS, Experiment, Refused
from harness.plan.discover import Folder
from harness.record.lineage import FLAG
from harness.record.tables import RESERVED

COSTS = ["steps", "seconds", "flops"]
CHARGED = "charged_"  # before a cost: what one search is charged, where it looks trainings up
SEARCHES = "searches"  # the field of a config that says how many searches a trial averages
LEVEL = 0.95
CONTEXT = ("task", "trial", "device", "data_hash", "commit", "dirty")  # of the first row
KEYS = ["experiment", "seed", "member"]  # of a replicate


def declared(results: pd.DataFrame, folder: Folder, budget: str) -> pd.DataFrame:
    """Return a paper's rows at a budget whose config is the declared one, without overrides."""
    configs = {
        e.name: json.dumps(asdict(e.at(budget)), sort_keys=True) for e in folder.paper.experiments
    }
    own = results[(results["paper"] == folder.name) & (results["budget"] == budget)]
    own = own[own["overrides"].fillna("") == ""]
    return own[own["config"] == own["experiment"].map(configs)]


def unknown(experiment: str) -> str:
    """Tell no digest: today's code is not asked for."""
    return ""


def generations(rows: pd.DataFrame, today: Callable[[str], str] = unknown) -> pd.DataFrame:
    """Return the rows of the current generation of every experiment.

    A generation replaces the one before it when it has at least as many replicates: one new seed
    does not put away eight old ones. One that was superseded on request is never current. `today`
    returns the digest of an experiment's code in this checkout.
    """
    asked = rows[FLAG] if FLAG in rows else pd.Series(False, index=rows.index)
    whole = asked.groupby(rows["experiment"]).transform("all")  # else nothing would be left
    eligible = _once(rows[~asked | whole])
    key = ages.key(eligible)
    kept = pd.Series(False, index=rows.index)
    for name, group in key.groupby(eligible["experiment"], sort=False):
        sizes = group.value_counts()
        current, *others = sizes.index
        if others:
            current, *others = ages.by_age(eligible.loc[group.index], today(str(name)))
        for newer in others:
            current = newer if sizes[newer] >= sizes[current] else current
        kept[group.index[group == current]] = True
    return rows[kept]


def _once(rows: pd.DataFrame) -> pd.DataFrame:
    """Leave out what a newer row of the same generation, seed and member says in every number.

    So code that a replay confirmed may be run again. Rows that disagree stay: they are no two
    measurements, and nothing that rests on them is valid.
    """
    keys = rows[KEYS].assign(generation=ages.key(rows))
    twice = keys.duplicated(keep=False)
    if not twice.any():
        return rows
    again = ages.in_order(rows[twice])
    metrics = [name for name in rows.columns if name not in {*RESERVED, *GENERATION, FLAG}]
    said = pd.concat([keys.loc[again.index], again[metrics].astype(str)], axis=1)
    return rows.drop(index=again.index[said.duplicated(keep="last")])


def before_newest(rows: pd.DataFrame, today: str) -> list[tuple[str, ...]]:
    """Return (code, data hash, isa) of every generation of one experiment but the newest."""
    return [ages.split(generation) for generation in ages.by_age(rows, today)[:-1]]


def current(results: pd.DataFrame, folder: Folder, budget: str) -> pd.DataFrame:
    """Return a paper's rows of the newest generation at a budget, with the declared config."""
    return generations(declared(results, folder, budget), todays(folder))


def todays(folder: Folder) -> Callable[[str], str]:
    """Return what tells the digest of an experiment's code in this checkout."""
    known = {experiment.name: experiment for experiment in folder.paper.experiments}

    def today(experiment: str) -> str:
        return folder.code(known[experiment]).code if experiment in known else ""

    return today


def judged(results: pd.DataFrame, folder: Folder) -> dict[str, list[Verdict]]:
    """Return {budget: verdicts} for every budget at which a paper has rows and claims."""
    verdicts = {}
    for budget in BUDGETS:
        own = current(results, folder, budget)
        if len(own) and any(budget in claim.budgets for claim in folder.paper.claims):
            verdicts[budget] = judged_at(results, folder, budget, own)
    return verdicts


def judged_at(
    results: pd.DataFrame, folder: Folder, budget: str, own: pd.DataFrame
) -> list[Verdict]:
    """Judge a paper's claims from its own rows and from what its claims read of other papers.

    A claim that a stand-in meets as well says nothing about a search: it is invalid.
    """
    measured, foreign = _with_others(results, folder, budget, own)
    verdicts = judge(folder.paper, measured, budget, foreign)
    met = stand_ins.met(folder.paper, measured, budget, foreign, _standing_in(folder))
    return [_unless(verdict, met.get(verdict.claim.id, "")) for verdict in verdicts]


def _unless(verdict: Verdict, stand_in: str) -> Verdict:
    if not stand_in:
        return verdict
    return replace(verdict, verdict=INVALID, note=f"met by {stand_in}, which does not search")


def met(results: pd.DataFrame, folder: Folder, budget: str) -> dict[str, str]:
    """Return {claim: the stand-in that meets it} at a budget, where the rows are there."""
    own = current(results, folder, budget)
    measured, foreign = _with_others(results, folder, budget, own)
    return stand_ins.met(folder.paper, measured, budget, foreign, _standing_in(folder))


def _with_others(
    results: pd.DataFrame, folder: Folder, budget: str, own: pd.DataFrame
) -> tuple[pd.DataFrame, dict[str, Experiment]]:
    """Return rows with those of other papers' experiments that claims read, and these by name."""
    frames, foreign = [own], {}
    theirs: dict[str, pd.DataFrame] = {}
    for name, home, experiment in others(folder, budget):
        if home.name not in theirs:
            theirs[home.name] = current(results, home, budget)
        rows = theirs[home.name]
        frames.append(rows[rows["experiment"] == experiment.name].assign(experiment=name))
        foreign[name] = experiment
    found = [frame for frame in frames if len(frame)]
    return pd.concat(found, ignore_index=True) if found else own, foreign


def others(folder: Folder, budget: str) -> Iterator[tuple[str, Folder, Experiment]]:
    """Yield (name, paper, experiment) of what the claims at a budget read of other papers.

    A name that leads nowhere is left out: `check` refuses it, and its claim is not run.
    """
    names: dict[str, None] = {}
    standing_in = _standing_in(folder)
    for claim in folder.paper.claims:
        if budget in claim.budgets:
            names |= dict.fromkeys([*folder.paper.foreign(claim), *standing_in[claim.id]])
    own = {experiment.name for experiment in folder.paper.experiments}
    for name in names:
        if name not in own:
            try:
                home, experiment = folder.named(name)
            except Refused:
                continue
            yield name, home, experiment


def _standing_in(folder: Folder) -> Mapping[str, list[str]]:
    """Return {claim: its stand-ins}; where one leads nowhere there are none."""
    found = {}
    for claim in folder.paper.claims:
        try:
            found[claim.id] = folder.stand_ins(claim)
        except Refused:
            found[claim.id] = []
    return found


def summary(
    rows: pd.DataFrame, metric: str, independent: Collection[tuple[str, str]] = ()
) -> pd.DataFrame:
    """Return one line per paper and experiment: n, mean with interval, cost of one replicate.

    The trial is the unit, unless (paper, experiment) is `independent`: then every replicate is.
    `each`: how many replicates or searches one unit is the mean of. Costs are what is charged:
    where trainings were looked up, those of the recorded ones; `charged` names these costs.

    Raises:
        Refused: rows of different budgets or data hashes would fall into one cell.
    """
    lines = []
    for (paper, experiment), cell in rows.groupby(["paper", "experiment"], sort=False):
        refuse_mixture(cell, f"{paper}: {experiment}")
        known = cell[cell[metric].notna()]
        if known.empty:
            continue
        trials = known.groupby(known["seed"] if (paper, experiment) not in independent
                               else known.index, sort=False)[metric]  # fmt: skip
        values = trials.mean().to_numpy(dtype=float)
        estimate = statistics.mean(values)
        low, high = estimate.interval(LEVEL)
        line = {"paper": paper, "experiment": experiment, "n": len(values)}
        line |= {"mean": estimate.value, "low": low, "high": high}
        line |= {"sd": float(np.std(values, ddof=1)) if len(values) > 1 else np.nan}
        line |= {"each": int(trials.size().max()) * _searches(known)}
        line |= {"twice": bool(known[KEYS].duplicated().any())}
        line |= {**costs(cell), **{name: cell[name].iloc[0] for name in CONTEXT}}
        lines.append(line)
    return pd.DataFrame(lines)


def _searches(cell: pd.DataFrame) -> int:
    """Return of how many searches one row is the mean; a trial may have a row for each."""
    searches = int(json.loads(cell["config"].iloc[0]).get(SEARCHES, 1))
    return max(searches // int(cell.groupby("seed").size().max()), 1)


def costs(cell: pd.DataFrame) -> dict[str, object]:
    """Return what one search is charged, and which costs are not those that this run had."""
    spent = {cost: float(cell[cost].mean()) for cost in COSTS}
    charged = {
        cost: float(cell[CHARGED + cost].mean())
        for cost in COSTS
        if CHARGED + cost in cell and cell[CHARGED + cost].notna().all()
    }
    other = [cost for cost, value in charged.items() if not np.isclose(value, spent[cost])]
    return {**spent, **charged, "charged": tuple(other)}


def refuse_mixture(cell: pd.DataFrame, name: str) -> None:
    """Refuse rows that cannot be compared: other budgets, data or configs in one cell."""
    for column in ("budget", "data_hash", "config"):
        found = sorted({str(value) for value in cell[column].fillna("none")})
        if len(found) > 1:
            raise Refused(f"{name}: {column} differs within one cell: {' | '.join(found)}")


def averages(curves: pd.DataFrame) -> pd.DataFrame:
    """Return curves averaged over replicates: mean and sd per turn and place, one row a metric.

    The place, `at`, is where a row says that it stands on its study's own axis: a width, a
    sparsity, a training-set size. Most rows have none.
    """
    keys = ["paper", "experiment", "budget", "turn", "at"]
    known = {"trial", "seed", "member", "members", "phase", *COSTS, *keys}
    metrics = [name for name in curves.columns if name not in known]
    metrics = [name for name in metrics if pd.api.types.is_numeric_dtype(curves[name])]
    if curves.empty or not metrics:
        return pd.DataFrame(columns=[*keys, "metric", "mean", "sd", "n"])
    long = curves.melt(keys, metrics, "metric", "value").dropna(subset=["value"])
    grouped = long.groupby([*keys, "metric"], sort=True, dropna=False)["value"]
    return grouped.agg(mean="mean", sd="std", n="count").reset_index()
