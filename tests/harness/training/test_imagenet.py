"""ImageNet's images: what a turn trains on depends on seed and turn, whoever decodes it."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch
from PIL import Image
from torch import Tensor

from harness.paper import Refused
from harness.training import imagenet, ranks
from harness.training.imagenet import Batches, Files, Jpegs
from tests.lab import imagenets

Loaded = tuple[Files, Files, str]
SIDE = 32


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    return imagenets.tiny(tmp_path, monkeypatch)


def batches(workers: int = 0, seed: int = 1, batch: int = 5) -> Batches:
    files, _, _ = imagenet.load()
    return Batches(Jpegs(files, SIDE, seed), files.labels, batch, seed, SIDE, workers)


def taken(read: Batches, first: int, last: int) -> list[tuple[Tensor, Tensor]]:
    return [read.at(turn, last) for turn in range(first, last + 1)]


def equal(some: list[tuple[Tensor, Tensor]], others: list[tuple[Tensor, Tensor]]) -> bool:
    pairs = zip(some, others, strict=True)
    return all(torch.equal(x, u) and torch.equal(y, v) for (x, y), (u, v) in pairs)


def test_labels_are_the_places_of_the_classes(folder: Path):
    train, val, _ = imagenet.load()
    assert train.labels.tolist() == [0] * 4 + [1] * 4 + [2] * 4
    assert val.labels.tolist() == [0, 0, 1, 1, 2, 2]
    assert train.names[4] == b"n00000002/n00000002_0.JPEG"


def test_an_epoch_has_every_image_once_and_each_its_own_order(folder: Path):
    read = batches()
    assert len(read) == 3
    epochs = [[at for turn in turns for at in read.rows(turn)] for turns in ((0, 1, 2), (3, 4, 5))]
    for epoch, rows in enumerate(epochs):
        assert sorted(rows) == [(epoch, image) for image in range(12)]
    assert [image for _, image in epochs[0]] != [image for _, image in epochs[1]]
    for images, labels in taken(read, 0, 2):
        assert images.dtype == torch.uint8
        assert images.shape == (len(labels), 3, SIDE, SIDE)
    assert read.at(2, 2)[1].tolist() == [read.labels[image] for _, image in read.rows(2)]


@pytest.mark.slow
def test_batches_are_the_same_whatever_the_number_of_workers(folder: Path, monkeypatch):
    monkeypatch.setattr(imagenet, "cores", lambda: 2)
    alone = taken(batches(), 0, 6)
    for workers in (1, 2):
        assert equal(taken(batches(workers=workers), 0, 6), alone)


def test_batches_depend_on_the_seed_and_an_image_on_its_epoch(folder: Path):
    assert not equal(taken(batches(seed=2), 0, 0), taken(batches(), 0, 0))
    jpegs = Jpegs(imagenet.load()[0], SIDE, 1)
    one, again, later = jpegs[0, 3], jpegs[0, 3], jpegs[1, 3]
    assert isinstance(one, Tensor)
    assert isinstance(again, Tensor)
    assert isinstance(later, Tensor)
    assert torch.equal(one, again)
    assert not torch.equal(one, later)


def test_a_turn_that_comes_first_is_the_one_that_it_was_in_the_middle(folder: Path):
    whole = taken(batches(), 0, 7)
    assert equal(taken(batches(), 4, 7), whole[4:])
    read = batches()
    read.at(0, 7)
    assert equal([read.at(5, 7)], whole[5:6])


def test_reading_leaves_torchs_own_stream_as_it_was(folder: Path):
    torch.manual_seed(3)
    before = torch.get_rng_state()
    taken(batches(), 0, 1)
    assert torch.equal(torch.get_rng_state(), before)


@pytest.mark.parametrize("count", [2, 5, 7])
def test_ranks_decode_their_own_rows_and_know_all_labels(folder: Path, monkeypatch, count: int):
    whole = taken(batches(), 0, 3)
    parts = []
    for rank in range(count):

        def own(rows: int, rank: int = rank) -> slice:
            return slice(rank * rows // count, (rank + 1) * rows // count)

        monkeypatch.setattr(ranks, "shard", own)
        parts.append(taken(batches(), 0, 3))
    for turn, (images, labels) in enumerate(whole):
        assert torch.equal(torch.cat([part[turn][0] for part in parts]), images)
        assert all(torch.equal(part[turn][1], labels) for part in parts)


def test_what_is_judged_is_the_centre_in_stored_order(folder: Path):
    _, val, _ = imagenet.load()
    read = list(imagenet.in_order(Jpegs(val, SIDE), val.labels, 4, SIDE))
    assert [len(images) for images, _ in read] == [4, 2]
    assert torch.cat([labels for _, labels in read]).tolist() == val.labels.tolist()
    pixels = Image.open(folder / "val" / "n00000001" / "n00000001_0.JPEG").convert("RGB")
    short = min(pixels.size)
    size = [SIDE * 256 // 224 * each // short for each in pixels.size]
    pixels = pixels.resize((size[0], size[1]), Image.Resampling.BILINEAR)
    left, top = ((each - SIDE) / 2 for each in size)
    box = (round(left), round(top), round(left) + SIDE, round(top) + SIDE)
    expected = torch.frombuffer(bytearray(pixels.crop(box).tobytes()), dtype=torch.uint8)
    assert torch.equal(read[0][0][0], expected.view(SIDE, SIDE, 3).permute(2, 0, 1))


@pytest.mark.parametrize("workers", [0, pytest.param(2, marks=pytest.mark.slow)])
@pytest.mark.parametrize("content", [b"", b"no image", "cut"])
def test_a_damaged_image_is_named_by_file(folder: Path, workers: int, content: bytes | str):
    path = folder / "train" / "n00000002" / "n00000002_1.JPEG"
    path.write_bytes(path.read_bytes()[:700] if isinstance(content, str) else content)
    with pytest.raises(Refused, match=r"n00000002_1\.JPEG: not a whole image") as told:
        taken(batches(workers), 0, 2)
    assert "\n" not in str(told.value)


def test_the_best_five_may_have_the_label():
    logits = torch.tensor([[9.0, 8, 7, 6, 5, 4, 3]]).expand(3, 7)
    labels = torch.tensor([0, 4, 5])
    assert int(imagenet.missed(logits, labels, 1)) == 2
    assert int(imagenet.missed(logits, labels, 5)) == 1
