"""Each rule on the smallest module that calls for it: the nodes, and who reads whom."""

from __future__ import annotations

from collections.abc import Callable

import pytest
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from papers.ghn2.graph import Graph
from papers.ghn2.recorder.recording import Recording, record
from tests.lab.graphs import arrows, primitives

IMAGES, TOKENS = (2, 4, 6, 6), (2, 6, 4)


class Around(nn.Module):
    """Two convolutions `a` and `b` of an image, or linear maps of tokens, and bare parameters."""

    def __init__(self, body: Callable[..., Tensor], tokens: bool, **bare: Tensor) -> None:
        super().__init__()
        self.a, self.b = (
            nn.Linear(4, 4, bias=False) if tokens else nn.Conv2d(4, 4, 1, bias=False)
            for _ in range(2)
        )
        self.body = body
        for name, value in bare.items():
            setattr(self, name, nn.Parameter(value))

    def forward(self, x: Tensor) -> Tensor:
        return self.body(self, self.a(x), self.b(x))


def heard(body: Callable[..., Tensor], tokens: bool = False, **bare: Tensor) -> Recording:
    return record(Around(body, tokens, **bare), torch.zeros(TOKENS if tokens else IMAGES))


def graph(body: Callable[..., Tensor], tokens: bool = False, **bare: Tensor) -> Graph:
    return heard(body, tokens, **bare).graph


# -- sums, products, concatenations ---------------------------------------------------------------


@pytest.mark.parametrize(
    "body",
    [
        lambda _, x, y: x + y,
        lambda _, x, y: x.add_(y),
        lambda _, x, y: F.relu(x) - y,
        lambda _, x, y: torch.add(x, y, alpha=2),
        lambda _, x, y: sum([x, y]),
    ],
)
def test_two_that_are_added_are_a_sum(body: Callable[..., Tensor]):
    assert arrows(graph(body)) == {
        ("input", "a.weight"), ("input", "b.weight"), ("a.weight", "sum"), ("b.weight", "sum"),
    }  # fmt: skip


def in_place(_: nn.Module, x: Tensor, y: Tensor) -> Tensor:
    x += y
    F.relu(x, inplace=True)
    return x


def through_a_view(_: nn.Module, x: Tensor, y: Tensor) -> Tensor:
    x[:, :2].add_(y[:, :2])
    return x


def into_a_buffer(_: nn.Module, x: Tensor, y: Tensor) -> Tensor:
    both = torch.zeros_like(x)
    both[:, :2] = x[:, :2]
    both[:, 2:].copy_(y[:, 2:])
    return both.flatten(1)


def test_what_is_written_in_place_is_seen():
    assert ("b.weight", "sum") in arrows(graph(in_place))
    assert ("b.weight", "sum") in arrows(graph(through_a_view))
    recording = heard(into_a_buffer)
    assert recording.idle == ()
    assert primitives(recording.graph) == ["input", "conv", "conv"]


def test_a_value_and_itself_are_no_sum_and_no_concatenation():
    for body in (
        lambda _, x, y: x + F.relu(x),
        lambda _, x, y: x * x.sigmoid(),
        lambda _, x, y: torch.cat([x[:, :2], x[:, 2:]], 1),
    ):
        assert primitives(graph(body)) == ["input", "conv"]


def test_several_that_are_joined_are_a_concatenation():
    found = graph(lambda _, x, y: torch.cat([x, y], 1))
    assert arrows(found) >= {("a.weight", "concat"), ("b.weight", "concat")}


def test_products_pass_both_on():
    found = graph(lambda m, x, y: F.conv2d(x * y, m.c), c=torch.zeros(3, 4, 1, 1))
    assert arrows(found) >= {("a.weight", "c"), ("b.weight", "c")}


def gate(m: nn.Module, x: Tensor, y: Tensor) -> Tensor:
    squeezed = x.mean((2, 3), keepdim=True)
    return x * torch.sigmoid(F.conv2d(squeezed, m.c))


def test_a_gate_of_channels_is_one_node_and_its_average_none():
    found = graph(gate, c=torch.zeros(4, 4, 1, 1))
    assert arrows(found) == {
        ("input", "a.weight"), ("a.weight", "c"), ("c", "cse"), ("a.weight", "cse"),
    }  # fmt: skip


def test_a_gate_of_rows_or_of_places_is_none():
    rows = lambda m, x, y: x.flatten(1) * F.linear(y.flatten(1), m.c)  # noqa: E731
    assert "cse" not in primitives(graph(rows, True, c=torch.zeros(1, 24)))
    body = lambda m, x, y: x * torch.sigmoid(F.conv2d(y, m.c))  # noqa: E731
    assert "cse" not in primitives(graph(body, c=torch.zeros(1, 4, 1, 1)))


# -- bare parameters ------------------------------------------------------------------------------


def test_a_bare_vector_is_a_bias_where_it_is_added_and_a_scale_where_it_multiplies():
    found = graph(lambda m, x, y: x * m.s + m.t, True, s=torch.ones(4), t=torch.zeros(4))
    assert [(n.name, n.parameters[0].role) for n in found.nodes[2:]] == [
        ("ln", "scale"), ("bias", "bias"),
    ]  # fmt: skip


