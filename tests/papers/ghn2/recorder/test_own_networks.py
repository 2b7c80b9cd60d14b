"""Networks of the space, recorded as if they were a user's: the graph that their builder wrote."""

from __future__ import annotations

import pytest
import torch

from papers.ghn2.recorder.recording import record
from papers.ghn2.space.draft import Frame
from papers.ghn2.space.generator import SMALL
from papers.ghn2.space.splits import Space

SIGNALS = Space("mini", Frame(1, (40,), 10))
IMAGES = Space("mini", Frame(3, (32, 32), 10))
DEEPNETS = Space("deepnets", SMALL)
CASES = [
    (SIGNALS, "train", 15), (SIGNALS, "deep", 4), (SIGNALS, "dense", 4), (SIGNALS, "bnfree", 4),
    (IMAGES, "train", 5), (DEEPNETS, "train", 6), (DEEPNETS, "dense", 2), (DEEPNETS, "bnfree", 3),
    (DEEPNETS, "predefined", 2),
]  # fmt: skip


@pytest.mark.parametrize(("space", "split", "count"), CASES)
def test_recorded_and_explicit_graphs_are_equal(space: Space, split: str, count: int):
    for network in space.split(split, count):
        example = torch.empty((2, space.frame.channels, *space.frame.size), device="meta")
        heard = record(network.module, example)
        assert heard.graph.digest == network.graph.digest, network.text
        assert set(heard.graph.parameters()) == set(network.graph.parameters())
        assert (heard.idle, heard.device) == ((), "meta")
