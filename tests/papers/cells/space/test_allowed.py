"""Which cells a search may return: how many there are, the best by scores, fair draws."""

from __future__ import annotations

from collections import Counter
from random import Random

import numpy as np
import pytest
from scipy.stats import chisquare

from harness.paper import Refused
from papers.cells.network import light
from papers.cells.space.allowed import Allowed, convolutions
from papers.cells.space.classes import classes
from papers.cells.space.edge import T0, T1, T2


def test_the_league_with_a_limit_has_so_many_cells():
    few = [code for code in T1.enumerate() if convolutions(T1, code) <= 2]
    assert len(few) == 3402
    assert len({classes(T1).of(code) for code in few}) == 617
    assert max(light.macs(T1, code) for code in few) == 79_840
    allowed = Allowed(T1, 2)
    assert set(allowed.codes) == {code for code in few if "none" not in T1.names(code)}
    assert len(allowed) == 2**6 + 6 * 2**5 + 15 * 2**4
    assert len(Allowed(T1)) == 3**6


def test_every_convolution_counts_and_only_they():
    code = T2.code(("c3", "c5", "avg", "skip", "none", "c3"))
    assert convolutions(T2, code) == 3
    assert code not in Allowed(T2)
    assert T2.code(("c3", "c5", "avg", "skip", "skip", "c3")) not in Allowed(T2, 2)
    assert T2.code(("c3", "c5", "avg", "skip", "skip", "avg")) in Allowed(T2, 2)


@pytest.mark.parametrize("limit", [None, 1, 2])
def test_the_best_by_scores_is_that_of_trying_all(limit: int | None):
    drawn = np.random.default_rng(0)
    for _ in range(20):
        scores = drawn.standard_normal((6, 4)).tolist()
        found = Allowed(T1, limit).best(scores)
        sums = {
            code: sum(row[op] for row, op in zip(scores, code, strict=True))
            for code in T1.enumerate()
            if "none" not in T1.names(code) and (limit is None or convolutions(T1, code) <= limit)
        }
        assert found == max(sums, key=sums.__getitem__)


def test_draws_are_uniform_over_the_set():
    allowed, stream = Allowed(T0, 1), Random(0)
    drawn = Counter(allowed.random(stream) for _ in range(100 * len(allowed)))
    assert set(drawn) == set(allowed.codes)
    assert chisquare(list(drawn.values())).pvalue > 1e-3


def test_a_limit_of_no_convolution_is_refused():
    with pytest.raises(Refused, match="limit=0"):
        Allowed(T1, 0)
