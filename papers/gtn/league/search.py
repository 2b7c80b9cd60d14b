"""GTN-NAS: meta-train on random cells, then rank cells by what few steps on the lessons reach.

Scores are of validation signals; what a cell is truly worth only the judge knows. One object holds
a cell, its seed and its score: they are never logged apart.

Shapes: T inner steps, N rows.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import torch

from harness.training import loop, metrics
from papers.cells.child import mnist1d
from papers.cells.league import judged, ranking
from papers.cells.league.costs import Costs, training_flops
from papers.cells.league.league import League, league_of
from papers.cells.network import light
from papers.cells.space.edge import SPACES, Code
from papers.gtn import experiment
from papers.gtn.league.cells import CellLearner, CellTeacher, apart
from papers.gtn.league.ranks import ranks
from papers.gtn.lessons import Real, Rows
from papers.gtn.signals.config import LENGTH

if TYPE_CHECKING:
    from harness.paper import Row
    from harness.trial import Trial
    from papers.gtn.config import Teaching
    from papers.gtn.league.config import LeagueTeaching

REVERSE = 4  # a step, its recomputation and its way back, in steps: 12 forward passes of 3


@dataclass
class Scored:
    """Cells that are ranked, and the scores of those that have had their turn."""

    codes: Sequence[Code]
    scores: list[float] = field(default_factory=list)

    def state_dict(self) -> dict[str, list[float]]:
        """Return what a resumed search needs; the cells are drawn again."""
        return {"scores": list(self.scores)}

    def load_state_dict(self, state: dict[str, list[float]]) -> None:
        """Take an earlier attempt's scores over."""
        self.scores[:] = state["scores"]

    def beside(self, league: League) -> Iterator[Row]:
        """Yield each cell's score beside what it is truly worth; `at` is its place in the draw."""
        for place, (code, score) in enumerate(zip(self.codes, self.scores, strict=True)):
            yield {"at": place, "score": score, "truth": league.true(code)}

    @property
    def best(self) -> Code:
        """Return the cell of the highest score, the first of equal ones."""
        return self.codes[max(range(len(self.scores)), key=self.scores.__getitem__)]


def run(config: LeagueTeaching, trial: Trial) -> Iterator[Row]:
    """Meta-train, score cells with a limit on convolutions and without one, and be judged."""
    space = SPACES[config.space]
    leagues = {"score": league_of(space, config.limit), "score_plain": league_of(space)}
    scored = {
        phase: Scored(ranking.sample(league, config.ranked)) for phase, league in leagues.items()
    }
    rows = signals(trial)
    teacher = start(config, trial, rows, leagues["score"], scored)
    costs = Costs()
    spent: dict[str, float] = {}  # FLOPs by the end of meta-training
    trial.restore(teacher=teacher, costs=costs, spent=spent, **scored)

    def update(turn: int) -> None:
        learner = teacher.student(turn)[0].learner
        assert isinstance(learner, CellLearner)
        charge(costs, config, light.macs(space, learner.code), REVERSE)
        teacher.update(turn)

    def measure(turn: int) -> list[Row]:
        return [{"meta_loss": teacher.loss, "skipped": teacher.skipped}]

    if not trial.meter.done("meta"):
        trial.meter.count_flops("meta", flops(teacher))
        yield from loop.fit(trial.meter, "meta", update, measure, config.eval_every)
    spent.setdefault("meta", costs.flops)
    for phase, found in scored.items():
        one = scoring(teacher, rows.val, found, costs if phase == "score" else Costs())
        last = trial.meter.horizon(phase) - 1
        yield from loop.fit(trial.meter, phase, one, lambda turn: [], last + 1)
    yield from scored["score"].beside(leagues["score"])
    yield {
        **result(leagues, scored, costs),
        "meta_flops": spent["meta"],
        "skipped": teacher.skipped,
    }


def signals(trial: Trial) -> Rows:
    """Return the league's rows: 3,000 to train, 1,000 to score; its test rows stay sealed."""
    stored = mnist1d.Signals.load(where=trial.device)
    trial.uses("mnist1d", stored.digest)
    train, val = (Real(part.x.T.contiguous(), part.y) for part in (stored.train, stored.val))
    return Rows("mnist1d", train, val, val, 1, (LENGTH,))


def start(
    config: LeagueTeaching,
    trial: Trial,
    rows: Rows,
    league: League,
    scored: dict[str, Scored],
) -> CellTeacher:
    """Return a teacher of random cells, apart from all that are ranked."""
    codes = apart(league, [code for each in scored.values() for code in each.codes])
    first = CellLearner(league.space, codes[0])
    random = torch.Generator().manual_seed(trial.stream("lessons"))
    made, real = experiment.lessons(config, rows, first, random)
    horizon = trial.meter.horizon("meta")
    return CellTeacher(
        config, first, made, real, trial.stream, horizon, codes=codes, space=league.space
    )


def flops(teacher: CellTeacher) -> float:
    """Return the FLOPs of an outer step: cells by formula in the mean, the generator counted.

    torch's counter follows modules by hooks, which a gradient inside a gradient does not allow.
    """
    config = teacher.config
    macs = [light.macs(teacher.space, code) for code in teacher.codes]
    rows = config.inner_steps * config.batch
    cells = REVERSE * training_flops(round(sum(macs) / len(macs)), rows)

    def make() -> None:
        inputs, _ = teacher.lessons.give(teacher.random("flops"))
        if inputs.requires_grad:
            inputs.sum().backward()

    counted = metrics.flops(make)
    teacher.optimizer.zero_grad()
    return cells + counted


def score(teacher: CellTeacher, real: Real, code: Code, seed: int) -> float:
    """Return the accuracy on real rows of a cell after the lessons' steps, from a seed."""
    learner = CellLearner(teacher.space, code)
    weights = learner.start(seed, teacher.device)
    course, batches = teacher.course.of(learner), teacher.lesson("score", seed)
    return course.taught(weights, teacher.numbers, batches, real)[-1].item()


def scoring(
    teacher: CellTeacher, real: Real, found: Scored, costs: Costs
) -> Callable[[int], None]:
    """Return what scores one more cell, the mean over `evaluated` seeds, and charges it."""
    config = teacher.config

    def one(turn: int) -> None:
        code = found.codes[turn]
        seeds = [teacher.stream("score", k) for k in range(config.evaluated)]
        each = [score(teacher, real, code, seed) for seed in seeds]
        found.scores.append(sum(each) / len(each))
        macs = light.macs(teacher.space, code)
        for _ in seeds:
            charge(costs, config, macs)
            costs.score(macs, len(real.y))

    return one


def charge(costs: Costs, config: Teaching, macs: int, times: int = 1) -> None:
    """Charge T steps of a cell; the generator's work is on the meter, not here."""
    costs.sgd_steps += config.inner_steps
    costs.step_flops += times * training_flops(macs, config.inner_steps * config.batch)


def result(
    leagues: dict[str, League], scored: dict[str, Scored], costs: Costs
) -> dict[str, float | int | str | bool]:
    """Return what the league reports of the best-scored cell in both tasks, and the rankings."""
    limited, plain = leagues["score"], leagues["score_plain"]
    own, other = scored["score"], scored["score_plain"]
    row = {**judged.judged_row(limited, own.best, costs), **ranks(limited, own.codes, own.scores)}
    more = {
        **judged.judged_row(plain, other.best, costs),
        **ranks(plain, other.codes, other.scores),
    }
    return {**row, **judged.plain(more)}
