"""Endless batches: whatever the layout the same rows, and a stream that goes on where it was."""

from __future__ import annotations

import pytest
import torch

from papers.cells.rows import BatchStream, Part

pytestmark = pytest.mark.usefixtures("prepared")


def part(rows: int = 7) -> Part:
    return Part(torch.arange(4.0 * rows).view(rows, 4), torch.arange(rows))


def test_a_stream_gives_the_same_batches_of_either_layout():
    first = BatchStream(part(), 3, 5)
    last = BatchStream(Part(part().x.T.contiguous(), part().y), 3, 5, batch_last=True)
    for _ in range(5):
        (x, y), (same, labels) = next(first), next(last)
        assert torch.equal(x, same)
        assert torch.equal(y, labels)
        assert torch.equal(x[:, 0], 4.0 * y)  # labels belong to their rows


def test_augmentation_is_drawn_apart_from_the_order():
    def noisy(x: torch.Tensor, drawn: torch.Generator) -> torch.Tensor:
        return x + torch.rand(x.shape, generator=drawn)

    plain, augmented = BatchStream(part(), 3, 5), BatchStream(part(), 3, 5, noisy, 1)
    (x, y), (other, labels) = next(plain), next(augmented)
    assert torch.equal(y, labels)
    assert not torch.equal(x, other)


def test_a_stream_goes_on_where_another_was():
    def noisy(x: torch.Tensor, drawn: torch.Generator) -> torch.Tensor:
        return x + torch.rand(x.shape, generator=drawn)

    one, other = BatchStream(part(), 3, 5, noisy, 1), BatchStream(part(), 3, 9, noisy, 8)
    for _ in range(4):
        next(one)
    other.load_state_dict(one.state_dict())
    for _ in range(4):
        assert all(map(torch.equal, next(one), next(other)))


def test_alpha_sees_what_judges_or_all_rows(few_rows):
    assert few_rows.alpha is few_rows.val
    assert len(few_rows.all.alpha.y) == len(few_rows.all.train.y) == 100
    assert few_rows.all.val is few_rows.val
    assert (few_rows.dim, few_rows.inputs) == (1, 1)
