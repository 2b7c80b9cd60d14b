"""Data set files as arrays: IDX, CIFAR's two formats, npz; what is not whole is refused in a line.

Shapes: N rows, C channels, H W space, L length.
"""

from __future__ import annotations

import gzip
import hashlib
import io
import math
import pickle
import tarfile
import zlib
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

Arrays = tuple[NDArray[Any], NDArray[Any]]  # inputs, labels

IMAGES, LABELS = 0x803, 0x801  # unsigned bytes in 3 and 1 dimensions
IDX_FILES = {"train": "train", "test": "t10k"}
CIFAR_SHAPE = (3, 32, 32)
CIFAR_RECORD = 1 + math.prod(CIFAR_SHAPE)
CLASSES = 10

# of the members of the official archive cifar-10-python.tar.gz, checked before each is unpickled
CIFAR10_FOLDER = "cifar-10-batches-py"
CIFAR10_MD5 = {
    "data_batch_1": "c99cafc152244af753f735de768cd75f",
    "data_batch_2": "d4bba439e000b95fd0a9bffe97cbabec",
    "data_batch_3": "54ebc095f3ab1f0389bbae665268c751",
    "data_batch_4": "634d18415352ddfa80567beed471001a",
    "data_batch_5": "482c414d41f54cd18b22e5b47cb7c3cb",
    "test_batch": "40351d587109b95175f43aff81a1287e",
}
ADMITTED = {
    ("numpy", "ndarray"),
    ("numpy", "dtype"),
    ("numpy.core.multiarray", "_reconstruct"),
    ("numpy._core.multiarray", "_reconstruct"),
}


def idx(path: Path, magic: int) -> NDArray[np.uint8]:
    """Return the array of a gzipped IDX file of unsigned bytes.

    Raises:
        ValueError: it is not gzip, breaks off, has another magic number or another length than
            its header says.
    """
    try:
        content = gzip.decompress(path.read_bytes())
    except (EOFError, zlib.error, gzip.BadGzipFile) as error:
        raise ValueError(f"{path}: not a whole gzip file ({error})") from error
    found = int.from_bytes(content[:4], "big")
    if found != magic:
        raise ValueError(f"{path}: magic number {found:#x}, must be {magic:#x}; not this IDX file")
    start = 4 + 4 * (magic & 0xFF)
    shape = [int.from_bytes(content[at : at + 4], "big") for at in range(4, start, 4)]
    if len(content) != start + math.prod(shape):
        raise ValueError(
            f"{path}: {len(content)} bytes, its header says {start + math.prod(shape)}; truncated"
        )
    return np.frombuffer(content, np.uint8, offset=start).reshape(shape)


def mnist(folder: Path, part: str) -> Arrays:
    """Return MNIST's or Fashion-MNIST's images (N, 1, 28, 28) and labels (N), as bytes."""
    prefix = IDX_FILES[part]
    images = idx(folder / f"{prefix}-images-idx3-ubyte.gz", IMAGES)
    labels = idx(folder / f"{prefix}-labels-idx1-ubyte.gz", LABELS)
    if len(images) != len(labels):
        raise ValueError(f"{folder}: {len(images)} images of {part}, but {len(labels)} labels")
    return images[:, None], labels


def cifar_records(folder: Path, part: str) -> Arrays:
    """Return images (N, 3, 32, 32) and labels (N) of PART.bin: a label byte, then 3,072 pixels."""
    path = folder / f"{part}.bin"
    content = np.fromfile(path, np.uint8)
    if not len(content) or len(content) % CIFAR_RECORD:
        raise ValueError(f"{path}: {len(content)} bytes, must be a multiple of {CIFAR_RECORD}")
    records = content.reshape(-1, CIFAR_RECORD)
    labels = records[:, 0]
    if labels.max() >= CLASSES:
        raise ValueError(f"{path}: label {labels.max()}, must be below {CLASSES}")
    return records[:, 1:].reshape(-1, *CIFAR_SHAPE), labels


def cifar10(path: Path, part: str, hashes: Mapping[str, str] = CIFAR10_MD5) -> Arrays:
    """Return CIFAR-10's images (N, 3, 32, 32) and labels (N) from the official archive.

    Each batch is unpickled after its md5 was found right, by a reader that admits arrays only.
    """
    names = [name for name in hashes if name.startswith("test") == (part == "test")]
    batches = list(_batches(path, names, hashes))
    images = np.concatenate([batch["data"] for batch in batches]).reshape(-1, *CIFAR_SHAPE)
    return images, np.concatenate([np.array(batch["labels"], np.int64) for batch in batches])


def _batches(
    path: Path, names: list[str], hashes: Mapping[str, str]
) -> Iterator[Mapping[str, Any]]:
    with tarfile.open(path) as archive:
        for name in names:
            try:
                member = archive.extractfile(f"{CIFAR10_FOLDER}/{name}")
            except KeyError as error:
                raise ValueError(f"{path}: has no member {CIFAR10_FOLDER}/{name}") from error
            content = member.read() if member else b""
            found = hashlib.md5(content, usedforsecurity=False).hexdigest()
            if found != hashes[name]:
                raise ValueError(f"{path}: md5 of {name} is {found}, must be {hashes[name]}")
            yield _Arrays(io.BytesIO(content), encoding="latin1").load()


class _Arrays(pickle.Unpickler):
    """Admits numpy arrays and plain containers; whatever else a pickle names is refused."""

    def find_class(self, module: str, name: str) -> Any:
        """Return one of the admitted names."""
        if (module, name) not in ADMITTED:
            raise ValueError(f"a pickled batch names {module}.{name}: only arrays are admitted")
        # numpy 2 moved the module that pickles of numpy 1 name, and warns of the old name
        return super().find_class(module.replace("numpy.core", "numpy._core"), name)


def mnist1d(folder: Path, part: str) -> Arrays:
    """Return MNIST-1D's frozen signals (N, 40) float32 and labels (N)."""
    suffix = "_test" if part == "test" else ""
    with np.load(folder / "mnist1d_data.npz", allow_pickle=False) as arrays:
        return arrays[f"x{suffix}"].astype(np.float32), arrays[f"y{suffix}"]


def digits() -> Arrays:
    """Return scikit-learn's digits: images (1797, 1, 8, 8) of 0 to 16, and labels."""
    from sklearn.datasets import load_digits  # slow to import, needed by few

    bunch = load_digits()
    return bunch.images.astype(np.uint8)[:, None], bunch.target
