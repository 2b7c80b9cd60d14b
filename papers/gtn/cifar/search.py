"""GTN-NAS as the authors did it: meta-train `larger2`, freeze, score random architectures.

A score is the accuracy on validation images of one fresh network after T steps on the frozen
curriculum. [C] In the released code the architecture that is logged is that of a training learner,
and the accuracy beside it is another one's, whose architecture is forgotten; here one object holds
architecture, seed and score, and the three together can be had again.

Shapes: T inner steps, B batch, N rows.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass
from functools import partial
from random import Random
from typing import TYPE_CHECKING, Any

import numpy as np

from harness.training import loop
from papers.cells.child.testbed import Kept, Training, train
from papers.cells.space.genotype import Genotype
from papers.cells.space.record import keep_genotype
from papers.gtn import experiment
from papers.gtn.cifar import images
from papers.gtn.cifar.learners import MacroLearner
from papers.gtn.cifar.space import SPACE
from papers.gtn.cifar.teach import learner
from papers.gtn.cifar.truth import Truth
from papers.gtn.correlation import partial as given_size
from papers.gtn.correlation import rho
from papers.gtn.lessons import Real
from papers.gtn.teaching import Teacher

if TYPE_CHECKING:
    from harness.paper import Row
    from harness.trial import Trial
    from papers.gtn.cifar.config import CifarSearch

RECORDS = "architectures.json"


@dataclass(frozen=True)
class Scored:
    """An architecture as text, the seed of its weights and what it reached: never apart."""

    cell: str
    seed: int
    score: float

    @property
    def genotype(self) -> Genotype:
        """The architecture."""
        return SPACE.check(Genotype.parse(self.cell))


class Ranking:
    """The architectures that have had their turn."""

    def __init__(self) -> None:
        self.scored: list[Scored] = []

    def state_dict(self) -> dict[str, Any]:
        """Return what a resumed search needs."""
        return {"scored": [asdict(each) for each in self.scored]}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Take an earlier attempt's scores over."""
        self.scored[:] = [Scored(**each) for each in state["scored"]]

    @property
    def best(self) -> Scored:
        """The architecture of the highest score, the first of equal ones."""
        return max(self.scored, key=lambda each: each.score)


def run(config: CifarSearch, trial: Trial) -> Iterator[Row]:
    """Meta-train, score random architectures, train some of them for long, and compare."""
    rows = images.rows(config, trial)
    teacher = experiment.start(config, trial, rows, learner(config))
    ranking, kept = Ranking(), Kept()
    trial.restore(teacher=teacher, ranking=ranking, kept=kept)

    def measure(turn: int) -> list[Row]:
        return [{"meta_loss": teacher.loss, "skipped": teacher.skipped}]

    if not trial.meter.done("meta"):
        trial.meter.count_flops("meta", experiment.flops(teacher))
        yield from loop.fit(trial.meter, "meta", teacher.update, measure, config.eval_every)
    one = scoring(config, trial, teacher, rows.val, ranking)
    yield from loop.fit(trial.meter, "score", one, lambda turn: [told(ranking, turn)], 1)
    yield from truths(config, trial, ranking, kept)
    yield {**result(config, trial, ranking, kept), "skipped": teacher.skipped}


def network(config: CifarSearch, genotype: Genotype) -> MacroLearner:
    """Return an architecture's network as a learner."""
    return MacroLearner(
        genotype, config.cell_channels, config.cells, weight_norm=config.weight_norm
    )


def score(teacher: Teacher, real: Real, own: MacroLearner, seed: int) -> Scored:
    """Return what an architecture reaches on real rows after T steps on the frozen curriculum."""
    course = teacher.course.of(own)
    weights, batches = own.start(seed, teacher.device), teacher.lesson("score", seed)
    reached = course.taught(weights, teacher.numbers, batches, real)[-1].item()
    return Scored(own.genotype.text, seed, reached)


