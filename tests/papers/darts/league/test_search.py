"""DARTS in the league: costs, what a step touches, what a search says of its cell."""

from __future__ import annotations

from dataclasses import replace

import pytest
import torch

from harness.trial import Trial
from papers.cells.child import mnist1d
from papers.cells.draw import files
from papers.cells.league import flops
from papers.cells.league.edge_search import EdgeSearch
from papers.cells.league.judged import summary
from papers.cells.league.league import league_of
from papers.cells.space.allowed import Allowed
from papers.cells.space.edge import SPACES, T0
from papers.cells.supernet.derivation import derive_code
from papers.darts.league import search
from papers.darts.league.config import LeagueSearch
from papers.darts.method import method

SMALL = LeagueSearch(gradient="first_order", space="T0", steps=6, ranked=4, eval_every=4)
pytestmark = pytest.mark.usefixtures("prepared")


def searching(config: LeagueSearch, trial: Trial, signals: mnist1d.Signals) -> EdgeSearch:
    space, batch = SPACES[config.space], config.batch
    return EdgeSearch(space, config, signals, batch, trial.stream, method(config), config.union)


@pytest.mark.parametrize("gradient", ["first_order", "second_order", "second_order_exact"])
def test_weights_and_alpha_have_optimizers_of_their_own(lab, signals, gradient):
    config = replace(SMALL, gradient=gradient, lr=0.1)
    searched = searching(config, lab(), signals)
    (alpha,) = searched.relaxation.parameters()
    owned = {id(p) for p in searched.optimizers.weights.param_groups[0]["params"]}
    assert id(alpha) not in owned
    assert owned == {id(p) for p in searched.supernet.parameters()}
    before, weights = alpha.detach().clone(), next(searched.supernet.parameters())
    first = weights.detach().clone()
    searched.step(0.1)
    assert not torch.equal(alpha, before)
    assert not torch.equal(weights, first)
    # Adam's first step has the rate as its length, whatever the gradient
    assert (alpha - before).abs().max().item() == pytest.approx(config.alpha_lr, rel=0.01)


def test_first_and_second_order_of_one_seed_see_the_same_data(lab, signals):
    pair = [
        searching(replace(SMALL, gradient=g), lab(), signals)
        for g in ("first_order", "second_order")
    ]
    starts = [next(s.supernet.parameters()).detach().clone() for s in pair]
    assert torch.equal(*starts)
    for _ in range(3):
        for name in ("train", "val"):
            one, other = (next(s.streams[name]) for s in pair)
            assert torch.equal(one[0], other[0])
        for s in pair:
            s.step(0.05)
    one, other = (next(s.streams["val"]) for s in pair)
    assert torch.equal(one[0], other[0])


def test_a_joint_step_is_one_gradient_of_one_loss(lab, signals):
    config = replace(SMALL, gradient="joint", union=True, clip=1e9, alpha_decay=0.0)
    searched = searching(config, lab(), signals)
    problem = searched.optimizers.problem
    batch = next(searched.streams["train"])
    wanted = torch.autograd.grad(problem.loss(batch), problem.weights)
    before = [w.detach().clone() for w in problem.weights]
    searched.optimizers.step(batch, batch, 0.1)
    for own, start, gradient in zip(problem.weights, before, wanted, strict=True):
        moved = start - 0.1 * (gradient + config.weight_decay * start)
        torch.testing.assert_close(own.detach(), moved, rtol=1e-4, atol=1e-6)


@pytest.mark.slow
@pytest.mark.usefixtures("few_steps")
def test_a_search_ends_with_a_cell_that_the_league_knows(lab):
    trial = lab({"search": (SMALL.steps, 1)})
    rows = list(search.run(SMALL, trial))
    last, league, unlimited = rows[-1], league_of(T0, SMALL.limit), league_of(T0)
    code, plain = T0.parse(last["cell"]), T0.parse(last["plain_cell"])
    assert last["regret"] == league.regret(code)
    assert last["plain_regret"] == unlimited.regret(plain)
    assert last["true_error"] == pytest.approx(1 - league.true(code))
    assert last["charged_steps"] == SMALL.steps
    spent = SMALL.steps * flops.step_flops(T0, 2, SMALL.batch)
    assert last["charged_flops"] == pytest.approx(spent)
    assert trial.meter.spent("flops") == pytest.approx(spent)
    drawn = files.shown(trial.artifacts)
    assert last["cell"] in drawn and summary(last) in drawn
    assert code in league.allowed
    assert plain in unlimited.allowed


def test_the_cell_is_the_most_probable_allowed_one_and_the_papers_own_without_a_limit(
    lab, signals
):
    found = searching(SMALL, lab(), signals)
    for seed in range(5):
        drawn = torch.Generator().manual_seed(seed)
        with torch.no_grad():
            found.relaxation.alphas["cell"].copy_(torch.randn(3, 5, generator=drawn))
        assert found.best(Allowed(T0)) == found.code == derive_code(found.weights, T0)
        chances = {
            code: float(
                torch.stack([found.weights[e, op].detach() for e, op in enumerate(code)]).prod()
            )
            for code in Allowed(T0, 1).codes
        }
        assert found.best(Allowed(T0, 1)) == max(chances, key=chances.__getitem__)
