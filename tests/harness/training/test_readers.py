"""What is whole comes back from its file, and what is damaged is refused in one line."""

from __future__ import annotations

import gzip
import hashlib
from pathlib import Path

import numpy as np
import pytest
import torch

from harness.data import cifar, store
from harness.training import data, readers
from tests.lab.stored import put, take_out


def write_idx(path: Path, array: np.ndarray, magic: int | None = None, cut: int = 0) -> None:
    head = np.array([magic or 0x800 + array.ndim, *array.shape], ">u4").tobytes()
    content = head + array.astype(np.uint8).tobytes()
    path.write_bytes(gzip.compress(content[: len(content) - cut]))


def write_mnist(folder: Path, rows: int = 40) -> tuple[np.ndarray, np.ndarray]:
    random = np.random.default_rng(0)
    images = random.integers(256, size=(rows, 4, 5))
    labels = np.arange(rows) % 4
    for prefix in ("train", "t10k"):
        write_idx(folder / f"{prefix}-images-idx3-ubyte.gz", images)
        write_idx(folder / f"{prefix}-labels-idx1-ubyte.gz", labels)
    return images, labels


def test_idx_gives_the_array_back(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    images, labels = write_mnist(tmp_path)
    put(tmp_path, monkeypatch)
    split = data.load("mnist", "test")
    assert (split.x.dtype, split.y.dtype) == (torch.uint8, torch.int64)
    assert split.x.shape == (40, 1, 4, 5)
    np.testing.assert_array_equal(split.x[:, 0].numpy(), images)
    np.testing.assert_array_equal(split.y.numpy(), labels)
    assert (split.dataset, split.digest) == ("mnist", "hash of mnist")


@pytest.mark.parametrize(
    ("damage", "told"),
    [
        (lambda p: write_idx(p, np.zeros((3, 2, 2)), magic=0x801), "magic number 0x801, must be"),
        (lambda p: write_idx(p, np.zeros((3, 2, 2)), cut=1), "27 bytes, its header says 28; trun"),
        (lambda p: p.write_bytes(gzip.compress(bytes(500))[:-9]), "not a whole gzip file"),
        (lambda p: p.write_bytes(b"<html>no such page</html>"), "not a whole gzip file"),
        (lambda p: p.write_bytes(b""), "magic number 0x0"),
        (lambda p: p.write_bytes(gzip.compress(b"\0\0\x08\x03\0")), "truncated"),
    ],
)
def test_a_damaged_idx_file_is_refused_in_one_line(tmp_path: Path, damage, told: str):
    path = tmp_path / "images.gz"
    damage(path)
    with pytest.raises(ValueError, match=told) as caught:
        readers.idx(path, readers.IMAGES)
    assert str(path) in str(caught.value)
    assert "\n" not in str(caught.value)


def test_images_and_labels_that_do_not_belong_together_are_refused(tmp_path: Path):
    write_mnist(tmp_path)
    write_idx(tmp_path / "train-labels-idx1-ubyte.gz", np.zeros(39))
    with pytest.raises(ValueError, match="40 images of train, but 39 labels"):
        readers.mnist(tmp_path, "train")


def test_cifar_records(tmp_path: Path):
    labels = np.arange(7, dtype=np.uint8)
    images = np.random.default_rng(0).integers(256, size=(7, 3, 32, 32)).astype(np.uint8)
    records = np.concatenate([labels[:, None], images.reshape(7, -1)], axis=1)
    (tmp_path / "train.bin").write_bytes(records.tobytes())
    x, y = readers.cifar_records(tmp_path, "train")
    np.testing.assert_array_equal(x, images)
    np.testing.assert_array_equal(y, labels)


@pytest.mark.parametrize(
    ("content", "told"),
    [
        (bytes(3072), "3072 bytes, must be a multiple of 3073"),
        (b"", "0 bytes"),
        (b"\x0a" + bytes(3072), "label 10, must be below 10"),
    ],
)
def test_damaged_cifar_records_are_refused(tmp_path: Path, content: bytes, told: str):
    (tmp_path / "test.bin").write_bytes(content)
    with pytest.raises(ValueError, match=told):
        readers.cifar_records(tmp_path, "test")


def test_cifar10_comes_from_the_reader_that_verifies(tmp_path: Path, monkeypatch):
    images = np.arange(2 * 3072).astype(np.uint8).reshape(2, 3, 32, 32)
    opened = []

    def read(path: Path):
        opened.append(path)
        return {"train": (images, np.array([3, 4])), "test": (images[:1], np.array([9]))}

    archive = tmp_path / "cifar-10-python.tar.gz"
    monkeypatch.setattr(store, "ensure", lambda name: archive)
    monkeypatch.setattr(store, "digest", lambda name: f"hash of {name}")
    monkeypatch.setattr(cifar, "read_cifar10", read)
    train, test = data.load("cifar10", "train", fraction=0), data.load("cifar10", "test")
    assert torch.equal(train.x, torch.from_numpy(images))
    assert (train.y.tolist(), test.y.tolist()) == ([3, 4], [9])
    assert (train.digest, opened) == ("hash of cifar10", [archive, archive])


@pytest.mark.parametrize(
    ("name", "shape", "rows", "means"),
    [
        ("mnist", (1, 28, 28), (60000, 10000), [0.1307]),
        ("fashion_mnist", (1, 28, 28), (60000, 10000), [0.2860]),
        ("cifar10_subset", (3, 32, 32), (8068, 1017), [0.49, 0.48, 0.45]),
    ],
)
def test_real_images(tmp_path: Path, monkeypatch, name, shape, rows, means):
    """Rows, published channel means, and a split whose parts make the whole."""
    put(take_out(name, tmp_path), monkeypatch)
    whole, test = data.load(name, "train", fraction=0), data.load(name, "test")
    assert (len(whole), len(test)) == rows
    assert whole.x.shape[1:] == test.x.shape[1:] == shape
    measured = (whole.x.double().mean((0, 2, 3)) / 255).tolist()
    assert measured == pytest.approx(means, abs=5e-5 if len(means) == 1 else 0.01)
    val = data.load(name, "val")
    counts, cut = torch.bincount(whole.y), torch.bincount(val.y)
    assert cut.tolist() == [round(0.1 * count) for count in counts.tolist()]
    if name == "mnist":
        assert counts.tolist()[:4] == [5923, 6742, 5958, 6131]


def test_real_signals(tmp_path: Path, monkeypatch):
    put(take_out("mnist1d", tmp_path), monkeypatch)
    train, test = data.load("mnist1d", "train", fraction=0), data.load("mnist1d", "test")
    assert (train.x.shape, train.x.dtype, len(test)) == ((4000, 40), torch.float32, 1000)
    md5 = hashlib.md5(train.y.numpy().astype("u1"), usedforsecurity=False).hexdigest()
    assert md5 == "ac52f2e0979b40c8ea486d5b12c5112b"
