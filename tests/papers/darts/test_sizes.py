"""The paper's networks at full size: what is built is what is counted."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from harness.paper import Refused
from papers.cells.supernet.node import Design
from papers.darts.sizes import networks, study
from papers.darts.sizes.config import Size

pytestmark = pytest.mark.usefixtures("prepared")
TINY = Design(channels=2, cells=3, nodes=2, dim=1, inputs=1)


@pytest.mark.parametrize(
    ("name", "channels", "layers", "batch"),
    [("search", 16, 8, 64), ("evaluation", 36, 20, 96), ("imagenet", 48, 14, 128)],
)
def test_full_networks_are_the_papers(name, channels, layers, batch):
    config = next(e for e in study.EXPERIMENTS if e.name == f"sizes/{name}").config
    assert config.batch == config.published_batch == batch
    built = networks.design(config) if name == "search" else networks.layout(config)
    assert built.channels == channels
    assert (built.cells if name == "search" else built.layers) == layers


@pytest.mark.parametrize("network", ["search", "evaluation"])
def test_memory_counted_from_shapes_is_the_memory_of_a_real_pass(lab, monkeypatch, network):
    monkeypatch.setattr(networks, "design", lambda config: replace(TINY, dim=2, inputs=3))
    config = Size(network, layers=3, side=8, batch=4, published_batch=4, steps=1)
    (final,) = networks.run(config, lab({"steps": (1, 1)}))
    assert final["memory_gb"] == final["memory_published_gb"]
    assert np.isfinite(final["loss"])


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: Size("searched"), "did you mean 'search'"),
        (lambda: Size(batch=1), "batch=1"),
        (lambda: Size(layers=2), "layers=2"),
    ],
)
def test_what_cannot_be_is_refused(make, message):
    with pytest.raises(Refused, match=message):
        make()
