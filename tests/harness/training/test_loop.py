"""`fit` measures off the clock, and `evaluate` leaves the model as it was."""

from __future__ import annotations

import pytest
import torch
from torch import nn

from harness.budget import Limit
from harness.meter import Meter
from harness.training import loop, optim


class Clock:
    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


def test_fit_measures_every_so_often_and_off_the_clock():
    clock = Clock()
    meter = Meter({"train": (7, 1)}, Limit(), clock=clock)
    seen = []

    def update(turn: int) -> None:
        seen.append(turn)
        clock.now += 1

    def measure(turn: int):
        clock.now += 100
        yield {"turn": turn}

    rows = list(loop.fit(meter, "train", update, measure, every=3))
    assert seen == list(range(7))
    assert rows == [{"turn": 0}, {"turn": 3}, {"turn": 6}]
    assert meter.spent("seconds") == 7


def test_fit_measures_the_last_turn_before_its_checkpoint():
    meter = Meter({"train": (6, 1)}, Limit())
    order = []
    meter.on_turn = lambda: order.append("saved")

    def measure(turn: int):
        order.append(turn)
        yield {"turn": turn}

    rows = list(loop.fit(meter, "train", lambda turn: None, measure, every=4))
    assert rows == [{"turn": 0}, {"turn": 4}, {"turn": 5}]
    assert order[-2:] == [5, "saved"]


def test_descend_moves_down_the_gradient_and_clears_it_first():
    weight = nn.Parameter(torch.tensor(3.0))
    optimizer = optim.sgd([weight], lr=0.1)
    for expected in (2.4, 1.92):
        loss = loop.descend(weight**2, optimizer)
        assert weight.item() == pytest.approx(expected)
    assert not loss.requires_grad


def test_evaluate_covers_all_rows_in_evaluation_mode_and_puts_the_mode_back():
    model = nn.Sequential(nn.Dropout(0.5), nn.Linear(3, 2))
    x = torch.randn(25, 3)
    logits = loop.evaluate(model, x, batch=10)
    assert model.training
    torch.testing.assert_close(logits, model.eval()(x))
    assert not logits.requires_grad