def scoring(
    config: CifarSearch, trial: Trial, teacher: Teacher, real: Real, ranking: Ranking
) -> Callable[[int], None]:
    """Return what draws one more architecture and scores it."""

    def one(turn: int) -> None:
        own = network(config, SPACE.random(Random(trial.stream("architecture", turn))))
        trial.meter.count_flops("score", estimate(config, own))
        ranking.scored.append(score(teacher, real, own, trial.stream("weights", turn)))

    return one


def estimate(config: CifarSearch, own: MacroLearner) -> float:
    """Return the FLOPs of a score: three forward passes a step."""
    return 6.0 * own.counts["multiply_adds"] * config.inner_steps * config.batch


def told(ranking: Ranking, turn: int) -> Row:
    """Return the row of an architecture."""
    return {"at": turn, **asdict(ranking.scored[turn])}


def truths(config: CifarSearch, trial: Trial, ranking: Ranking, kept: Kept) -> Iterator[Row]:
    """Train the architectures that are judged on all training images."""
    found = images.stored(config.dataset, trial.device, 0.0)
    for number in judged(config, ranking):
        phase, own = f"truth/{number}", network(config, ranking.scored[number].genotype)
        begin = partial(Truth, own, config, found, partial(trial.stream, phase))
        for row in train(Training(phase, begin, ("test",), config.truth_every), trial, kept):
            yield {**row, "at": number}


def judged(config: CifarSearch, ranking: Ranking) -> list[int]:
    """Return the numbers of those that are judged: a cap may have left some of them unscored."""
    return [number for number in config.judged if number < len(ranking.scored)]


def result(config: CifarSearch, trial: Trial, ranking: Ranking, kept: Kept) -> Row:
    """Return correlations with the truth, regret, cost, and the best architecture."""
    numbers = judged(config, ranking)
    scores = [ranking.scored[number].score for number in numbers]
    last = [kept[f"truth/{number}"] for number in numbers]
    true = [1 - row["child_test_error"] for row in last]
    sizes = [row["child_parameters"] for row in last]
    best = ranking.best
    said = f"{100 * best.score:.1f} % after {config.inner_steps} synthetic steps"
    keep_genotype(trial.artifacts, best.genotype, said)
    records = [asdict(each) for each in ranking.scored]
    (trial.artifacts / RECORDS).write_text(json.dumps(records, indent=1) + "\n", encoding="utf-8")
    return {
        **ranks(true, scores, sizes),
        **costs(config, trial),
        **asdict(best),
    }


def ranks(
    true: Sequence[float], scores: Sequence[float], sizes: Sequence[float]
) -> dict[str, float]:
    """Return Spearman's rho over all, in the top half by score, given size; and regrets."""
    truth, found, size = (np.array(each, dtype=np.float64) for each in (true, scores, sizes))
    order = np.argsort(-found, kind="stable")
    half = order[: max(2, len(order) // 2)]
    return {
        "rho": rho(truth, found),
        "rho_top": rho(truth[half], found[half]),
        "partial": given_size(truth, found, size),
        "rho_parameters": rho(truth, size),
        "rho_parameters_top": rho(truth[half], size[half]),
        "regret_at_1": float(truth.max() - truth[order[0]]),
        "regret_at_5": float(truth.max() - truth[order[:5]].max()),
    }


def costs(config: CifarSearch, trial: Trial) -> dict[str, float]:
    """Return what meta-training and a score cost, and from how many scores on it has paid.

        A* = C_meta / (c_real - c_gtn)

    A score by real data that ranks as well takes `as_well` steps of the same network and batch.
    """
    meta, scores = trial.meter.ledgers["meta"], trial.meter.ledgers["score"]
    each = scores.flops / scores.turns
    saved = each * (config.as_well / config.inner_steps - 1)
    return {"meta_flops": meta.flops, "score_flops": each, "break_even": meta.flops / saved}
