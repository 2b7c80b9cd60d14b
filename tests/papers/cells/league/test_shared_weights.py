"""Shared weights and the policy that proposes their paths."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial
from itertools import cycle
from random import Random

import pytest
import torch

from harness.paper import Refused
from harness.trial import stream
from papers.cells.child import mnist1d
from papers.cells.league import derive
from papers.cells.league.config import PathTraining
from papers.cells.league.shared_weights import SharedWeights
from papers.cells.space.edge import T0, Code

pytestmark = pytest.mark.usefixtures("prepared")


@pytest.fixture(scope="module")
def signals() -> mnist1d.Signals:
    return mnist1d.Signals.load()


def uniform() -> Callable[[], Code]:
    return partial(T0.random, Random(0))


def sharing(signals: mnist1d.Signals, propose: Callable[[], Code] | None = None) -> SharedWeights:
    seed = partial(stream, 0)
    return SharedWeights(T0, PathTraining(), signals.train, seed, propose or uniform())


def test_a_step_leaves_what_its_path_does_not_touch_as_it_was(signals):
    """T14: neither gradient nor decay nor momentum reaches weights off the path."""
    weights = sharing(signals)
    for _ in range(5):
        before = {n: p.detach().clone() for n, p in weights.supernet.named_parameters()}
        code = weights.step(0.05)
        names = T0.names(code)
        for name, value in weights.supernet.named_parameters():
            _, _, rest = name.partition(".operations.")
            if not rest:
                continue
            edge, _, operation = rest.partition(".")[0].partition("_")
            if names[int(edge)] != operation:
                assert torch.equal(before[name], value), (name, code)


def test_the_policy_says_which_path_every_step_takes(signals):
    """A policy of another paper, here one that alternates: nothing else is drawn."""
    codes: list[Code] = [(2, 0, 0), (0, 2, 3)]
    paths: Iterator[Code] = cycle(codes)
    weights = sharing(signals, lambda: next(paths))
    assert [weights.step(0.05) for _ in range(4)] == codes * 2


def test_a_policy_that_reads_what_the_weights_are_worth_is_asked_at_every_step(signals):
    """What a controller does: it proposes by scores of the weights as they are now."""
    scores: list[float] = []

    def best() -> Code:
        pair = [(2, 0, 0), (0, 0, 2)]
        worth = [derive.score(weights.shared, code, signals.val) for code in pair]
        scores.extend(worth)
        return pair[worth.index(max(worth))]

    weights = sharing(signals, best)
    for _ in range(2):
        code = weights.step(0.05)
        assert code == ((2, 0, 0) if scores[-2] >= scores[-1] else (0, 0, 2))
    assert len(scores) == 4


def test_the_same_paths_train_the_same_weights_whoever_proposes_them(signals):
    drawn = Random(0)
    one = sharing(signals)
    other = sharing(signals, lambda: T0.random(drawn))
    for _ in range(3):
        assert one.step(0.05) == other.step(0.05)
    for a, b in zip(one.supernet.parameters(), other.supernet.parameters(), strict=True):
        assert torch.equal(a, b)


def test_a_rate_below_the_lowest_is_refused():
    with pytest.raises(Refused, match=r"lr=0\.0001"):
        PathTraining(lr=0.0001)


def test_a_score_is_the_accuracy_on_all_rows(signals):
    weights = sharing(signals)
    code = (2, 1, 3)
    score = derive.score(weights.shared, code, signals.val)
    with torch.no_grad():
        logits = [
            weights.supernet(x.T, code) for x in signals.val.x.split(derive.EVAL_ROWS, dim=1)
        ]
    right = (torch.cat(logits).argmax(1) == signals.val.y).float().mean()
    assert score == pytest.approx(float(right), abs=0.002)
