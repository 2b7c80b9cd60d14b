"""Training a hypernetwork that is kept: stored, read again, measured as it is stored, resumed."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import torch
from torch import nn

from harness.paper import Refused
from papers.ghn2 import keeping, kept
from papers.ghn2.images.config import Images
from papers.ghn2.images.study import CHECK as IMAGES
from papers.ghn2.signals.config import Signals
from papers.ghn2.signals.study import CHECK as SIGNALS
from papers.ghn2.testbed import Rows

pytestmark = pytest.mark.usefixtures("prepared", "one_thread")


@pytest.fixture
def brief(monkeypatch: pytest.MonkeyPatch) -> None:
    """Train a few steps, and judge on a few networks."""

    def config_of(order: keeping.Ordered) -> Signals | Images:
        if order.data == "signals":
            return Signals(**{**SIGNALS, "steps": order.steps})
        return Images(**{**IMAGES, "side": 32, "steps": order.steps})

    monkeypatch.setattr(keeping, "config_of", config_of)
    monkeypatch.setattr(keeping, "SMALLEST", ("shufflenet_v2_x0_5",))


def test_what_is_asked_for_is_how_the_studies_train():
    for name in keeping.DATA:
        config = keeping.config_of(keeping.Ordered("one", name, 7))
        assert (config.steps, config.preset) == (7, "ghn2")
        assert getattr(config, "dataset", "signals") == name


@pytest.mark.slow
def test_signals_are_kept_with_what_was_measured_on_the_stored_weights(
    brief: None, tmp_path: Path
):
    order = keeping.Ordered("one", "signals", 3, seed=5, stored="float16")
    rows: list[str] = []
    made = keeping.keep(order, rows.append, tmp_path / "runs", tmp_path)
    read = kept.load(str(tmp_path / "one.pt"))
    assert read.facts == made.facts
    assert (read.facts.data, read.facts.seed, read.facts.steps) == ("mnist1d", 5, 3)
    assert read.facts.command.endswith("keep one --on signals --steps 3 --seed 5 --half")
    assert set(read.facts.accuracies) == {"id", "bnfree"}
    assert "id" in json.loads(rows[-1])
    again = keeping.keep(order, rows.append, tmp_path / "runs", tmp_path)  # from its checkpoint
    assert again.facts == made.facts


@pytest.mark.slow
def test_images_are_judged_on_networks_of_torchvision_too(brief: None, tmp_path: Path):
    order = keeping.Ordered("two", "cifar10_subset", 2)
    made = keeping.keep(order, lambda line: None, tmp_path / "runs", tmp_path)
    assert set(made.facts.accuracies) == {"id", "torchvision/shufflenet_v2_x0_5"}
    assert (made.frame.channels, made.frame.size) == (3, (32, 32))


def test_other_data_are_refused(tmp_path: Path):
    with pytest.raises(Refused, match="unknown data of a kept hypernetwork 'signal'"):
        keeping.keep(keeping.Ordered("one", "signal", 3), print, tmp_path, tmp_path)


def test_accuracy_counts_rows_over_batches_and_takes_no_answer_for_wrong():
    rows = Rows(torch.eye(10).repeat(7, 1), torch.arange(10).repeat(7))
    module = nn.Linear(10, 10, bias=False)
    assert keeping.accuracy(module, {"weight": torch.eye(10)}, rows) == 1
    broken = torch.eye(10)
    broken[:, 3] = float("nan")  # rows of class 3 alone have a weight of 1 on it; 0 * nan is nan
    assert keeping.accuracy(module, {"weight": broken}, rows) == 0
