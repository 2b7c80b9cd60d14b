"""The files of real data sets, out of the DVC store that HARNESS_DVC_REMOTE names."""

from __future__ import annotations

import json
import os
import shutil
from pathlib import Path

import pytest

from harness.training import data

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
