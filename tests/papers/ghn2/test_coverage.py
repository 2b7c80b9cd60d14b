"""All of torchvision's classifiers: every parameter has a primitive."""

from __future__ import annotations

import pytest

from papers.ghn2 import coverage

FAMILIES = (
    "alexnet", "convnext_tiny", "densenet121", "efficientnet_b0", "efficientnet_v2_s",
    "mnasnet0_5", "mobilenet_v2", "mobilenet_v3_small", "regnet_x_400mf", "regnet_y_400mf",
    "resnet18", "resnext50_32x4d", "shufflenet_v2_x0_5", "squeezenet1_1", "vgg11_bn",
)  # fmt: skip
LONG = ("maxvit_t", "swin_v2_t", "vit_b_32")


@pytest.mark.parametrize("name", [*FAMILIES, *LONG])
def test_a_family_is_covered(name: str):
    recording, count = coverage.recorded(name)
    assert recording.graph.size == count
    assert (recording.classes, recording.device) == (1000, "meta")


@pytest.mark.parametrize("name", ["googlenet", "inception_v3"])
def test_auxiliary_heads_are_heard_in_training(name: str):
    recording, count = coverage.recorded(name)
    assert recording.graph.size == count
    assert recording.training


@pytest.mark.slow
def test_all_are_covered():
    names = coverage.names()
    assert len(names) == 80
    short = []
    for name in names:
        recording, count = coverage.recorded(name)
        if recording.graph.size != count or recording.classes != 1000:
            short.append(name)
    assert short == []


def test_the_table_has_a_line_a_network_and_a_sum():
    table = list(coverage.lines(["resnet18"]))
    assert table[2].startswith("| resnet18 | 53 | 60 | 11,689,512 | 100 % | evaluation |")
    assert table[-1] == "1 of 1 are covered in full."


def test_a_hollow_network_holds_no_numbers():
    assert all(p.is_meta for p in coverage.hollow("resnet18").parameters())
