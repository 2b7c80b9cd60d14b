"""Readers, splits and samplers; with the real files where HARNESS_DVC_REMOTE names a store."""

from __future__ import annotations

import gzip
import hashlib
import io
import itertools
import json
import os
import shutil
from pathlib import Path

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from harness.data import cifar, store
from harness.paper import Refused
from harness.training import data, readers, text
from harness.training.device import load, save

FOLDERS = {  # the hash of each folder's listing, as data.dvc has it
    "mnist": "b6c29e96813679dd8c451c9b5ca86e2c",
    "fashion_mnist": "d8a74014602f980318202d8be98177e4",
    "mnist1d": "da58427b9743a0a1c1036685be098c33",
    "cifar10_subset": "8f010d271973eb75e0912d74a1f3b589",
    "wikitext2": "bb14a519e2caf9c70332f18b3bf01e24",
}


def take_out(name: str, folder: Path) -> Path:
    """Copy a data set's files out of the DVC store that HARNESS_DVC_REMOTE names."""
    store = os.environ.get("HARNESS_DVC_REMOTE")
    if not store:
        pytest.skip("HARNESS_DVC_REMOTE is not set: no real data here")
    objects, key = Path(store) / "files" / "md5", FOLDERS[name]
    listing = objects / key[:2] / f"{key[2:]}.dir"
    if not listing.exists():
        pytest.skip(f"HARNESS_DVC_REMOTE does not hold {name}")
    for entry in json.loads(listing.read_text()):
        md5 = entry["md5"]
        shutil.copy(objects / md5[:2] / md5[2:], folder / entry["relpath"])
    return folder


