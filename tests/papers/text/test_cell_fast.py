"""The search cell with one product a state, beside the readable one."""

from __future__ import annotations

import pytest
import torch

from papers.text import bench


@pytest.mark.parametrize(("nodes", "width"), [(1, 3), (4, 6), (8, 5)])
def test_the_fast_search_cell_is_the_readable_one(nodes: int, width: int):
    race = bench.RecurrentRace(nodes, width, batch=7, steps=3)
    race.agree()
    states = race.outcome(race.fast)[0]
    assert states.shape == (3, 7, width)
    assert states.abs().max() > 1e-3


def test_search_states_are_normalised_over_the_batch():
    race = bench.RecurrentRace(1, 6, batch=50, steps=2)
    states = race.outcome(race.fast)[0]
    torch.testing.assert_close(states.mean(1), torch.zeros(2, 6), atol=1e-5, rtol=0)
    torch.testing.assert_close(states.var(1, correction=0), torch.ones(2, 6), atol=1e-2, rtol=0)
