"""The official CIFAR-10 archive: verified first, then read by an unpickler of arrays.

A pickle can run anything when it is opened, so nothing is opened whose md5 is not the published
one, and even then only the names that numpy arrays need can be looked up.
"""

from __future__ import annotations

import hashlib
import io
import pickle
import tarfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from harness.data.download import hashes as hashes_of
from harness.paper import Refused

FOLDER = "cifar-10-batches-py"
TRAIN = tuple(f"data_batch_{number}" for number in range(1, 6))
CIFAR_HASHES: Mapping[str, str] = {
    "archive": "c58f30108f718f92721af3b95e74349a",
    "data_batch_1": "c99cafc152244af753f735de768cd75f",
    "data_batch_2": "d4bba439e000b95fd0a9bffe97cbabec",
    "data_batch_3": "54ebc095f3ab1f0389bbae665268c751",
    "data_batch_4": "634d18415352ddfa80567beed471001a",
    "data_batch_5": "482c414d41f54cd18b22e5b47cb7c3cb",
    "test_batch": "40351d587109b95175f43aff81a1287e",
}
ADMITTED = {  # as numpy 1 and numpy 2 write them
    (module, name)
    for module, name in (
        ("numpy.core.multiarray", "_reconstruct"),
        ("numpy._core.multiarray", "_reconstruct"),
        ("numpy", "ndarray"),
        ("numpy", "dtype"),
    )
}


class _ArraysOnly(pickle.Unpickler):
    """Admits numpy arrays beside the types that pickle builds itself."""

    def find_class(self, module: str, name: str) -> Any:
        if (module, name) not in ADMITTED:
            raise Refused(f"CIFAR-10 batch: '{module}.{name}' in a pickle; only arrays are read")
        return super().find_class(module.replace("numpy.core", "numpy._core"), name)


def read_cifar10(archive: Path, hashes: Mapping[str, str] = CIFAR_HASHES) -> dict[str, Any]:
    """Return the splits of the official archive.

    Args:
        archive: cifar-10-python.tar.gz.
        hashes: published md5 of the archive and of each batch in it.

    Returns:
        `train` and `test`, each (images uint8 (N, 3, 32, 32), labels int64 (N,)).

    Raises:
        Refused: the archive or a batch has another md5, or a batch holds more than arrays.
    """
    found, _ = hashes_of(archive)
    if found != hashes["archive"]:
        raise Refused(f"{archive.name}: md5 {found} instead of {hashes['archive']}; not opened")
    with tarfile.open(archive, "r:gz") as tar:
        batches = {name: _batch(tar, name, hashes[name]) for name in (*TRAIN, "test_batch")}
    return {
        "train": _joined([batches[name] for name in TRAIN]),
        "test": _joined([batches["test_batch"]]),
    }


def _batch(tar: tarfile.TarFile, name: str, md5: str) -> tuple[Any, Any]:
    import numpy as np

    try:
        member = tar.extractfile(f"{FOLDER}/{name}")
    except KeyError:
        member = None
    if member is None:
        raise Refused(f"CIFAR-10 archive: has no file '{FOLDER}/{name}'")
    payload = member.read()
    found = hashlib.md5(payload).hexdigest()
    if found != md5:
        raise Refused(f"CIFAR-10 batch '{name}': md5 {found} instead of {md5}; not opened")
    content = _ArraysOnly(io.BytesIO(payload), encoding="bytes").load()
    images, labels = content[b"data"], np.asarray(content[b"labels"], dtype=np.int64)
    if images.dtype != np.uint8 or images.shape != (len(labels), 3072):
        raise Refused(f"CIFAR-10 batch '{name}': {images.dtype} {images.shape} are no images")
    return images.reshape(-1, 3, 32, 32), labels


def _joined(batches: list[tuple[Any, Any]]) -> tuple[Any, Any]:
    import numpy as np

    return np.concatenate([b[0] for b in batches]), np.concatenate([b[1] for b in batches])


def subset(archive: Path, hashes: Mapping[str, str] = CIFAR_HASHES) -> dict[str, bytes]:
    """Return train.bin and test.bin of `cifar10_subset`, in the binary record format."""
    splits = read_cifar10(archive, hashes)
    size = len(splits["train"][1]) // len(TRAIN)
    spans = [(0, min(size, 4000))]
    spans += [(at * size, at * size + min(size, 1017)) for at in range(1, len(TRAIN))]
    images, labels = splits["train"]
    return {
        "train.bin": b"".join(_records(images[a:b], labels[a:b]) for a, b in spans),
        "test.bin": _records(*(part[:1017] for part in splits["test"])),
    }


def _records(images: Any, labels: Any) -> bytes:
    return b"".join(
        bytes([label]) + image.tobytes()
        for image, label in zip(images, labels.tolist(), strict=True)
    )
