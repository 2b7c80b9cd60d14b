"""Weights, biases, norms and attention: nodes, shapes, roles, and which way round they stand."""

from __future__ import annotations

from collections.abc import Callable

import pytest
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from papers.ghn2.graph import Graph
from papers.ghn2.recorder.recording import Recording, record
from tests.lab.graphs import arrows, primitives


class Using(nn.Module):
    """A function of the input and of one parameter `w`."""

    def __init__(self, body: Callable[[Tensor, Tensor], Tensor], w: Tensor) -> None:
        super().__init__()
        self.body, self.w = body, nn.Parameter(w)

    def forward(self, x: Tensor) -> Tensor:
        return self.body(x, self.w)


def using(body: Callable[[Tensor, Tensor], Tensor], *shape: int) -> Recording:
    return record(Using(body, torch.randn(shape)), torch.zeros(2, 5, 4))


def of(module: nn.Module, *shape: int) -> Graph:
    return record(module, torch.zeros(shape)).graph


@pytest.mark.parametrize(
    ("module", "primitive", "rectified"),
    [
        (nn.Conv2d(8, 8, 3), "conv", True),
        (nn.Conv2d(8, 8, 3, groups=8), "sep_conv", False),
        (nn.Conv2d(8, 8, 3, groups=2), "sep_conv", True),
        (nn.Conv2d(8, 8, 3, groups=8, dilation=2), "dil_conv", False),
        (nn.Conv2d(8, 8, 3, dilation=2), "conv", True),
        (nn.Conv2d(8, 8, (1, 7)), "conv", False),
        (nn.Conv2d(8, 8, (7, 1), padding="same"), "conv", True),
    ],
)
def test_convolutions(module: nn.Conv2d, primitive: str, rectified: bool):
    node = of(module, 2, 8, 9, 9).nodes[1]
    assert (node.name, node.shape) == (primitive, tuple(module.weight.shape))
    assert node.parameters[0].rectified == rectified


@pytest.mark.parametrize(
    ("body", "transposed"),
    [
        (lambda x, w: x @ w, True),
        (lambda x, w: x @ w.t(), False),
        (lambda x, w: torch.matmul(x, w.t().t()), True),
        (lambda x, w: F.linear(x, w), False),
        (lambda x, w: w @ x.transpose(1, 2), False),
        (lambda x, w: w.t() @ x.transpose(1, 2), True),
        (lambda x, w: torch.bmm(x, w.expand(2, 4, 4)), True),
        (lambda x, w: torch.einsum("btc,cd->btd", x, w), True),
        (lambda x, w: torch.einsum("btc,dc->btd", x, w), False),
        (lambda x, w: torch.einsum("cd,btc->btd", w.t(), x), False),
        (lambda x, w: torch.addmm(torch.zeros(4), x[0], w), True),
        (lambda x, w: F.conv1d(x.transpose(1, 2), w[..., None]), False),
    ],
)
def test_which_way_round_a_matrix_stands(body: Callable[..., Tensor], transposed: bool):
    heard = using(body, 4, 4)
    assert heard.unsupported == {}
    assert heard.transposed == ({"w"} if transposed else set())


def test_a_transposed_matrix_is_predicted_as_rows_out():
    heard = using(lambda x, w: x @ w, 4, 3)
    assert next(heard.graph.parameters()).shape == (3, 4)


def test_a_vector_that_weighs_is_a_row():
    heard = using(lambda x, w: x @ w, 4)
    assert next(heard.graph.parameters()).shape == (1, 4)


def test_a_linear_map_is_a_weight_and_a_bias():
    found = of(nn.Linear(4, 3), 2, 4)
    assert arrows(found) == {("input", "weight"), ("weight", "bias")}
    assert [p.role for p in found.parameters()] == ["class_weight", "class_bias"]


@pytest.mark.parametrize(
    ("module", "primitive", "names"),
    [
        (nn.BatchNorm2d(8), "bn", ["weight", "bias"]),
        (nn.BatchNorm2d(8, affine=False), "bn", []),
        (nn.InstanceNorm2d(8, affine=True), "ln", ["weight", "bias"]),
        (nn.GroupNorm(2, 8), "ln", ["weight", "bias"]),
        (nn.LayerNorm((9, 9)), "ln", ["weight", "bias"]),
        (nn.LayerNorm(9, bias=False), "ln", ["weight"]),
        (nn.RMSNorm(9), "ln", ["weight"]),
    ],
)
def test_norms_are_one_node(module: nn.Module, primitive: str, names: list[str]):
    body = nn.Sequential(nn.Conv2d(8, 8, 1, bias=False), module)
    node = of(body, 2, 8, 9, 9).nodes[-1]
    assert node.name == primitive
    assert [p.name for p in node.parameters] == [f"1.{name}" for name in names]
    assert [p.role for p in node.parameters] == ["scale", "shift"][: len(names)]


class Attending(nn.Module):
    """Multi-head attention of torch, of a sequence to itself or to another."""

    def __init__(self, **kwargs: object) -> None:
        super().__init__()
        self.own = nn.MultiheadAttention(4, 2, batch_first=True, **kwargs)

    def forward(self, x: Tensor) -> Tensor:
        return self.own(x, x * 2, x, need_weights=False)[0]


def test_attention_of_torch_is_projections_around_one_node():
    found = of(Attending(), 2, 5, 4)
    assert primitives(found) == ["input", "conv", "bias", "msa", "conv", "bias"]
    assert found.nodes[1].shape == (12, 4)
    apart = of(Attending(kdim=4, vdim=4), 2, 5, 4)
    assert len([p for p in apart.parameters() if p.name.startswith("own.in_proj")]) == 2


def test_attention_with_projections_of_their_own_has_three():
    class Crossing(Attending):
        def forward(self, x: Tensor) -> Tensor:
            return self.own(x, x[..., :3], x[..., :2], need_weights=False)[0]

    found = of(Crossing(kdim=3, vdim=2), 2, 5, 4)
    names = [n.parameters[0].name for n in found.nodes if n.name == "conv"]
    assert names == [
        "own.q_proj_weight",
        "own.k_proj_weight",
        "own.v_proj_weight",
        "own.out_proj.weight",
    ]
    assert {u for u, v in arrows(found) if v == "own.in_proj_bias"} == set(names[:3])


def test_a_layer_of_a_transformer_is_heard_in_evaluation():
    layer = nn.TransformerEncoderLayer(4, 2, 8, batch_first=True).eval()
    found = of(layer, 2, 5, 4)
    assert primitives(found).count("msa") == 1
    assert found.size == sum(p.numel() for p in layer.parameters())


def test_weights_that_are_computed_from_data_are_no_node():
    class Dynamic(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.make = nn.Linear(4, 16)

        def forward(self, x: Tensor) -> Tensor:
            return F.linear(x, self.make(x.mean((0, 1))).view(4, 4))

    assert primitives(of(Dynamic(), 2, 5, 4)) == ["input", "conv", "bias"]
