"""A check may be asked of other experiments, and of nothing else than it was asked before."""

from __future__ import annotations

import pytest

from harness.checks import (
    AtLeast,
    BestOf,
    CostRatio,
    Direction,
    Effect,
    Exact,
    Ordering,
    RankCorrelation,
    Same,
    Spread,
    Trend,
    Value,
)

BEST = BestOf(4, "a", "max")
CHECKS = [
    (Value("a", "a", 0.0, 1.0, {"a": (0.0, 2.0)}, BEST),
     Value("z", "a", 0.0, 1.0, {"a": (0.0, 2.0)}, BEST)),
    (AtLeast("a", "a", 0.5, {"a": 0.1}), AtLeast("z", "a", 0.5, {"a": 0.1})),
    (Exact("a", "m", 3.0), Exact("z", "m", 3.0)),
    (
        Effect("a", "b", "a", 0.1, other="a", best={"a": BEST}),
        Effect("z", "b", "a", 0.1, other="a", best={"z": BEST}),
    ),
    (Direction("b", "a", "m"), Direction("b", "z", "m")),
    (Spread("a", "b", "a", base=2.0), Spread("z", "b", "a", base=2.0)),
    (Same("a", "a", "m", 0.1), Same("z", "z", "m", 0.1)),
    (Ordering((("a", "b"), ("c",)), "a"), Ordering((("z", "b"), ("c",)), "a")),
    (Trend(("c", "a"), "a"), Trend(("c", "z"), "a")),
    (CostRatio("a", "b", "a", 2.0), CostRatio("z", "b", "a", 2.0)),
    (RankCorrelation("a", "a", "a", 0.3), RankCorrelation("z", "a", "a", 0.3)),
]  # fmt: skip


@pytest.mark.parametrize(("check", "other"), CHECKS, ids=lambda check: type(check).__name__)
def test_renaming_moves_the_experiments_and_no_metric(check, other):
    assert check.renamed({"a": "z"}) == other
    assert check.renamed({"nobody": "z"}) == check
    assert "a" not in other.experiments
