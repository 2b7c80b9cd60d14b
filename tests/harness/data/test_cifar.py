"""The official CIFAR-10 archive: read only as what it is, and never more than arrays."""

from __future__ import annotations

import hashlib
import io
import os
import pickle
import struct
import tarfile
from pathlib import Path
from typing import ClassVar

import numpy as np
import pytest

from harness.data import cifar
from harness.data.cifar import CIFAR_HASHES, FOLDER, TRAIN, read_cifar10, subset
from harness.paper import Refused


class Python2(pickle._Pickler):
    """Writes what Python 2 and the numpy of 2009 wrote: all text as byte strings, protocol 2."""

    dispatch: ClassVar = dict(pickle._Pickler.dispatch)

    def save_text(self, text):
        raw = text.encode() if isinstance(text, str) else text
        self.write(pickle.BINSTRING + struct.pack("<i", len(raw)) + raw)
        self.memoize(text)

    dispatch[str] = dispatch[bytes] = save_text


class Evil:
    def __reduce__(self):
        return (os.system, ("true",))


def archive(folder: Path, size: int = 3, **other: bytes) -> tuple[Path, dict[str, str], dict]:
    """Make an archive of the official structure; return it with its hashes and contents."""
    path, found, content = folder / "cifar.tar.gz", {}, {}
    with tarfile.open(path, "w:gz") as tar:
        for at, name in enumerate((*TRAIN, "test_batch")):
            images = np.random.default_rng(at).integers(0, 256, (size, 3072), dtype=np.uint8)
            content[name] = (images, [(at + k) % 10 for k in range(size)])
            batch = {b"batch_label": b"x", b"labels": content[name][1], b"data": images}
            payload = other.get(name, pickle.dumps(batch, protocol=4))
            info = tarfile.TarInfo(f"{FOLDER}/{name}")
            info.size = len(payload)
            tar.addfile(info, io.BytesIO(payload))
            found[name] = hashlib.md5(payload).hexdigest()
    found["archive"] = hashlib.md5(path.read_bytes()).hexdigest()
    return path, found, content


def test_the_reader_gives_both_splits(tmp_path):
    path, found, content = archive(tmp_path)
    splits = read_cifar10(path, found)
    images, labels = splits["train"]
    assert (images.shape, images.dtype) == ((15, 3, 32, 32), np.uint8)
    assert labels.tolist() == [label for name in TRAIN for label in content[name][1]]
    assert np.array_equal(images[3].reshape(-1), content["data_batch_2"][0][0])
    assert splits["test"][0].shape == (3, 3, 32, 32)


def test_a_batch_as_python_2_wrote_it_is_read(tmp_path):
    images = np.arange(3 * 3072, dtype=np.uint32).astype(np.uint8).reshape(3, 3072)
    stream = io.BytesIO()
    Python2(stream, protocol=2).dump({"data": images, "labels": [1, 2, 3]})
    payload = stream.getvalue().replace(b"cnumpy._core.multiarray", b"cnumpy.core.multiarray")
    assert b"cnumpy.core.multiarray" in payload
    path, found, _ = archive(tmp_path, test_batch=payload)
    read, labels = read_cifar10(path, found)["test"]
    assert np.array_equal(read.reshape(3, -1), images)
    assert labels.tolist() == [1, 2, 3]


def test_the_subset_is_labels_and_pixels_in_records(tmp_path):
    path, found, content = archive(tmp_path)
    made = subset(path, found)
    images, labels = content["test_batch"]
    assert len(made["train.bin"]) == 15 * 3073
    assert made["test.bin"][:3073] == bytes([labels[0]]) + images[0].tobytes()


def test_an_archive_with_another_md5_is_never_opened(tmp_path, monkeypatch):
    path, found, _ = archive(tmp_path)
    monkeypatch.setattr(tarfile, "open", lambda *_: pytest.fail("opened"))
    with pytest.raises(Refused, match=f"{found['archive']} instead of {CIFAR_HASHES['archive']}"):
        read_cifar10(path)


def test_a_batch_with_another_md5_is_never_unpickled(tmp_path, monkeypatch):
    path, found, _ = archive(tmp_path)
    monkeypatch.setattr(cifar, "_ArraysOnly", lambda *_, **__: pytest.fail("opened"))
    with pytest.raises(Refused, match=r"batch 'data_batch_1': md5 .* not opened"):
        read_cifar10(path, {**found, "data_batch_1": "0" * 32})


def test_a_batch_that_holds_more_than_arrays_is_refused(tmp_path):
    path, found, _ = archive(tmp_path, data_batch_1=pickle.dumps(Evil()))
    with pytest.raises(Refused, match=r"'posix\.system' in a pickle"):
        read_cifar10(path, found)