def put(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(data, "locate", lambda name: (folder, f"hash of {name}"))


# -- IDX ------------------------------------------------------------------------------------------


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


# -- CIFAR ----------------------------------------------------------------------------------------


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


# -- splits ---------------------------------------------------------------------------------------


def test_unknown_names_suggest_the_nearest():
    with pytest.raises(Refused, match="unknown data set 'minst'; did you mean 'mnist'"):
        data.load("minst", "train")
    with pytest.raises(Refused, match="unknown split 'tests'; did you mean 'test'"):
        data.load("digits", "tests")


@pytest.mark.parametrize(("part", "fraction"), [("val", 0.0), ("train", 1.0), ("train", -0.1)])
def test_a_fraction_that_leaves_nothing_is_refused(part: str, fraction: float):
    with pytest.raises(ValueError, match=f"fraction={fraction:g}: must lie between 0 and 1"):
        data.load("digits", part, fraction=fraction)


def test_digits_need_no_file_and_their_splits_are_disjoint():
    train, val, test = (data.load("digits", part) for part in data.PARTS)
    x, y = readers.digits()
    assert len(train) + len(val) + len(test) == len(y) == 1797
    assert train.x.shape[1:] == (1, 8, 8)
    assert train.x.dtype == torch.uint8
    everything = torch.cat([train.x, val.x, test.x]).flatten(1).numpy()
    assert sorted(map(bytes, everything)) == sorted(map(bytes, x.reshape(1797, -1)))
    assert train.digest == val.digest == test.digest
    assert len(train.digest) == 64
    again = data.load("digits", "test", seed=9, fraction=0.5)
    assert torch.equal(again.x, test.x)  # the test rows depend on neither


@settings(max_examples=40, deadline=None)
@given(
    st.lists(st.integers(0, 4), min_size=1, max_size=120), st.integers(0, 99), st.integers(0, 9)
)
def test_stratified_cuts_the_same_share_of_every_class(labels, percent, seed):
    labels, fraction = np.array(labels), percent / 100
    kept, cut = data.stratified(labels, fraction, seed)
    assert sorted([*kept, *cut]) == list(range(len(labels)))
    for label in set(labels):
        here = int((labels == label).sum())
        assert int((labels[cut] == label).sum()) == round(fraction * here)
    for rows, same in zip((kept, cut), data.stratified(labels, fraction, seed), strict=True):
        np.testing.assert_array_equal(rows, same)
        assert (np.diff(rows) > 0).all()


def test_train_and_val_are_one_training_set_cut_in_two():
    whole = data.load("digits", "train", fraction=0)
    train, val = (data.load("digits", part, fraction=0.25, seed=3) for part in ("train", "val"))
    assert set(train.rows) | set(val.rows) == set(whole.rows)
    assert not set(train.rows) & set(val.rows)
    for part in (train, val):
        assert torch.equal(part.x, whole.x[part.rows])
        assert torch.equal(part.y, whole.y[part.rows])


def test_describe_tells_the_rows_apart():
    first, same, other = (data.load("digits", "val", seed=seed) for seed in (0, 0, 1))
    assert first.describe() == same.describe()
    described = first.describe()
    assert described["indices"] == hashlib.sha256(first.rows.astype("<i8")).hexdigest()
    assert {**described, "indices": ""} == {
        "dataset": "digits", "digest": first.digest, "part": "val", "rows": len(first),
        "fraction": 0.1, "seed": 0, "indices": "",
    }  # fmt: skip
    assert other.describe()["indices"] != described["indices"]
    assert len(other) == len(first)


def test_the_cut_is_the_same_on_every_machine():
    """A change of this hash changes what every paper validates on."""
    split = data.load("digits", "val")
    assert split.describe()["indices"][:16] == "cf2c0dd5f40e319e"


# -- samplers -------------------------------------------------------------------------------------


def through_a_file(state):
    """Return the state as a checkpoint gives it back."""
    handle = io.BytesIO()
    save(state, handle)
    return load(io.BytesIO(handle.getvalue()))


@pytest.mark.parametrize("drop_last", [False, True])
def test_an_epoch_has_every_row_once_in_a_new_order(drop_last: bool):
    epochs = data.Epochs(23, 5, seed=0, drop_last=drop_last)
    orders = []
    for number in range(3):
        batches = list(epochs)
        assert epochs.epoch == number
        assert len(batches) == len(epochs) == (4 if drop_last else 5)
        assert [len(b) for b in batches[:4]] == [5] * 4
        orders.append(torch.cat(batches).tolist())
        expected = 20 if drop_last else 23
        assert len(set(orders[-1])) == len(orders[-1]) == expected
        assert set(orders[-1]) <= set(range(23))
    assert len({tuple(order) for order in orders}) == 3


def test_same_seed_same_order_and_another_seed_another():
    first, same, other = (next(iter(data.Epochs(50, 50, seed))).tolist() for seed in (1, 1, 2))
    assert first == same != other


@pytest.mark.parametrize("drop_last", [False, True])
@pytest.mark.parametrize("before", [0, 1, 3, 5, 6, 8])
def test_epochs_resume_in_the_middle(before: int, drop_last: bool):
    def each(epochs: data.Epochs):
        while True:
            yield from epochs

    straight = each(data.Epochs(23, 5, seed=4, drop_last=drop_last))
    expected = [b.tolist() for b in itertools.islice(straight, before + 9)]
    broken = data.Epochs(23, 5, seed=4, drop_last=drop_last)
    seen = [b.tolist() for b in itertools.islice(each(broken), before)]
    fresh = data.Epochs(23, 5, seed=999, drop_last=drop_last)
    fresh.load_state_dict(through_a_file(broken.state_dict()))
    assert fresh.epoch == broken.epoch
    seen += [b.tolist() for b in itertools.islice(each(fresh), 9)]
    assert seen == expected


@settings(max_examples=40, deadline=None)
@given(st.integers(1, 20), st.integers(1, 30), st.integers(0, 12))
def test_endless_batches_are_full_resume_and_miss_no_row(rows: int, size: int, before: int):
    straight = data.Endless(rows, size, seed=2)
    expected = [next(straight).tolist() for _ in range(before + 8)]
    assert {len(b) for b in expected} == {size}
    flat = list(itertools.chain.from_iterable(expected))
    for start in range(0, len(flat) - rows + 1, rows):
        assert sorted(flat[start : start + rows]) == list(range(rows))
    broken = data.Endless(rows, size, seed=2)
    seen = [next(broken).tolist() for _ in range(before)]
    fresh = data.Endless(rows, size, seed=77)
    fresh.load_state_dict(through_a_file(broken.state_dict()))
    assert seen + [next(fresh).tolist() for _ in range(8)] == expected


def test_a_state_of_another_sampler_is_refused():
    state = data.Epochs(23, 5, seed=0).state_dict()
    with pytest.raises(ValueError, match="batch=6: the state has 5"):
        data.Epochs(23, 6, seed=0).load_state_dict(state)
    with pytest.raises(ValueError, match="rows=24: the state has 23"):
        data.Endless(24, 5, seed=0).load_state_dict(state)


@pytest.mark.parametrize(("rows", "size", "drop"), [(0, 1, False), (5, 0, False), (5, 6, True)])
def test_a_sampler_that_gives_nothing_is_refused(rows: int, size: int, drop: bool):
    with pytest.raises(ValueError, match=f"batch={size}"):
        data.Epochs(rows, size, seed=0, drop_last=drop)


# -- the real files -------------------------------------------------------------------------------


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


@pytest.mark.parametrize(("part", "count"), [("val", 217646), ("test", 245569)])
def test_real_text(tmp_path: Path, monkeypatch, part: str, count: int):
    put(take_out("wikitext2", tmp_path), monkeypatch)
    words, _ = text.wikitext2(part)
    assert len(words) == count
    vocabulary = text.Vocabulary.of(words)
    assert vocabulary.decode(vocabulary.encode(words[:500])) == words[:500]
    assert len(vocabulary) == len(set(words))


@pytest.mark.gpu
def test_rows_and_their_order_are_the_same_on_a_gpu():
    here, there = (data.load("digits", "train", device) for device in ("cpu", "cuda"))
    orders = [data.Epochs(len(here), 64, 0, device) for device in ("cpu", "cuda")]
    for rows, same in zip(*orders, strict=True):
        x, y = there.batch(same)
        assert (x.device.type, y.device.type) == ("cuda", "cuda")
        assert torch.equal(x.cpu(), here.batch(rows)[0])
        assert torch.equal(y.cpu(), here.batch(rows)[1])
