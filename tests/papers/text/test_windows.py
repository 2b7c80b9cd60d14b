"""Windows of text: order, lengths, masks, and the state that goes on."""

from __future__ import annotations

from collections import Counter

import pytest
import torch

from papers.text import evaluation
from papers.text.config import Language
from papers.text.windows import DropoutRates, Lengths, Reader, Reading
from tests.lab.recurrent import LOSSY, PLAIN


def reader(rates: DropoutRates = PLAIN, lengths: Lengths | None = None, seed: int = 0) -> Reader:
    how = Reading(3, lengths or Lengths(4, 0.0), rates, 1e-3, 5, 100)
    return Reader(torch.arange(60), how, seed)


def test_windows_follow_one_another_and_begin_again():
    read = reader()
    seen = []
    for _ in range(5):
        window = read.next()
        assert torch.equal(window.targets, window.inputs + 1)
        window.after = torch.full((3, 5), float(len(seen)))
        read.carry(window)
        seen.append(window)
    assert torch.cat([w.inputs[:, 0] for w in seen]).tolist() == list(range(19))  # of 20
    assert [len(w.inputs) for w in seen] == [4, 4, 4, 4, 3]
    assert not seen[0].before.any()
    assert seen[2].before.eq(1).all()  # where the second one ended
    again = read.next()
    assert read.epoch == 1
    assert torch.equal(again.inputs, seen[0].inputs)
    assert not again.before.any()


def test_a_reader_goes_on_where_another_stopped():
    first, second = (reader(LOSSY, Lengths(4, 0.3, 1.0, 2, 6), seed) for seed in (1, 2))
    for _ in range(3):
        window = first.next()
        window.after = torch.rand(3, 5)
        first.carry(window)
    second.load_state_dict(first.state_dict())
    one, other = first.next(), second.next()
    assert torch.equal(one.inputs, other.inputs)
    assert torch.equal(one.before, other.before)
    assert torch.equal(one.masks.output, other.masks.output)


def test_masks_keep_the_mean_and_have_their_rates():
    how = Reading(400, Lengths(4, 0.0), LOSSY, 0.0, 50, 20_000)
    masks = Reader(torch.zeros(4000, dtype=torch.int64), how, 0).next().masks
    found = (masks.word, masks.embedding, masks.cell.x, masks.cell.hidden, masks.output)
    rates = (0.1, 0.2, 0.5, 0.25, 0.5)
    for mask, rate in zip(found, rates, strict=True):
        assert float((mask == 0).float().mean()) == pytest.approx(rate, abs=0.02)
        assert float(mask.max()) == pytest.approx(1 / (1 - rate))
    assert masks.word.shape == (20_000,)
    assert masks.cell.x.shape == (400, 50)


def test_lengths_are_drawn_as_in_the_paper():
    stream = torch.Generator().manual_seed(0)
    search_lengths = Counter(Lengths(35, 0.05).draw(stream) for _ in range(2000))
    assert set(search_lengths) == {35, 17}
    assert 60 < search_lengths[17] < 140
    drawn = [evaluation.lengths_of(Language()).draw(stream) for _ in range(2000)]
    assert min(drawn) >= 5
    assert max(drawn) <= 55
    assert sum(drawn) / 2000 == pytest.approx(0.95 * 34.5 + 0.05 * 17, abs=0.6)
    assert {Lengths(35, 0.5, 100.0, 5, 55).draw(stream) for _ in range(200)} >= {5, 55}
