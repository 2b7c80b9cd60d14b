"""Which testbed a config has, and a training that is a phase of a trial."""

from __future__ import annotations

from dataclasses import dataclass

import pytest

from harness.paper import Refused
from papers.cells.child import testbed
from papers.cells.child.config import ImageChildren, ImageRandom, SignalChildren, SignalRandom
from papers.cells.child.images import ImageTestbed
from papers.cells.child.signals import SignalTestbed

pytestmark = pytest.mark.usefixtures("prepared")


@dataclass(frozen=True)
class OfAnotherPaper(SignalChildren):
    """A config that no code here knows."""

    channels: int = 8


def test_a_config_has_the_testbed_of_the_children_that_it_begins_with(stored):
    assert isinstance(testbed.of(OfAnotherPaper(), "cpu"), SignalTestbed)
    assert isinstance(testbed.of(SignalRandom(), "cpu"), SignalTestbed)
    small = ImageRandom(dataset="cifar10_subset", side=8)
    assert isinstance(testbed.of(small, "cpu"), ImageTestbed)


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: ImageChildren(dataset="cifar11"), "did you mean 'cifar10'"),
        (lambda: ImageChildren(side=24), "side=24: must be one of 8, 16, 32"),
        (lambda: ImageChildren(child_channels=2), "child_channels=2: must be at least 4"),
        (lambda: SignalChildren(child_layers=2), "child_layers=2"),
        (lambda: SignalRandom(drawn=(1, 2)), "drawn"),
    ],
)
def test_what_cannot_be_is_refused(make, message):
    with pytest.raises(Refused, match=message):
        make()
