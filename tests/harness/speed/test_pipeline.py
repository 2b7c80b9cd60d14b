"""The pipelines that `bench` times do the same; nothing is timed here."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch

from harness.speed import pipeline
from harness.training import data


@pytest.mark.parametrize("kind", [pipeline.OneByOne, pipeline.Lean])
def test_both_pipelines_make_equal_images_from_equal_draws(kind: type[pipeline.OneByOne]):
    images = torch.randint(256, (pipeline.BATCH, 3, 32, 32), dtype=torch.uint8)
    race = pipeline.Race(kind(images))
    race.make_equal_images()
    assert race.resident_epoch() == len(images)
    image = race.each[0]
    assert (image.shape, image.dtype) == ((3, 32, 32), torch.float32)
    assert (image == 0).all(0).sum() >= 64  # a quarter of the hole is inside at least


def test_real_pixels_are_used_where_they_are(tmp_path: Path):
    images, origin = pipeline.pixels(tmp_path)
    assert images.shape == (pipeline.ROWS, 3, 32, 32)
    assert "synthetic" in origin
    (tmp_path / "cifar10_subset").mkdir()
    records = np.arange(2 * 3073).reshape(2, 3073).astype(np.uint8)
    records[:, 0] = 1
    (tmp_path / "cifar10_subset" / "train.bin").write_bytes(records.tobytes())
    images, origin = pipeline.pixels(tmp_path)
    assert origin == "2 images of cifar10_subset"
    assert images.flatten(1).tolist() == records[:, 1:].tolist()


def test_the_first_batch_is_told_only_where_mnist_is(tmp_path: Path, monkeypatch):
    def split(name: str, part: str) -> data.Split:
        images = torch.zeros(300, 1, 28, 28, dtype=torch.uint8)
        labels = torch.zeros(300, dtype=torch.int64)
        return data.Split(name, part, images, labels, "", np.arange(300), 0, 0.1)

    monkeypatch.setattr(data, "load", split)
    assert pipeline.first_batch(tmp_path) is None
    (tmp_path / "mnist").mkdir()
    assert pipeline.first_batch(tmp_path) > 0
