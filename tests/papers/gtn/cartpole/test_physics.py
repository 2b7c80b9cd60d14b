"""Cart and pole: many at once are each what the equations say."""

from __future__ import annotations

import math

import pytest
import torch

from papers.gtn.cartpole import physics

State = tuple[float, float, float, float]


def plain(state: State, right: bool) -> State:
    """One step of one episode, term by term: the oracle."""
    x, v, a, w = state
    force = 10.0 if right else -10.0
    push = (force + 0.1 * 0.5 * w**2 * math.sin(a)) / 1.1
    turning = (9.8 * math.sin(a) - math.cos(a) * push) / (
        0.5 * (4 / 3 - 0.1 * math.cos(a) ** 2 / 1.1)
    )
    moving = push - 0.1 * 0.5 * turning * math.cos(a) / 1.1
    return x + 0.02 * v, v + 0.02 * moving, a + 0.02 * w, w + 0.02 * turning


def test_many_episodes_move_as_each_does_by_the_plain_equations():
    random = torch.Generator().manual_seed(0)
    state = 10 * physics.starts(3, 5, random=random).double()
    apart = [tuple(row) for row in state.flatten(0, 1).tolist()]
    for _ in range(60):
        right = torch.rand(3, 5, generator=random) < 0.5
        state = physics.advance(state, right)
        pushes = right.flatten().tolist()
        apart = [plain(row, push) for row, push in zip(apart, pushes, strict=True)]
    expected = torch.tensor(apart, dtype=torch.float64).view(3, 5, 4)
    assert expected[..., 2].abs().max() > 1  # some have fallen far: every term counts
    torch.testing.assert_close(state, expected, rtol=1e-10, atol=1e-12)


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_the_kind_of_float_is_kept(dtype: torch.dtype):
    state = torch.zeros(2, 4, dtype=dtype)
    assert physics.advance(state, torch.tensor([True, False])).dtype == dtype


def test_left_and_right_mirror_each_other():
    state = physics.starts(9, random=torch.Generator().manual_seed(1)).double()
    right = torch.ones(9, dtype=torch.bool)
    moved = physics.advance(state, right)
    torch.testing.assert_close(physics.advance(-state, ~right), -moved, rtol=1e-12, atol=1e-15)
    assert (moved[:, 1] > state[:, 1]).all() and (moved[:, 3] < state[:, 3]).all()


def test_episodes_end_beyond_the_limits_and_begin_well_within():
    tilt = math.radians(12)
    edge = torch.tensor(
        [[2.39, 9, 0, 9], [2.41, 0, 0, 0], [-2.41, 0, 0, 0], [0, 0, 0.99 * tilt, 0],
         [0, 0, 1.01 * tilt, 0], [0, 0, -1.01 * tilt, 0]]
    )  # fmt: skip
    assert physics.stands(edge).tolist() == [True, False, False, True, False, False]
    begun = physics.starts(1000, random=torch.Generator().manual_seed(2))
    assert physics.stands(begun).all() and 0.049 < begun.abs().max() <= 0.05
    assert begun.mean(0).abs().max() < 0.005
