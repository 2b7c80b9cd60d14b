"""Networks that a command line names."""

from __future__ import annotations

from pathlib import Path

import pytest
from torch import nn

from harness.paper import Refused
from papers.ghn2 import sources

TEXT = """
from torch import nn
ready = nn.Linear(2, 3)
def made():
    return nn.Linear(4, 5)
def number():
    return 3
value = 3
"""


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "mine.py"
    path.write_text(TEXT, encoding="utf-8")
    return path


def test_a_file_gives_a_module_or_what_a_function_returns(file: Path):
    for name, size in (("ready", 2), ("made", 4)):
        found = sources.network(f"{file}:{name}", 10)
        assert isinstance(found, nn.Linear)
        assert found.in_features == size


def test_torchvision_gives_as_many_classes_as_asked():
    assert sources.network("torchvision:resnet18", 7).fc.out_features == 7


def test_a_module_by_its_dotted_name():
    assert isinstance(sources.network("torch.nn:Identity", 10), nn.Identity)


def test_refusals(file: Path):
    for asked, told in (
        ("resnet18", "must be torchvision:NAME"),
        ("torchvision:resnet19", "did you mean 'resnet18'"),
        ("no.such.module:net", "network=no.such.module: No module named 'no'"),
        (f"{file.parent / 'none.py'}:net", "none.py: there is no such file"),
        (f"{file}:mad", "did you mean 'made'"),
        (f"{file}:value", "is neither a module nor a function"),
        (f"{file}:number", "gives a int, not a torch.nn.Module"),
    ):
        with pytest.raises(Refused, match=told):
            sources.network(asked, 10)