def test_any_other_bare_parameter_is_a_position():
    token = torch.zeros(1, 1, 4)
    found = graph(lambda m, x, y: torch.cat([m.t.expand(2, -1, -1), x], 1), True, t=token)
    assert arrows(found) >= {("t", "concat"), ("a.weight", "concat")}
    scaled = graph(lambda m, x, y: x * m.s, s=torch.ones(4, 1, 1))
    assert [n.name for n in scaled.nodes] == ["input", "conv", "pos_enc"]
    sloped = heard(lambda m, x, y: F.prelu(x, m.s), s=torch.ones(4))
    assert sloped.idle == ("b.weight",)
    axial = graph(lambda m, x, y: x + (m.s + m.t), s=torch.ones(4, 6, 1), t=torch.ones(4, 1, 6))
    assert primitives(axial) == ["input", "conv", "pos_enc", "pos_enc", "sum", "sum"]


@pytest.mark.parametrize(
    "shown",
    [
        lambda p: p.clone(), lambda p: p.clamp(max=1.0).exp(), lambda p: p[[3, 1, 0, 2]],
        lambda p: p.view(2, 8).reshape(4, 4), lambda p: p.t().contiguous().t(), lambda p: p - 0.5,
        lambda p: p * 2, lambda p: (p - p.mean()) / p.std(), lambda p: p.to(torch.float32),
    ],
)  # fmt: skip
def test_aliases_of_a_parameter_are_the_parameter(shown: Callable[[Tensor], Tensor]):
    square = torch.randn(4, 4)
    body = lambda m, x, y: F.linear(x, F.pad(shown(m.p), (0, 0))[:4].expand(4, 4))  # noqa: E731
    recording = heard(body, True, p=square)
    assert "p" in {p.name for p in recording.graph.parameters()}
    assert recording.unsupported == {}


def test_parameters_that_make_one_another_are_named():
    low = {"p": torch.zeros(4, 2), "q": torch.zeros(2, 4)}
    recording = heard(lambda m, x, y: F.linear(x, m.p @ m.q), True, **low)
    assert recording.unsupported == {"matmul": ("p", "q")}
    product = heard(lambda m, x, y: F.linear(x[..., :2], m.p * m.q.t()), True, **low)
    assert product.unsupported == {"mul": ("p", "q")}


def test_a_bias_put_together_of_two_belongs_to_one_node():
    def body(m: nn.Module, x: Tensor, y: Tensor) -> Tensor:
        return F.linear(x, m.w, torch.cat([m.p, torch.zeros(2), m.q]))

    found = graph(body, True, w=torch.zeros(6, 4), p=torch.zeros(2), q=torch.zeros(2))
    assert [p.name for p in found.nodes[-1].parameters] == ["p", "q"]


@pytest.mark.parametrize(
    ("name", "body", "bare"),
    [
        ("embedding", lambda m, x, y: F.embedding(x.long(), m.p).sum(-1), (5, 4)),
        ("conv_transpose2d", lambda m, x, y: F.conv_transpose2d(x, m.p), (4, 2, 2, 2)),
        ("bmm", lambda m, x, y: torch.bmm(x.flatten(2), m.p), (2, 36, 3)),
        ("einsum", lambda m, x, y: torch.einsum("bchw,hco->bohw", x, m.p), (6, 4, 3)),
    ],
)
def test_what_is_no_primitive_is_named(name: str, body: Callable[..., Tensor], bare: tuple):
    assert heard(body, p=torch.zeros(bare)).unsupported == {name: ("p",)}


def test_an_embedding_of_places_is_a_position():
    body = lambda m, x, y: x + F.embedding(torch.arange(6, device=x.device), m.p)  # noqa: E731
    found = graph(body, True, p=torch.zeros(6, 4))
    assert primitives(found) == ["input", "conv", "pos_enc", "sum"]


# -- pools ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("body", "primitive", "shape"),
    [
        (lambda _, x, y: F.max_pool2d(x, 3, 2, 1), "max_pool", (1, 1, 3, 3)),
        (lambda _, x, y: F.avg_pool2d(x, (2, 3)), "avg_pool", (1, 1, 2, 3)),
        (lambda _, x, y: F.adaptive_avg_pool2d(x, 3), "avg_pool", (1, 1, 2, 2)),
        (lambda _, x, y: F.adaptive_max_pool2d(x, (3, 2)), "max_pool", (1, 1, 2, 3)),
        (lambda _, x, y: F.avg_pool1d(x.flatten(2), 4), "avg_pool", (1, 1, 4)),
        (lambda _, x, y: F.avg_pool2d(x, 6), "glob_avg", None),
        (lambda _, x, y: F.adaptive_avg_pool2d(x, 1), "glob_avg", None),
        (lambda _, x, y: x.mean((2, 3)), "glob_avg", None),
        (lambda _, x, y: x.mean(3).mean(2), "glob_avg", None),
    ],
)
def test_pools(body: Callable[..., Tensor], primitive: str, shape: tuple[int, ...] | None):
    node = graph(body).nodes[-1]
    assert (node.name, node.shape) == (primitive, shape)


def test_a_mean_over_channels_or_over_rows_is_no_pool():
    for body in (lambda _, x, y: x.mean(1), lambda _, x, y: x.mean(0), lambda _, x, y: x.mean()):
        assert primitives(graph(body)) == ["input", "conv"]
