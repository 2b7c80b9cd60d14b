"""Children that `bench` races are the same networks in two layouts; nothing is timed here."""

from __future__ import annotations

import pytest
import torch

from papers.cells.network import darts, nasnet
from papers.cells.space.published import PUBLISHED
from papers.cells.speed.child_bench import ImageChild, NodeChild, image_child

pytestmark = pytest.mark.usefixtures("prepared")


def small() -> nasnet.Network:
    return nasnet.Network(nasnet.Layout(PUBLISHED["NASNet_A_slim"].genotype, 4, 3))


def test_children_of_signals_agree():
    NodeChild.agree()


def test_children_of_images_agree_and_have_no_rival_but_the_fast_form():
    pair = image_child("small", small, 2)
    pair.agree()
    assert pair.rival is None
    assert "channels_last" in pair.note
    assert pair.flops > 0


def test_a_child_s_weights_and_images_lie_as_asked():
    def build() -> darts.Network:
        return darts.Network(darts.Layout(PUBLISHED["DARTS_V2"].genotype, 4, 3))

    one, other = (
        ImageChild(build, (2, 8), layout)
        for layout in (torch.contiguous_format, torch.channels_last)
    )
    assert one.x.is_contiguous()
    assert other.x.is_contiguous(memory_format=torch.channels_last)
    for mine, theirs in zip(one.network.parameters(), other.network.parameters(), strict=True):
        torch.testing.assert_close(mine, theirs, rtol=0, atol=0)
