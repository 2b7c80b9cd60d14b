"""A league cell as a blueprint is the league's own network; ranks and regressions of it."""

from __future__ import annotations

from random import Random

import pytest
import torch

from harness.paper import Refused
from papers.cells.network.light import build_light, parameters
from papers.cells.space.edge import SPACES, T0
from papers.ghn2.league.cells import network
from papers.ghn2.league.config import Ranking
from papers.ghn2.league.ranking import drawn, regression

pytestmark = pytest.mark.usefixtures("one_thread")
T1 = SPACES["T1"]
OPS = [op for op in T1.ops if op != "none"]


def test_it_computes_what_the_leagues_network_does():
    random, x = Random(0), torch.randn(6, 40).double()
    for seed in range(8):
        code = T1.code(tuple(random.choice(OPS) for _ in T1.edges))
        light = build_light(T1, code, seed).double()
        own = network(T1, code)
        assert own.graph.size == parameters(T1, code)
        values = iter(_in_order(light, T1, code))
        named = {name: next(values) for name, _ in own.module.named_parameters()}
        torch.testing.assert_close(own.logits(named, x.unsqueeze(1)), light(x))


def _in_order(light, space, code):
    """Yield the parameters of a league network in the order in which it computes."""
    yield from light.stem.parameters()
    for place, cell in enumerate((light.first, light.second)):
        for edge in range(len(space.edges)):
            if str(edge) in cell.operations:
                yield from cell.operations[str(edge)].parameters()
        if not place:
            yield from light.reduce.parameters()
    yield from light.norm.parameters()
    yield from light.out.parameters()


def test_a_cell_that_lets_nothing_through_is_refused():
    with pytest.raises(Refused, match="does not depend on the input"):
        network(T0, T0.code(("none",) * len(T0.edges)))


def test_training_cells_are_not_among_those_that_are_ranked():
    config = Ranking(space="T0", pool=4, ranked=4, fitted=5)
    first = drawn(config, 0, set())
    assert not set(first) & set(drawn(config, 0, set(first)))
    assert len(set(first)) == 4


def test_the_regression_finds_a_smooth_law():
    generator = torch.Generator().manual_seed(0)
    x = torch.randn(80, 4, generator=generator).double().numpy()
    y = 60 + 10 * x[:, 0] - 5 * x[:, 1] ** 2
    fit = regression().fit(x[:60], y[:60])
    errors = fit.predict(x[60:]) - y[60:]
    assert errors.std() < 0.6 * y[60:].std()


def test_a_fold_needs_a_cell():
    with pytest.raises(Refused, match="fitted=4"):
        Ranking(fitted=4)
