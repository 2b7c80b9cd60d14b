"""What ENAS's quality takes: children until a mean regret is reached, in steps and FLOPs."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest

from papers.cells.task import CHILD_STEPS
from papers.nasnet.league import break_even
from papers.nasnet.league.break_even import against, children
from papers.nasnet.league.config import BreakEven
from papers.nasnet.league.study import EXPERIMENTS
from tests.lab.testbeds import trial_of

PHASES = next(e for e in EXPERIMENTS if e.name.startswith("break_even")).phases
SMALL = BreakEven(space="T0", evaluations=30, searches=6, enas=(0.02, 0.1), plain_enas=(0.0,))


class Path:
    """What is read of searches."""

    path = (0.3, 0.2, 0.2, 0.05)
    spent = (1e9, 2e9, 3.5e9, 5e9)


def test_children_are_counted_until_the_level_is_reached():
    assert [children(Path.path, level) for level in (0.3, 0.25, 0.2, 0.1, 0.05)] == [1, 2, 2, 4, 4]
    assert children(Path.path, 0.01) == 4  # never: at least so many


def test_steps_and_flops_stand_beside_those_of_enas():
    found = against((0.2, 0.04), 10.0, 3300, Path, seed=2)
    assert (found["level"], found["children"], found["reached"]) == (0.2, 2, 1)
    assert 10 ** found["steps_log10"] == pytest.approx(2 * CHILD_STEPS)
    assert 10 ** found["steps_log10_enas"] == pytest.approx(3300)
    assert found["flops_log10"] - found["flops_log10_enas"] == pytest.approx(math.log10(0.2))
    missed = against((0.2, 0.04), 10.0, 3300, Path, seed=3)
    assert (missed["level"], missed["children"], missed["reached"]) == (0.04, 4, 0)


def test_the_last_row_has_both_tasks_and_each_level_a_row_of_its_own(lab):
    first, second = (
        list(break_even.run(SMALL, trial_of(lab, SMALL, PHASES, seed))) for seed in (0, 1)
    )
    levels = [row for row in first if "children" in row and "regret" not in row]
    assert [row["at"] for row in levels] == pytest.approx([100 * level for level in SMALL.levels])
    counts = [row["plain_children"] for row in levels]
    assert counts == sorted(counts, reverse=True)
    assert {"gflops", "plain_gflops"} <= set(levels[0])
    last = first[-1]
    assert (last["level"], second[-1]["level"]) == (0.02, 0.1)
    assert last["plain_level"] == 0
    assert last["regret"] >= 0
    assert 1 <= last["children"] <= SMALL.evaluations
    below = next(row for row in levels if row["at"] == pytest.approx(2.0))
    assert below["children"] == last["children"]
    assert below["gflops"] == pytest.approx(10 ** last["flops_log10"] / 1e9)


def test_what_is_said_of_enas_is_what_its_committed_rows_say():
    """Rows of papers/enas that are committed have these regrets; where none are, none can."""
    from pathlib import Path as File

    from harness.record import tables

    results = File(__file__).parents[4] / "reports" / "results.csv"
    rows = tables.load(results)
    own = rows[(rows["paper"] == "enas") & (rows["experiment"] == "league/enas")]
    own = own[own["budget"] == "nightly"].sort_values("seed") if len(own) else own
    if own.empty:
        pytest.skip("no rows of papers/enas are committed")
    config = BreakEven()
    np.testing.assert_allclose(own["regret"], config.enas, atol=5e-5)
    np.testing.assert_allclose(own["plain_regret"], config.plain_enas, atol=5e-5)
    assert own["charged_flops"].mean() / 1e9 == pytest.approx(config.enas_gflops, abs=0.1)
    assert own["plain_charged_flops"].mean() / 1e9 == pytest.approx(
        config.plain_enas_gflops, abs=0.1
    )
    assert set(own["charged_steps"]) == {config.enas_steps}


def test_a_lower_level_never_takes_fewer_children(lab):
    config = replace(SMALL, enas=(0.2,), levels=(0.2,))
    *_, last = break_even.run(config, trial_of(lab, config, PHASES))
    harder = replace(config, enas=(0.001,))
    *_, other = break_even.run(harder, trial_of(lab, harder, PHASES))
    assert other["children"] >= last["children"]
