"""ENAS in the league: what is drawn, trained, scored and charged, and what it says of its cell."""

from __future__ import annotations

from copy import deepcopy
from dataclasses import replace
from functools import partial

import pytest
import torch

from harness.trial import stream
from papers.cells.child.mnist1d import Signals
from papers.cells.league import derive
from papers.cells.league.costs import Costs, training_flops
from papers.cells.league.league import league_of
from papers.cells.network import light
from papers.cells.space.allowed import allowed
from papers.cells.space.edge import T0, T1
from papers.enas.league import search
from papers.enas.league.config import CAPPED, LeagueSearch
from papers.enas.league.path_search import EdgePaths
from tests.lab.states import hand_over

SMALL = LeagueSearch(
    space="T0", steps=6, rounds=3, updates=2, samples=3, candidates=4, ranked=4, shown=5,
    eval_every=4, theta_lr=0.02,
)  # fmt: skip
FEW = allowed(T0, SMALL.limit)
PHASES = {
    f"{name}/{task}": phase
    for task in SMALL.tasks
    for name, phase in {"search": (6, 1), "candidates": (4, 0), "retrain": (1, 900)}.items()
}
pytestmark = pytest.mark.usefixtures("prepared")


def paths(signals: Signals, config: LeagueSearch = SMALL, seed: int = 0) -> EdgePaths:
    return EdgePaths(FEW, config, signals, partial(stream, seed), Costs())


def whole(found: EdgePaths) -> EdgePaths:
    for turn in range(found.config.steps):
        found.step(turn, found.config.steps)
    return found


@pytest.mark.parametrize("policy", ["controller", "frozen", "uniform"])
def test_every_path_is_allowed_and_a_rounds_are_drawn_at_once(signals, monkeypatch, policy):
    found, asked, ran = paths(signals, replace(SMALL, policy=policy)), [], []
    draw, step = found.policy.draw, found.weights.step
    monkeypatch.setattr(found.policy, "draw", lambda n: asked.append(n) or draw(n))
    monkeypatch.setattr(found.weights, "step", lambda lr: ran.append(step(lr)))
    whole(found)
    assert asked == [2, 2, 2]  # candidates have a phase of their own
    assert len(ran) == 6
    assert all(code in FEW for code in ran)
    assert not found.paths


def test_steps_and_scores_are_charged_and_nothing_else(signals, monkeypatch):
    found, ran, scored = paths(signals), [], []
    step, score = found.weights.step, derive.score
    monkeypatch.setattr(found.weights, "step", lambda lr: ran.append(step(lr)) or ran[-1])

    def noted(shared, code, part):
        scored.append((code, part))
        return score(shared, code, part)

    monkeypatch.setattr(derive, "score", noted)
    whole(found)
    assert len(scored) == found.costs.scored == 3 * 2 * 3
    steps = sum(training_flops(light.macs(T0, code), SMALL.batch) for code in ran)
    scores = sum(2.0 * light.macs(T0, code) * SMALL.score_batch for code, _ in scored)
    assert found.costs.flops == pytest.approx(steps + scores)
    groups = [scored[k : k + SMALL.samples] for k in range(0, len(scored), SMALL.samples)]
    assert all(len({id(part) for _, part in group}) == 1 for group in groups)
    assert len({float(part.x.sum()) for _, part in scored}) > 1


def test_theta_learns_unless_it_is_frozen(signals):
    for policy in ("controller", "frozen"):
        found = paths(signals, replace(SMALL, policy=policy))
        theta = found.policy.learner.controller.state_dict()
        before = deepcopy(theta)
        whole(found)
        same = all(torch.equal(before[name], theta[name]) for name in before)
        assert same == (policy == "frozen")


def test_scores_with_batch_statistics_do_not_depend_on_who_came_before(signals):
    """T15: those with running ones do."""
    one, other = (whole(paths(signals, replace(SMALL, norms=n))) for n in ("batch", "running"))
    code = FEW.codes[0]
    for found, same in ((one, True), (other, False)):
        before = derive.score(found.shared, code, signals.val)
        logits = found.shared(signals.val.x[:, :100].T, code)
        for path in FEW.codes:
            found.weights.supernet(signals.train.x[:, :50].T, path)
        assert torch.equal(logits, found.shared(signals.val.x[:, :100].T, code)) == same
        assert (derive.score(found.shared, code, signals.val) == before) or not same


@pytest.mark.parametrize("policy", ["controller", "frozen", "uniform"])
def test_a_search_goes_on_where_another_was(signals, policy):
    config = replace(SMALL, policy=policy)
    one, other = paths(signals, config), paths(signals, config, seed=1)
    for turn in range(3):
        one.step(turn, 6)
    hand_over(one, other)
    for found in (one, other):
        for turn in range(3, 6):
            found.step(turn, 6)
    codes = one.policy.draw(10)
    assert codes == other.policy.draw(10)
    ends = [derive.score(each.shared, tuple(codes[0]), signals.val) for each in (one, other)]
    assert ends[0] == ends[1]


def test_tasks_have_weights_and_theta_of_their_own(signals, lab):
    trial = lab(PHASES)
    leagues = (league_of(T0, SMALL.limit), league_of(T0))
    one, other = (
        search.Search(task, league, SMALL, signals, trial)
        for task, league in zip(SMALL.tasks, leagues, strict=True)
    )
    starts = [next(each.paths.weights.supernet.parameters()) for each in (one, other)]
    assert not torch.equal(*starts)
    assert one.paths.allowed.limit == SMALL.limit
    assert other.paths.allowed.limit is None


@pytest.mark.slow
@pytest.mark.usefixtures("few_steps")
def test_a_search_ends_with_cells_that_the_league_knows(lab):
    trial = lab(PHASES)
    rows = list(search.run(SMALL, trial))
    last, flops = rows[-1], {name: own.flops for name, own in trial.meter.ledgers.items()}
    for key, task, limit in (("", CAPPED, SMALL.limit), ("plain_", "plain", None)):
        league = league_of(T0, limit)
        code = T0.parse(str(last[f"{key}cell"]))
        assert code in league.allowed
        assert last[f"{key}regret"] == league.regret(code)
        assert last[f"{key}charged_steps"] == 6 + 900
        spent = sum(flops[f"{name}/{task}"] for name in ("search", "candidates", "retrain"))
        assert last[f"{key}charged_flops"] == pytest.approx(spent)
        assert last[f"{key}regret_candidate"] <= last[f"{key}regret"]
        assert last[f"{key}regret_bar"] <= last[f"{key}regret"]
        assert {f"{key}tau", f"{key}tau_top_share", f"{key}sampled_truth"} <= set(last)
    proxies = [row for row in rows if "one_hot_accuracy" in row]
    assert len(proxies) == SMALL.ranked
    assert {"tau_running", "tau_recalibrated", "tau_minibatch"} <= set(last)
    assert "test_accuracy" not in last


def test_uniform_policy_draws_what_random_search_draws(signals):
    found = EdgePaths(
        allowed(T1, 2), replace(SMALL, space="T1", policy="uniform"), signals,
        partial(stream, 0), Costs(),
    )  # fmt: skip
    drawn = {tuple(code) for code in found.policy.draw(3000)}
    assert drawn == set(allowed(T1, 2).codes)
