"""Cells as learners, who is ranked and who is not, and a score that can be had again."""

from __future__ import annotations

from functools import partial

import numpy as np
import pytest
import torch
from scipy.stats import spearmanr

from harness.paper import Refused
from harness.trial import stream
from papers.cells.league import ranking
from papers.cells.league.costs import Costs
from papers.cells.league.league import league_of
from papers.cells.network.light import build_light
from papers.cells.space.edge import SPACES
from papers.gtn import experiment
from papers.gtn.league import ranks, search
from papers.gtn.league.cells import CellLearner, CellTeacher, apart
from papers.gtn.league.config import LeagueTeaching
from papers.gtn.lessons import Real, Rows
from papers.gtn.meta import Course

SPACE = SPACES["T0"]
CODE = SPACE.code(("c3", "avg", "c5"))


def config(**changes: object) -> LeagueTeaching:
    base = {
        "space": "T0", "inner_steps": 3, "batch": 10, "meta_batch": 20, "outer_steps": 4,
        "noise": 4, "generator_hidden": 8, "generator_channels": (4, 4), "ranked": 4,
    }  # fmt: skip
    return LeagueTeaching(**{**base, **changes})


def teacher(own: LeagueTeaching) -> CellTeacher:
    torch.manual_seed(0)
    real = Real(torch.randn(60, 40), torch.arange(60) % 10)
    rows = Rows("noise", real, real, real, 1, (40,))
    codes = league_of(SPACE, own.limit).codes[:5]
    first = CellLearner(SPACE, codes[0])
    made, _ = experiment.lessons(own, rows, first, torch.Generator().manual_seed(0))
    seeds = partial(stream, 0)
    return CellTeacher(own, first, made, real, seeds, 4, codes=codes, space=SPACE)


def test_a_cell_computes_what_its_network_does_on_a_training_batch():
    learner, x = CellLearner(SPACE, CODE), torch.randn(7, 40)
    logits, means = learner.forward(learner.start(3, "cpu"), x)
    network = build_light(SPACE, CODE, 3).train()
    torch.testing.assert_close(logits[0], network(x))
    assert means == () and list(learner.centred) == []
    assert [w.shape[1:] for w in learner.start(3, "cpu")] == [
        torch.Size(s) for s in learner.shapes
    ]


def test_every_weight_of_a_cell_has_a_gradient_of_a_gradient():
    learner = CellLearner(SPACE, CODE)
    course = Course(learner, 3, "batch")
    own = teacher(config())
    batches = own.lessons.give(own.random("x"))
    real = [own.real.draw(20, own.random("y"))]
    found = [
        course.train(learner.start(1, "cpu"), own.numbers, batches, real).outer.sum()
        for course in (course, Course(learner, 3, "batch", segment=0))
    ]
    slopes = [torch.autograd.grad(loss, batches.inputs, retain_graph=True)[0] for loss in found]
    torch.testing.assert_close(slopes[0], slopes[1], rtol=1e-4, atol=1e-7)
    assert all(bool(step.abs().max() > 0) for step in slopes[0])


def test_each_outer_step_has_a_cell_of_its_own_and_resumes_with_it():
    made, again = teacher(config()), teacher(config())
    seen = [made.student(turn)[0].learner.code for turn in range(12)]
    assert len(set(seen)) > 1
    assert seen == [again.student(turn)[0].learner.code for turn in range(12)]
    for turn in range(2):
        made.update(turn)
        again.update(turn)
    assert made.skipped == 0 and made.loss == again.loss


def test_cells_that_are_ranked_are_not_met_before():
    league = league_of(SPACE, 2)
    judged = ranking.sample(league, 6)
    left = apart(league, judged)
    known = {league.classes.of(code) for code in judged}
    assert left and not known & {league.classes.of(code) for code in left}
    with pytest.raises(Refused, match="no other cell of T0 is left"):
        apart(league, league.allowed.codes)


def test_a_score_is_had_again_from_cell_and_seed():
    made, costs = teacher(config()), Costs()
    found = search.Scored([CODE, made.codes[0]])
    one = search.scoring(made, made.real, found, costs)
    for turn in range(2):
        one(turn)
    seed = made.stream("score", 0)
    assert found.scores == [search.score(made, made.real, code, seed) for code in found.codes]
    assert costs.sgd_steps == 2 * 3 and costs.scored == 2 and costs.flops > 0
    assert found.best == found.codes[int(np.argmax(found.scores))]
    copy = search.Scored(found.codes)
    copy.load_state_dict(found.state_dict())
    assert copy.scores == found.scores


def test_partial_correlation_is_that_of_what_size_leaves_over():
    random = np.random.default_rng(0)
    size, own = random.normal(size=400), random.normal(size=400)
    true, by_size = size + own, size + random.normal(size=400)
    assert ranks.partial(true, true, size) == pytest.approx(1)
    assert abs(ranks.partial(true, by_size, size)) < 0.15  # size is all that it knows
    assert spearmanr(true, by_size).statistic > 0.4
    assert ranks.partial(true, own, size) > 0.6
    assert ranks.partial(true, size, size) == 0.0
    assert ranks.rho(true, np.ones(400)) == 0.0
    x, y, z = (random.normal(size=50) for _ in range(3))
    xy, xz, yz = (spearmanr(a, b).statistic for a, b in ((x, y), (x, z), (y, z)))
    expected = (xy - xz * yz) / ((1 - xz**2) * (1 - yz**2)) ** 0.5
    assert ranks.partial(x, y, z) == pytest.approx(expected, rel=1e-9)


def test_the_truth_itself_ranks_without_regret():
    league = league_of(SPACE, 2)
    codes = league.codes[:10]
    true = [league.true(code) for code in codes]
    row = ranks.ranks(league, codes, true)
    assert row["rho"] == pytest.approx(1) and row["partial"] == pytest.approx(1)
    assert row["regret_at_1"] == pytest.approx(league.best - max(true))
    assert row["regret_at_5"] == row["regret_at_1"]
    worst = ranks.ranks(league, codes, [-value for value in true])
    assert worst["regret_at_1"] == pytest.approx(league.best - min(true))
    assert worst["regret_at_5"] <= worst["regret_at_1"]


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"space": "T9"}, "unknown space 'T9'"),
        ({"ranked": 1}, "ranked=1: must be at least 2"),
        ({"statistics": "last"}, "statistics=last: cells are normalised by their own batch"),
        ({"learners": 2, "evaluated": 2}, "learners=2: cells of different shapes are not stacked"),
        ({"treatment": "semi"}, "treatment=semi"),
        ({"limit": 0}, "limit=0"),
    ],
)
def test_impossible_searches_are_refused_in_one_line(changes: dict, said: str):
    with pytest.raises(Refused, match=said) as refusal:
        config(**changes)
    assert "\n" not in str(refusal.value)
