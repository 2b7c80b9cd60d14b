"""From what was heard to a graph: heads, what leads to the output, what is part of a gate."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor, nn

from papers.ghn2.graph import CLASS_BIAS, CLASS_WEIGHT, WEIGHT, Graph
from papers.ghn2.recorder.recording import Recording, record


def heard(*layers: nn.Module) -> Recording:
    return record(nn.Sequential(*layers), torch.zeros(2, 3, 8, 8))


def roles(graph: Graph) -> dict[str, str]:
    return {parameter.name: parameter.role for parameter in graph.parameters()}


def test_the_last_linear_map_is_the_classifier():
    found = heard(nn.Flatten(), nn.Linear(192, 7), nn.ReLU(), nn.Linear(7, 7), nn.Softmax(1))
    assert found.classes == 7
    assert roles(found.graph) == {
        "1.weight": WEIGHT, "1.bias": "bias", "3.weight": CLASS_WEIGHT, "3.bias": CLASS_BIAS,
    }  # fmt: skip


def test_a_convolution_before_an_average_is_a_classifier_of_two_dimensions():
    found = heard(nn.Conv2d(3, 7, 1), nn.AdaptiveAvgPool2d(1), nn.Flatten())
    parameter = next(found.graph.parameters())
    assert (parameter.role, parameter.shape, found.graph.nodes[1].shape) == (
        CLASS_WEIGHT, (7, 3), (7, 3),
    )  # fmt: skip


@pytest.mark.parametrize(
    "layers",
    [
        (nn.Conv2d(3, 7, 8), nn.Flatten()),  # no map of vectors
        (nn.Conv2d(3, 7, 1),),  # a map a class
        (nn.Linear(8, 7), nn.Flatten()),  # many outputs a row
    ],
)
def test_what_is_no_classifier(layers: tuple[nn.Module, ...]):
    assert heard(*layers).classes is None


class Two(nn.Module):
    """Two heads whose logits are averaged, and one of other classes beside them."""

    def __init__(self) -> None:
        super().__init__()
        self.one, self.other, self.aside = (nn.Linear(192, k) for k in (5, 5, 6))

    def forward(self, x: Tensor) -> tuple[Tensor, Tensor]:
        x = x.flatten(1)
        return (self.one(x) + self.other(x)) / 2, self.aside(x)


def test_heads_of_as_many_classes_are_classifiers():
    found = record(Two(), torch.zeros(2, 3, 8, 8))
    assert found.classes == 5
    told = roles(found.graph)
    assert (told["one.weight"], told["other.bias"]) == (CLASS_WEIGHT, CLASS_BIAS)
    assert told["aside.weight"] == WEIGHT
