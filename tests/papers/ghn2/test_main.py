"""The command line: predict a network and write its state; refuse in one line."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch

from papers.ghn2 import __main__ as command
from papers.ghn2 import kept
from papers.ghn2.hyper.config import small
from papers.ghn2.hyper.network import build
from papers.ghn2.space.draft import Frame

FACTS = kept.Facts("random images", "", "check", "none", 0, 0)


@pytest.fixture
def weights(tmp_path: Path) -> str:
    made = kept.Kept("raw", build(small("ghn2", 2), 0), Frame(3, (32, 32), 10), FACTS)
    return str(kept.save(made, tmp_path))


def test_a_network_of_torchvision_is_predicted_and_written(
    weights: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
):
    out = tmp_path / "state.pt"
    arguments = ["predict", "torchvision:resnet18", "--ghn", weights, "--output", str(out)]
    assert command.main(arguments) == 0
    told = capsys.readouterr().out
    assert "predicted 11,181,642 of 11,181,642 parameters (100 %), 53 nodes" in told
    assert "hypernetwork: raw, trained on random images" in told
    state = torch.load(out, weights_only=True)
    assert state["fc.weight"].shape == (10, 512)


def test_a_part_is_predicted_when_allowed(
    weights: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
):
    file = tmp_path / "net.py"
    file.write_text(
        "from torch import nn\n"
        "def net():\n"
        "    up = nn.ConvTranspose2d(3, 2, 2)\n"
        "    return nn.Sequential(up, nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(2, 10))\n",
        encoding="utf-8",
    )
    arguments = ["predict", f"{file}:net", "--ghn", weights]
    assert command.main(arguments) == 2
    assert "'conv_transpose2d' is no primitive" in capsys.readouterr().err
    assert command.main([*arguments, "--partial", "--size", "8"]) == 0
    assert "left as they were: 'conv_transpose2d'" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["predict", "torchvision:resnet19", "--ghn", "WEIGHTS"], "did you mean 'resnet18'"),
        (["predict", "torchvision:resnet18", "--ghn", "nothing"], "unknown hypernetwork"),
        (
            ["predict", "torchvision:resnet18", "--ghn", "WEIGHTS", "--output", "a.txt"],
            "--output a.txt: must end in .pt",
        ),
        (
            ["predict", "torchvision:resnet18", "--ghn", "WEIGHTS", "--output", "no/where/a.pt"],
            "there is no folder no/where",
        ),
    ],
)
def test_refusals(
    weights: str, arguments: list[str], told: str, capsys: pytest.CaptureFixture[str]
):
    given = [weights if each == "WEIGHTS" else each for each in arguments]
    assert command.main(given) == 2
    error = capsys.readouterr().err
    assert told in error
    assert error.count("\n") == 1


def test_the_table_of_coverage(capsys: pytest.CaptureFixture[str]):
    assert command.main(["coverage", "alexnet"]) == 0
    assert "1 of 1 are covered in full." in capsys.readouterr().out
