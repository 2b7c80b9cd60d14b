"""`calibrate`: how often the rules err, as a page; the same bytes at every run."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from itertools import product
from pathlib import Path

from rich.console import Console
from rich.progress import Progress

from harness.judge.calibration import (
    BOUND,
    CLOSE,
    MORE,
    MOST,
    NOISES,
    SEED,
    SIZES,
    Noise,
    Rates,
    Rule,
    rates,
    rules_for,
)
from harness.judge.families import Family, family
from harness.paper import Refused
from harness.plan.discover import Folder
from harness.record import sheet

PAGE = "calibration.md"
TWICE = 2  # as many repetitions of all claims of a paper as of one
STEPS = 10  # of the bar, for all claims of a paper
FAMILIES = ("normal", "skew", "skew down")  # the noises in which whole papers are judged

HEAD = """# How often a verdict is wrong

Made by `python -m harness calibrate --repetitions {repetitions}` (seed {seed}): synthetic
experiments, whose truth is known, through the `judge` that judges the papers. All numbers are
per cent of {repetitions} repetitions, of {many} where an error came above {close} %, and of {most}
where it was above 5 % still. A rate of 5 % has a standard error of {errors} points then.

A cell reads **false "reproduced" / false "not reproduced" / power**:

- *false "reproduced"*: how often a claim is called reproduced whose truth lies at the margin,
  where it is just not true enough;
- *false "not reproduced"*: how often a claim is refuted whose truth lies at the margin, where it
  is just true, or at the paper's value, whichever is more often;
- *power*: how often a claim is called reproduced whose truth lies at the paper's value: mostly 2
  standard deviations of one unit inside the margin (a trend rises by one a step; ratios are 3 for
  2, correlations .6 for .4; chances such as .95 for .6).

Both errors may be at most 5 %. n counts units: trials, or replicates that share nothing.
"""

TOGETHER = """## All claims of a paper together

How often at least one claim of a paper is falsely called not reproduced at budget `nightly` when
each of them is just true, in numbers of its own, after Holm's correction; with the trials and
members that are declared. "Tested" are the claims that have the trials to be refuted by chance;
checks of our own code are apart. {repetitions} repetitions.
"""


def calibrate_rules(
    papers: Sequence[Folder], repetitions: int, reports: Path, console: Console
) -> None:
    """Write the page, and say how large the errors are.

    Raises:
        Refused: too few repetitions to see an error of 5 %.
    """
    if repetitions < 100:
        raise Refused(f"--repetitions {repetitions}: must be at least 100")
    found: dict[tuple[str, str], list[Rates]] = {}
    together: dict[tuple[str, str], Family] = {}
    rules = [(noise, rule) for noise in NOISES for rule in rules_for(noise)]
    cells = [(noise, rule, n) for noise, rule in rules for n in _sizes(rule)]
    noises = [noise for noise in NOISES if noise.name in FAMILIES]
    with Progress(console=console, transient=True) as bar:
        task = bar.add_task("rules", total=len(cells) + len(papers) * len(noises) * STEPS)
        for noise, rule, n in cells:
            bar.update(task, description=f"{noise.name}: {rule.name}")
            made = rates(rule, noise, n, repetitions)
            found.setdefault((noise.name, rule.name), []).append(made)
            bar.advance(task)
        for folder, noise in product(papers, noises):
            bar.update(task, description=f"{noise.name}: all of {folder.name}")
            for answer in _family(folder, papers, noise, TWICE * repetitions):
                together |= {(folder.name, noise.name): answer} if answer else {}
                bar.advance(task, STEPS / (TWICE * repetitions))
    path = reports / PAGE
    sheet.replace({path: "\n".join(_page(found, together, repetitions))})
    worst = max((rate.error for line in found.values() for rate in line), default=0.0)
    console.print(f"{path}: largest error {100 * worst:.1f} %, bound {100 * BOUND:.0f} %")


def _sizes(rule: Rule) -> Sequence[int]:
    return rule.looks[-1:] or SIZES


def _family(
    folder: Folder, papers: Sequence[Folder], noise: Noise, repetitions: int
) -> Iterator[Family | None]:
    foreign = {
        f"{other.name}/{experiment.name}": experiment
        for other in papers
        for experiment in other.paper.experiments
    }
    return family(folder.paper, folder.name, foreign, noise, repetitions)


def _page(
    found: dict[tuple[str, str], list[Rates]],
    together: dict[tuple[str, str], Family],
    repetitions: int,
) -> Iterator[str]:
    counts = (repetitions, MORE * repetitions, MOST * repetitions)
    errors = [100 * math.sqrt(BOUND * (1 - BOUND) / count) for count in counts]
    yield HEAD.format(
        repetitions=f"{repetitions}",
        seed=SEED,
        many=f"{counts[1]}",
        most=f"{counts[2]}",
        close=f"{100 * CLOSE:.0f}",
        errors="{:.1f}, {:.1f} and {:.1f}".format(*errors),
    )
    yield from _summary(found)
    yield TOGETHER.format(repetitions=TWICE * repetitions)
    yield from _families(together)
    for noise in NOISES:
        yield f"## {noise.says[0].upper()}{noise.says[1:]}\n"
        rules = rules_for(noise)
        shown = [rule for rule in rules if not rule.looks]
        yield from _table("check", [f"n = {n}" for n in SIZES])
        yield from (_line(rule.name, found[noise.name, rule.name]) for rule in shown)
        yield ""
        looked = [rule for rule in rules if rule.looks]
        if looked:
            yield "Declared looks; the first that decides ends it:\n"
            yield from _table("check", ["both looks"])
            yield from (_line(rule.name, found[noise.name, rule.name]) for rule in looked)
            yield ""


def _summary(found: dict[tuple[str, str], list[Rates]]) -> Iterator[str]:
    yield "Largest over all checks and n:\n"
    yield from _table("units", ['false "reproduced"', 'false "not reproduced"'])
    for noise in NOISES:
        lines = [rate for (name, _), line in found.items() if name == noise.name for rate in line]
        reproduced = max(lines, key=lambda rate: rate.reproduced)
        refuted = max(lines, key=lambda rate: rate.refuted)
        first = f"{100 * reproduced.reproduced:.1f} ({reproduced.rule}, n = {reproduced.n})"
        second = f"{100 * refuted.refuted:.1f} ({refuted.rule}, n = {refuted.n})"
        yield f"| {noise.says} | {first} | {second} |"
    yield ""


def _families(together: dict[tuple[str, str], Family]) -> Iterator[str]:
    yield from _table("paper", ["claims tested", *(f"{name} noise" for name in FAMILIES)])
    for paper in dict.fromkeys(paper for paper, _ in together):
        made = [together[paper, name] for name in FAMILIES]
        cells = [f"{made[0].claims}", *(f"{100 * one.rate:.1f}" for one in made)]
        yield f"| {paper} | {' | '.join(cells)} |"
    yield ""


def _table(first: str, others: Sequence[str]) -> Iterator[str]:
    yield f"| {first} | {' | '.join(others)} |"
    yield "|---|" + "--:|" * len(others)


def _line(name: str, line: Sequence[Rates]) -> str:
    cells = [
        f"{100 * rate.reproduced:.1f} / {100 * rate.refuted:.1f} / {100 * rate.power:.0f}"
        for rate in line
    ]
    return f"| {name} | {' | '.join(cells)} |"
