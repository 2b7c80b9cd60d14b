"""The league's search network under any gradient searcher: rows, samples, going on."""

from __future__ import annotations

from functools import partial

import pytest
import torch

from harness.trial import stream
from papers.cells.child import mnist1d
from papers.cells.league.edge_search import CELL, EdgeSearch
from papers.cells.space.edge import T0
from papers.cells.supernet.bilevel import Optimizers
from papers.cells.supernet.config import Bilevel
from papers.cells.supernet.method import Method, mixture
from papers.cells.supernet.relaxation import Relaxation

pytestmark = pytest.mark.usefixtures("prepared")
CONFIG = Bilevel(alpha_lr=0.1)


@pytest.fixture(scope="module")
def signals() -> mnist1d.Signals:
    return mnist1d.Signals.load()


def network(
    signals: mnist1d.Signals, seed: int = 0, united: bool = False, **options
) -> EdgeSearch:
    train = partial(Optimizers, config=CONFIG, **options.pop("updates", {}))
    method = Method(train, **options)
    return EdgeSearch(T0, CONFIG, signals, 20, partial(stream, seed), method, united)


def test_united_streams_have_all_rows_each_in_an_order_of_its_own(signals):
    found = network(signals, united=True)
    rows = len(signals.train.y) + len(signals.val.y)
    assert [len(s.part.y) for s in found.streams.values()] == [rows, rows]
    assert not torch.equal(*(next(s.order) for s in found.streams.values()))


class Sampler:
    """One operation an edge, drawn by the weights, with the gradient of what drew it."""

    def __init__(self) -> None:
        self.drawn, self.seen = torch.Generator().manual_seed(0), list[list[int]]()

    def __call__(self, relaxation: Relaxation, name: str) -> torch.Tensor:
        weights = mixture(relaxation, name)
        index = torch.multinomial(weights.detach(), 1, generator=self.drawn)
        self.seen.append(index.flatten().tolist())
        onehot = torch.zeros_like(weights).scatter_(1, index, 1.0)
        return (onehot - weights.detach() + weights) * onehot


@pytest.mark.parametrize("unsampled", ["skip", "dense"])
def test_a_searcher_that_samples_needs_a_method_and_nothing_else(signals, unsampled):
    """GDAS: w and then alpha, a fresh sample for each; what is not sampled is skipped or not."""
    sampler = Sampler()
    updates = {"order": "weights_first", "unsampled": unsampled}
    found = network(signals, updates=updates, choose=sampler, hard=True)
    for _ in range(2):
        before = {n: p.detach().clone() for n, p in found.supernet.named_parameters()}
        alpha = found.relaxation.alphas[CELL].detach().clone()
        found.step(0.1)
        for_w, for_alpha = sampler.seen[-2:]
        assert not torch.equal(alpha, found.relaxation.alphas[CELL])
        for name, value in found.supernet.named_parameters():
            _, _, rest = name.partition(".operations.")
            edge, _, operation = rest.partition(".")[0].partition("_")
            sampled = not rest or T0.ops[for_w[int(edge)]] == operation
            if not sampled:
                assert torch.equal(before[name], value) == (unsampled == "skip"), name
    assert len(sampler.seen) == 4
    assert for_w != for_alpha or sampler.seen[0] != sampler.seen[1]


def test_a_search_goes_on_where_it_was(signals):
    whole, half, resumed = network(signals), network(signals), network(signals, seed=3)
    for _ in range(4):
        whole.step(0.1)
    for _ in range(2):
        half.step(0.1)
    for name, item in resumed.stateful.items():
        item.load_state_dict(half.stateful[name].state_dict())
    for _ in range(2):
        resumed.step(0.1)
    assert resumed.row(signals.val) == whole.row(signals.val)
    assert resumed.code == whole.code
