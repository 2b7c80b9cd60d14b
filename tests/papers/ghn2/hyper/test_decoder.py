"""Decoding a part is cutting the whole; what is larger repeats it."""

from __future__ import annotations

from dataclasses import replace
from random import Random

import pytest
import torch

from papers.ghn2.hyper.config import preset
from papers.ghn2.hyper.decoder import GridDecoder, VectorDecoder, tiled
from papers.ghn2.hyper.features import buckets, channel_row, four, nearest, space_row

pytestmark = pytest.mark.usefixtures("one_thread")
HYPER = replace(preset("ghn2"), width=8, kernel=(5, 5))
C = HYPER.largest


def shapes() -> list[tuple[int, int, int]]:
    random = Random(0)
    special = [(n, m, k) for n in (3, 10, 20, 28, 48) for m in (3, 10, 20, 28, 48) for k in (1, 3)]
    return special + [
        (random.randint(1, 70), random.randint(1, 70), random.choice((1, 3, 5))) for _ in range(50)
    ]


@pytest.mark.parametrize("crop", ["corner", "centre"])
def test_a_part_is_cut_from_the_whole_and_tiled(crop):
    decoder = GridDecoder(replace(HYPER, crop=crop)).double()
    h = torch.randn(2, HYPER.width).double()
    whole = decoder(decoder.at(h, HYPER.kernel), (C, C, *HYPER.kernel))
    for out, into, k in shapes():
        part = decoder(decoder.at(h, (k, k)), (out, into, k, k))
        low = (5 - k) // 2 if crop == "centre" else 0
        rows, columns = torch.arange(out) % C, torch.arange(into) % C
        cut = whole[:, rows][:, :, columns][..., low : low + k, low : low + k]
        torch.testing.assert_close(part, cut, rtol=0, atol=1e-12)


def test_classifiers_have_a_row_a_class_and_repeat_along_inputs():
    decoder = GridDecoder(HYPER).double()
    places = decoder.at(torch.randn(3, HYPER.width).double(), (1, 1))
    weights = decoder.classifier(places, 2 * C + 5)
    assert weights.shape == (3, 10, 2 * C + 5)
    torch.testing.assert_close(weights[..., :C], weights[..., C : 2 * C], rtol=0, atol=0)
    torch.testing.assert_close(weights[..., :7], decoder.classifier(places, 7), rtol=0, atol=1e-12)


def test_vectors_have_two_rows_and_classes_come_of_the_second():
    decoder = VectorDecoder(HYPER)
    rows = decoder(torch.randn(4, HYPER.width))
    assert rows.shape == (4, 2, C)
    assert decoder.classifier(rows[:, 1]).shape == (4, 10)


@pytest.mark.parametrize("shape", [(5, 7), (8, 7), (9, 3), (8, 6)])
def test_tiles_repeat_whole_blocks_and_are_cut(shape):
    x = torch.arange(2 * 4 * 3.0).view(2, 4, 3)
    out, into = shape
    wanted = x[:, torch.arange(out) % 4][:, :, torch.arange(into) % 3]
    torch.testing.assert_close(tiled(x, shape), wanted, rtol=0, atol=0)


def test_channels_and_kernels_fall_into_the_authors_buckets():
    channels = preset("ghn2").channel_buckets
    assert len(channels) == 391
    assert [channels[channel_row(n, channels)] for n in (1, 2, 3, 4, 7, 9, 12, 10, 70, 9000)] == [
        1, 1, 3, 8, 8, 8, 10, 10, 64, 8192,
    ]  # fmt: skip
    spaces = (1, 3, 5, 7, 9, 11, 14, 16)
    assert [spaces[space_row(n, spaces)] for n in (1, 2, 4, 12, 13, 15, 40)] == [
        1, 3, 3, 11, 14, 14, 16,
    ]  # fmt: skip
    assert nearest(2, (1, 3)) == 0


@pytest.mark.parametrize(
    ("shape", "position", "wanted"),
    [
        ((5,), False, (5, 1, 1, 1)),
        ((5, 4), False, (5, 4, 1, 1)),
        ((5, 4, 3), False, (5, 4, 1, 3)),
        ((5, 1, 3, 3), False, (5, 1, 3, 3)),
        ((1, 197, 64), True, (1, 64, 14, 14)),
        ((1, 32, 11, 11), True, (1, 32, 11, 11)),
        ((7, 4, 3), True, (7, 4, 3, 1)),
        ((7, 4), True, (7, 4, 1, 1)),
    ],
)
def test_every_shape_has_four_dimensions(shape, position, wanted):
    assert four(shape, position) == wanted


def test_nodes_without_a_shape_have_rows_of_their_own():
    from tests.lab.drawn_graphs import chain, weight

    hyper = preset("ghn2")
    rows = buckets(chain(1), hyper)
    assert rows == [[391, 391, 8, 8]]
    assert weight("w", 1, 3, 1, 1).shape == (1, 3, 1, 1)
