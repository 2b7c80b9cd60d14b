"""Tables and LSTMs side by side are each what one policy alone is, seed for seed."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch

from papers.cells.league.contest import Contestant
from papers.cells.league.league import league_of
from papers.cells.league.objective import OBJECTIVES, objectives
from papers.cells.league.recorded import RecordedEvaluator, recorded
from papers.cells.league.stacked import Stacked
from papers.cells.space.edge import T1
from papers.nasnet.league.config import TableLearning
from papers.nasnet.league.lstms import Lstms
from papers.nasnet.league.places import Places
from papers.nasnet.league.search import side_by_side
from papers.nasnet.league.searcher import Reinforced
from papers.nasnet.league.tables import Adam, Tables
from tests.lab import stacks
from tests.lab.stacks import goes_on, in_step

TABULAR = TableLearning(space="T0", rate=0.1)
RECURRENT = replace(TABULAR, policy="lstm", rate=0.02, samples=4)
FORMS = {
    "tabular": TABULAR,
    "tabular, entropy and batches": replace(TABULAR, samples=3, entropy=0.01),
    "tabular, ppo": replace(TABULAR, samples=4, gradient="ppo", epochs=4, entropy=0.01),
    "tabular, cubed": replace(TABULAR, power=3.0, decay=0.5),
    "lstm": RECURRENT,
    "lstm, ppo": replace(RECURRENT, gradient="ppo", epochs=3, entropy=1e-3),
    "lstm, paper's logits": replace(RECURRENT, preset="paper"),
}
SEEDS, TURNS = list(range(6)), 30


@pytest.fixture(scope="module", params=stacks.KINDS)
def known(request):
    return stacks.small(request.param)


def stack(known, config, turns: int = TURNS) -> Stacked:
    allowed = known.objective.league.allowed
    return Stacked(known, side_by_side(config, allowed, SEEDS, turns), SEEDS)


@pytest.mark.parametrize("form", FORMS)
def test_many_side_by_side_are_each_what_one_alone_is_seed_for_seed(known, form, one_thread):
    config, allowed = FORMS[form], known.objective.league.allowed
    many = stack(known, config)
    alone = [
        Contestant(Reinforced(allowed, config, seed), RecordedEvaluator(known, seed))
        for seed in SEEDS
    ]
    in_step(many, alone, TURNS)
    for search, one in enumerate(alone):
        mine = weights_of(many.searchers, search)
        for name, weight in one.searcher.learner.controller.state_dict().items():
            if name in mine:
                np.testing.assert_allclose(mine[name], weight.numpy(), rtol=1e-4, atol=1e-5)


def weights_of(searchers: Tables | Lstms, search: int) -> dict[str, np.ndarray]:
    """Return the weights of one of many policies by the names that one alone has."""
    if isinstance(searchers, Tables):
        return {"scores": searchers.scores[search]}
    return {
        name.removeprefix("controller."): own[search].detach().numpy()
        for name, own in searchers.weights.items()
    }


def test_policies_move(known):
    many = stack(known, TABULAR)
    before = many.searchers.scores.copy()
    for _ in range(TURNS):
        many.turn()
    assert np.abs(many.searchers.scores - before).max() > 0.1


@pytest.mark.parametrize("form", ["tabular, ppo", "lstm, ppo"])
def test_they_go_on_where_others_were(known, form, one_thread):
    goes_on(lambda: stack(known, FORMS[form]), TURNS, 14)  # in the middle of a batch


def test_what_is_drawn_does_not_hang_on_who_stands_beside(known):
    allowed = known.objective.league.allowed
    few, many = (Tables(allowed, TABULAR, seeds, 5) for seeds in ([4], [2, 4]))
    for _ in range(5):
        one, two = few.propose(), many.propose()
        assert one[0] == two[1]
        few.observe(one, np.array([0.5]))
        many.observe(two, np.array([0.9, 0.5]))


def test_one_policy_goes_on_where_another_was(known):
    allowed, config = known.objective.league.allowed, FORMS["tabular, ppo"]
    one = Contestant(Reinforced(allowed, config, 3), RecordedEvaluator(known, 3))
    for _ in range(6):
        one.turn()
    other = Reinforced(allowed, config, 8)
    other.load_state_dict(one.searcher.state_dict())
    assert [other.propose() for _ in range(2)] == [one.searcher.propose() for _ in range(2)]


def test_places_are_those_of_the_allowed_cells():
    allowed = league_of(T1, 2).allowed
    places = Places(allowed)
    assert places(np.array(allowed.codes)).tolist() == list(range(len(allowed)))
    assert places(np.array([[0] * 6])).tolist() == [-1]  # none on every edge


def test_adam_is_torchs():
    rows = np.random.default_rng(0).normal(size=(20, 3, 4))
    weight = torch.nn.Parameter(torch.zeros(3, 4, dtype=torch.float64))
    theirs, ours, own = torch.optim.Adam([weight], 0.03), Adam(0.03, (3, 4)), np.zeros((3, 4))
    for gradient in rows:
        weight.grad = torch.from_numpy(gradient)
        theirs.step()
        own = own - ours(gradient)
    np.testing.assert_allclose(own, weight.detach().numpy(), rtol=1e-12)


@pytest.mark.parametrize("policy", ["tabular", "lstm"])
def test_learning_pays(policy, one_thread):
    """Reinforcement learning proposes better cells late than at first."""
    known = recorded(objectives(OBJECTIVES, T1, 2, 0.01)["plain_"])
    allowed, seeds = known.objective.league.allowed, list(range(20))
    config = replace(TABULAR if policy == "tabular" else RECURRENT, space="T1")
    searchers = side_by_side(config, allowed, seeds, 160)
    many, truth = Stacked(known, searchers, seeds), []
    for _ in range(160):
        state = many.searchers.propose
        places = state()
        truth.append(known.truth["true_accuracy"][places].mean())
        many.searchers.observe(places, many.evaluators.evaluate(places))
    assert np.mean(truth[-20:]) > np.mean(truth[:20]) + 0.03
