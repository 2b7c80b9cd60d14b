"""Data set files as arrays: IDX, CIFAR's records, npz; what is not whole is refused in a line.

Shapes: N rows, C channels, H W space, L length.
"""

from __future__ import annotations

import gzip
import math
import zlib
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


def cifar10(path: Path, part: str) -> Arrays:
    """Return CIFAR-10's images (N, 3, 32, 32) and labels (N) from the official archive.

    It holds pickles: the harness's own reader verifies each before it opens it.
    """
    from harness.data.cifar import read_cifar10

    images, labels = read_cifar10(path)[part]
    return images, labels


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
