"""What no policy can be, nor a search be made of, is refused in one line."""

from __future__ import annotations

import pytest

from harness.paper import Refused
from papers.nasnet.league.config import BreakEven, TableLearning, TrainedLearning


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"policy": "tabulr"}, "unknown policy 'tabulr'; did you mean 'tabular'"),
        ({"gradient": "pp"}, "unknown gradient 'pp'; did you mean 'ppo'"),
        ({"policy": "lstm", "preset": "fre"}, "unknown preset 'fre'; did you mean 'free'"),
        ({"preset": "paper"}, "preset=paper: is of an LSTM's logits.*leave it at free"),
        ({"rate": 0.0}, "rate=0.0: must lie between 1e-09 and 10"),
        ({"rate": float("nan")}, "rate=nan: must lie between"),
        ({"decay": 1.0}, "decay=1.0: must lie between 0 and 1, 1 left out"),
        ({"entropy": -0.1}, "entropy=-0.1: must lie between 0"),
        ({"samples": 0}, "samples=0: must lie between 1 and 1000"),
        ({"epochs": 0}, "epochs=0: must be at least 1"),
        ({"epochs": 2}, "epochs=2: gradient=reinforce takes one step on each batch"),
        ({"clip": 0.3}, "clip=0.3: gradient=reinforce cuts no ratios off; leave it at 0.2"),
        ({"gradient": "ppo", "clip": 0.0}, "clip=0.0: must lie between"),
        ({"power": 0.0}, "power=0.0: must lie between"),
        ({"price": -0.01}, "price=-0.01: must lie between 0 and 1"),
        ({"price": 0.1, "objectives": ("capped",)}, "price=0.1: no search of objectives=capped"),
        ({"objectives": ("capped", "prized")}, "unknown objective 'prized'; .*'priced'"),
        ({"objectives": ("plain",)}, "objectives=plain: must begin with 'capped'"),
        ({"searches": 0}, "searches=0: must lie between 1"),
        ({"evaluations": 0}, "evaluations=0: must lie between 1"),
        ({"limit": 0}, "limit=0: must be at least 1"),
        ({"space": "T3"}, "unknown space 'T3'"),
    ],
)
def test_what_cannot_be_searched_is_refused(changed, said):
    with pytest.raises(Refused, match=said):
        TableLearning(**changed)


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"repeats": 0}, "repeats=0: must lie between 1"),
        ({"turns": 0}, "turns=0: must lie between 1"),
        ({"objectives": ("priced",)}, "objectives=priced: must begin with 'capped'"),
        (
            {"objectives": ("capped", "plain"), "price": 0.02},
            "price=0.02: no search of objectives",
        ),
        ({"price": 2.0}, "price=2.0: must lie between 0 and 1"),
        ({"policy": "table"}, "unknown policy 'table'"),
    ],
)
def test_so_is_what_cannot_be_trained(changed, said):
    with pytest.raises(Refused, match=said):
        TrainedLearning(**changed)


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"objectives": ("capped",)}, "objectives=capped: must be capped,plain"),
        ({"enas": ()}, "enas=: must be regrets from 0 to 1, at least one"),
        ({"plain_enas": (0.1, 1.5)}, "plain_enas=0.1,1.5: must be regrets from 0 to 1"),
        ({"plain_enas": (float("nan"),)}, "plain_enas=nan: must be regrets"),
        ({"enas_steps": 0}, "enas_steps=0: must lie between 1"),
        ({"enas_gflops": 0.0}, "enas_gflops=0.0: must lie between"),
        ({"plain_enas_gflops": -1.0}, "plain_enas_gflops=-1.0: must lie between"),
        ({"levels": (0.1, 0.05)}, "levels=.*: must rise"),
        ({"price": 0.02}, "price=0.02: no search of objectives=capped,plain has one"),
    ],
)
def test_and_what_no_search_of_enas_ends_with(changed, said):
    with pytest.raises(Refused, match=said):
        BreakEven(**changed)
