"""What an evolution cannot be is refused in one line."""

from __future__ import annotations

import pytest

from harness.paper import Refused
from papers.amoebanet.images.config import NativePublished
from papers.amoebanet.league.config import TableEvolution, TableRandom, TrainedEvolution
from papers.amoebanet.onemax.config import OneMax


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"population": 1}, "population=1: must be at least 2"),
        ({"population": 10, "sample": 11}, "sample=11: must lie between 1 and 10"),
        ({"sample": 0}, "sample=0: must lie between 1"),
        ({"kind": "agin"}, "unknown kind of evolution 'agin'; did you mean 'aging'"),
        ({"identity": 1.5}, "identity=1.5: must lie between 0 and 1"),
        ({"mutation": "states"}, "unknown mutation 'states'; did you mean 'state'"),
        ({"mutation": "state"}, "mutation=state: every edge .* only 'operation' can change"),
        ({"price": -0.01}, "price=-0.01: must lie between 0 and 1"),
        ({"price": float("nan")}, "price=nan: must lie between 0 and 1"),
        (
            {"objectives": ("capped", "prized")},
            "unknown objective 'prized'; did you mean 'priced'",
        ),
        ({"objectives": ("plain",)}, "objectives=plain: must begin with 'capped'"),
        ({"objectives": ("capped", "capped")}, "name none twice"),
        ({"objectives": ()}, "objectives=: must begin with 'capped'"),
        ({"searches": 0}, "searches=0: must lie between 1"),
        ({"evaluations": 0}, "evaluations=0: must lie between 1"),
        ({"space": "T3"}, "unknown space 'T3'"),
        ({"limit": 0}, "limit=0: must be at least 1"),
    ],
)
def test_what_cannot_be_searched_is_refused(changed, said):
    with pytest.raises(Refused, match=said):
        TableEvolution(**changed)


@pytest.mark.parametrize(
    ("make", "said"),
    [
        (lambda: TrainedEvolution(repeats=0), "repeats=0: must lie between 1"),
        (lambda: TrainedEvolution(turns=0), "turns=0: must lie between 1"),
        (lambda: TrainedEvolution(population=1), "population=1: must be at least 2"),
        (lambda: TrainedEvolution(sample=101), "sample=101: must lie between 1 and 100"),
        (lambda: TrainedEvolution(kind="nonaging"), "kind=nonaging: .* 'nonaging_worst'"),
        (lambda: TableRandom(searches=0), "searches=0: must lie between 1"),
        (lambda: TableRandom(price=2), "price=2: must lie between 0 and 1"),
        (lambda: OneMax(bits=0), "bits=0: must lie between 1"),
        (lambda: OneMax(sigmas=(0.1, 0.05)), "sigmas=.*: must rise"),
        (lambda: OneMax(sigmas=(-0.1,)), "sigmas=.*: must rise"),
        (lambda: OneMax(sample=101), "sample=101: must lie between 1 and 100"),
        (lambda: NativePublished(cell="E"), "unknown published cell 'E'; choose from: A, B, C, D"),
        (lambda: NativePublished(child_channels=35), "child_channels=35: must be even"),
        (lambda: NativePublished(child_layers=2), "child_layers=2: must be at least 3"),
        (lambda: NativePublished(child_lr=0.0), "child_lr=0.0: must lie between"),
    ],
)
def test_so_is_what_cannot_be_trained_or_played(make, said):
    with pytest.raises(Refused, match=said):
        make()
