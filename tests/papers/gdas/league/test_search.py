"""GDAS in the league: its rows, its charges, and what resumes."""

from __future__ import annotations

from dataclasses import replace

import pytest
import torch

from papers.cells.league.costs import training_flops
from papers.cells.league.league import league_of
from papers.cells.network import light
from papers.cells.space.edge import T0
from papers.gdas.league import random_search, search
from papers.gdas.league.config import LeagueRandom, LeagueSearch
from papers.gdas.league.search import Sampled, agreement

SMALL = LeagueSearch(space="T0", steps=10, ranked=4, eval_every=4, epochs=5)
pytestmark = pytest.mark.usefixtures("prepared")


def test_a_search_is_charged_what_its_samples_cost(lab, monkeypatch):
    drawn: list[tuple[int, ...]] = []
    cool = search.Sampler.cool

    def noted(self, turn, horizon):
        drawn.extend(self.last)
        cool(self, turn, horizon)

    monkeypatch.setattr(search.Sampler, "cool", noted)
    trial = lab({"search": (SMALL.steps, 1)})
    last = list(search.run(SMALL, trial))[-1]
    assert len(drawn) == 2 * (SMALL.steps - 1)
    known = sum(light.macs(T0, code) for code in drawn)
    assert last["charged_flops"] > training_flops(known, SMALL.batch)
    assert last["charged_flops"] == trial.meter.spent("flops")
    league = league_of(T0, SMALL.limit)
    assert last["regret"] == league.regret(T0.parse(last["cell"]))
    assert last["temperature"] == pytest.approx(SMALL.lowest_tau)
    assert {"tau", "tau_parameters", "halves_agree", "plain_regret", "alpha_none"} <= set(last)


def test_loop_and_fast_form_give_one_loss_and_one_gradient_of_alpha(lab, signals, double):
    found = Sampled(SMALL, signals, lab())
    found.supernet.double()
    found.relaxation.double()
    x, y = next(found.streams["val"])
    (alpha,) = found.relaxation.parameters()
    state, gradients = found.sampler.state_dict(), []
    for net in (found.supernet, type(found.shared)(found.supernet)):
        found.sampler.load_state_dict(state)
        loss = found._loss(net, (x.double(), y))
        gradients.append(torch.autograd.grad(loss, alpha)[0])
    torch.testing.assert_close(*gradients, rtol=0, atol=1e-12)
    assert gradients[0].abs().max() > 0


def test_halves_agree_by_edges():
    assert agreement((0, 1, 2), (0, 2, 2)) == 2 / 3


def test_random_search_gets_the_children_that_the_search_would_pay_for():
    config = LeagueRandom(space="T0", steps=600, evaluations=400)
    league = league_of(T0)
    once, twice = (random_search.equal(league, replace(config, steps=n)) for n in (600, 6000))
    assert 1 <= once < twice
    assert random_search.equal(league, replace(config, steps=1)) == 1
    assert random_search.equal(league, replace(config, steps=10**9)) == 400
    codes = list(T0.enumerate())
    mean = sum(light.macs(T0, code) for code in codes) / len(codes)
    assert random_search.sampled_macs(T0) == round(mean)
