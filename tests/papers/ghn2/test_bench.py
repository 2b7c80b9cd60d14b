"""The forms that `bench` races do the same; nothing is timed here."""

from __future__ import annotations

import pytest

from papers.ghn2.bench import Messages, MetaBatch, Step, agree_steps, darts, drawn
from papers.ghn2.hyper.config import Hyper

pytestmark = pytest.mark.usefixtures("one_thread")
TINY = Hyper(width=8, largest=4, kernel=(1, 3), most_channels=64)


def test_messages_by_level_are_messages_one_by_one():
    Messages.of(drawn(30), TINY).agree()


def test_networks_together_are_networks_alone():
    MetaBatch.of(2).agree()


def test_two_stages_of_backward_are_one_and_keep_less():
    agree_steps(2)
    step = Step.of(3)
    assert step.kept(step.in_two) < 0.8 * step.kept(step.direct)


def test_the_large_graph_is_darts_in_twenty_cells():
    graph = darts()
    assert 700 < len(graph) < 900
    assert graph.levels.max() > 200
