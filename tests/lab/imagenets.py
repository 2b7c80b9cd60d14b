"""A folder with the layout of ImageNet and a few small images."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from harness.data import own

CLASSES = ("n00000001", "n00000002", "n12345678")
COUNTS = {"train": 4, "val": 2}  # images of each class
TINY = replace(
    own.IMAGENET,
    parts={part: count * len(CLASSES) for part, count in COUNTS.items()},
    classes=len(CLASSES),
)


def tiny(root: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Make such a folder, let the variable name it and let it be all of ImageNet; return it."""
    folder = root / "ImageNet"
    for part, count in COUNTS.items():
        for kind in CLASSES:
            (folder / part / kind).mkdir(parents=True)
            for number in range(count):
                write(folder / part / kind / f"{kind}_{number}.JPEG")
    (folder / "meta.bin").write_bytes(b"torchvision's")
    monkeypatch.setattr(own, "IMAGENET", TINY)
    monkeypatch.setattr(own, "OWN", {TINY.name: TINY})
    monkeypatch.setattr(own, "RECORD", root / "data" / ".own.json")
    monkeypatch.setenv(TINY.variable, str(folder))
    return folder


def write(path: Path) -> None:
    """Write a small JPEG whose pixels its name decides; every third one is grey."""
    seed = sum(path.name.encode())
    random = np.random.default_rng(seed)
    shape = (int(random.integers(40, 60)), int(random.integers(40, 60)))
    pixels = random.integers(256, size=shape if seed % 3 == 0 else (*shape, 3), dtype=np.uint8)
    Image.fromarray(pixels).save(path, "JPEG")
