"""Modules as users write them: each is covered, or what is not is named."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from harness.paper import Refused
from papers.ghn2.recorder.recording import record
from tests.lab.graphs import arrows, primitives

BATCH = torch.randn(2, 3, 8, 8, generator=torch.Generator().manual_seed(0))


class Branching(nn.Module):
    """Takes one of two ways by what its input holds."""

    def __init__(self) -> None:
        super().__init__()
        self.stem, self.light, self.heavy = (nn.Conv2d(3, 3, 3, bias=False) for _ in range(3))
        self.head = nn.Linear(3, 10)

    def forward(self, x: Tensor) -> Tensor:
        x = self.stem(x)
        x = self.heavy(x) if x.abs().max() > 1e9 else self.light(x)
        return self.head(x.mean((2, 3)))


class Looping(nn.Module):
    """Halves its input until it is small: how often hangs on the shape."""

    def __init__(self) -> None:
        super().__init__()
        self.stages = nn.ModuleList(nn.Conv2d(3, 3, 3, padding=1) for _ in range(4))
        self.head = nn.Linear(3, 10)

    def forward(self, x: Tensor) -> Tensor:
        used = 0
        while x.shape[-1] > 2:
            x = F.max_pool2d(F.relu(self.stages[used](x)), 2)
            used += 1
        return self.head(x.flatten(2).sum(2))


class Bare(nn.Module):
    """Keeps its parameters by itself, and uses one matrix twice."""

    def __init__(self) -> None:
        super().__init__()
        self.into = nn.Parameter(torch.randn(12, 3))
        self.places = nn.Parameter(torch.zeros(1, 12, 8, 8))
        self.shared = nn.Parameter(torch.randn(12, 12))
        self.size, self.shift = nn.Parameter(torch.ones(12)), nn.Parameter(torch.zeros(12))
        self.out = nn.Parameter(torch.randn(12, 10))

    def forward(self, x: Tensor) -> Tensor:
        x = torch.einsum("bchw,oc->bohw", x, self.into) + self.places
        x = x.mean((2, 3))
        x = F.linear(x, self.shared).relu() @ self.shared
        return (x * self.size + self.shift) @ self.out


class OwnAttention(nn.Module):
    """Attention by hand, with a bias for pairs of places."""

    def __init__(self) -> None:
        super().__init__()
        self.norm = nn.LayerNorm(12)
        self.q, self.kv = nn.Linear(12, 12), nn.Linear(12, 24)
        self.pairs = nn.Parameter(torch.zeros(3, 64, 64))
        self.proj = nn.Linear(12, 12)
        self.patch, self.head = nn.Conv2d(3, 12, 1), nn.Linear(12, 10)

    def forward(self, x: Tensor) -> Tensor:
        x = self.patch(x).flatten(2).transpose(1, 2)
        y = self.norm(x)
        q, k, v = (
            part.unflatten(-1, (3, 4)).transpose(1, 2) for part in (self.q(y), *self.both(y))
        )
        weights = torch.softmax(q @ k.transpose(-2, -1) / 2 + self.pairs, -1)
        x = x + self.proj((weights @ v).transpose(1, 2).flatten(2))
        return self.head(x.mean(1))

    def both(self, y: Tensor) -> tuple[Tensor, ...]:
        return self.kv(y).chunk(2, -1)


class Recurrent(nn.Module):
    """An LSTM over rows, then a linear classifier."""

    def __init__(self) -> None:
        super().__init__()
        self.lstm = nn.LSTM(24, 12, batch_first=True)
        self.head = nn.Linear(12, 10)

    def forward(self, x: Tensor) -> Tensor:
        return self.head(self.lstm(x.transpose(1, 2).flatten(2))[0][:, -1])


def test_a_branch_on_data_is_heard_on_the_real_example_and_the_other_one_named():
    heard = record(Branching(), BATCH)
    assert heard.device == "real"
    assert heard.decided == ("bool",)
    assert heard.idle == ("heavy.weight",)
    assert primitives(heard.graph) == ["input", "conv", "conv", "glob_avg", "conv", "bias"]


def test_a_loop_on_shapes_is_heard_as_often_as_it_turns():
    heard = record(Looping(), BATCH)
    assert heard.device == "meta"
    assert heard.idle == ("stages.2.weight", "stages.2.bias", "stages.3.weight", "stages.3.bias")
    assert primitives(heard.graph).count("max_pool") == 2
    wide = record(Looping(), torch.zeros(2, 3, 32, 32))
    assert wide.idle == ()


def test_bare_and_shared_parameters_are_covered():
    heard = record(Bare(), BATCH)
    assert (heard.idle, heard.unsupported, heard.classes) == ((), {}, 10)
    assert primitives(heard.graph) == [
        "input", "conv", "pos_enc", "sum", "glob_avg", "conv", "conv", "ln", "bias", "conv",
    ]  # fmt: skip
    assert heard.transposed == {"out"}
    owners = [node for node in heard.graph.nodes if node.shape == (12, 12)]
    assert [[p.name for p in node.parameters] for node in owners] == [["shared"], []]


def test_attention_by_hand_is_attention():
    heard = record(OwnAttention(), BATCH)
    assert (heard.idle, heard.unsupported) == ((), {})
    assert {("q.bias", "msa"), ("kv.bias", "msa"), ("pairs", "msa")} <= arrows(heard.graph)
    assert primitives(heard.graph).count("sum") == 1


def test_a_recurrent_network_is_named():
    heard = record(Recurrent(), BATCH)
    assert set(heard.unsupported) == {"lstm"}
    assert len(heard.unsupported["lstm"]) == 4
    assert {p.name for p in heard.graph.parameters()} == {"head.weight", "head.bias"}


def test_tied_parameters_are_predicted_once():
    module = nn.Sequential(
        nn.Flatten(), nn.Linear(192, 192), nn.Linear(192, 192), nn.Linear(192, 9)
    )
    module[2].weight = module[1].weight
    heard = record(module, BATCH)
    assert heard.names.tied == {"2.weight": "1.weight"}
    assert [p.name for p in heard.graph.parameters()].count("1.weight") == 1
    assert primitives(heard.graph).count("conv") == 3


def test_frozen_parameters_stay_unless_they_are_asked_for():
    module = nn.Sequential(nn.Flatten(), nn.Linear(192, 4), nn.Linear(4, 9))
    module[1].weight.requires_grad_(False)
    without, asked = (record(module, BATCH, frozen).graph for frozen in (False, True))
    assert [p.name for p in without.parameters()] == ["1.bias", "2.weight", "2.bias"]
    assert [p.name for p in asked.parameters()] == ["1.weight", "1.bias", "2.weight", "2.bias"]
    assert without.digest == asked.digest  # it is a node all the same


class Trained(nn.Module):
    """Has a second head in training, which must not train on one row."""

    def __init__(self) -> None:
        super().__init__()
        self.body = nn.Sequential(nn.Conv2d(3, 4, 8), nn.BatchNorm2d(4), nn.Flatten())
        self.head, self.aux = nn.Linear(4, 10), nn.Linear(4, 10)

    def forward(self, x: Tensor) -> Tensor | tuple[Tensor, Tensor]:
        x = self.body(x)
        return (self.head(x), self.aux(x)) if self.training else self.head(x)


def test_an_auxiliary_head_is_heard_in_training_with_a_batch_of_one():
    heard = record(Trained(), BATCH[:1])
    assert (heard.training, heard.idle) == (True, ())
    roles = {p.name: p.role for p in heard.graph.parameters()}
    assert roles["aux.weight"] == roles["head.weight"] == "class_weight"


@pytest.mark.parametrize("module", [Trained(), Branching()])
def test_a_module_is_left_as_it_was(module: nn.Module):
    module.eval()
    module.get_submodule("head").train()
    modes = [part.training for part in module.modules()]
    before = {name: value.clone() for name, value in module.state_dict().items()}
    parameters = list(module.parameters())
    random = torch.random.get_rng_state()
    record(module, BATCH)
    assert [part.training for part in module.modules()] == modes
    assert all(one is other for one, other in zip(parameters, module.parameters(), strict=True))
    assert all(torch.equal(before[name], value) for name, value in module.state_dict().items())
    assert torch.equal(random, torch.random.get_rng_state())


class Dropping(nn.Module):
    """Draws random numbers, and counts in a buffer, on the real example alone."""

    def __init__(self) -> None:
        super().__init__()
        self.register_buffer("calls", torch.zeros(()))
        self.head, self.never = nn.Linear(192, 10), nn.Linear(1, 1)

    def forward(self, x: Tensor) -> Tensor:
        self.calls += 1
        return self.head(F.dropout(x.flatten(1), 0.5, True) * float(x.sum() * 0 + 1))


def test_a_forward_on_the_real_example_leaves_buffers_and_random_numbers_alone():
    module, random = Dropping(), torch.random.get_rng_state()
    heard = record(module, BATCH)
    assert (heard.device, heard.decided) == ("real", ("float",))
    assert heard.idle == ("never.weight", "never.bias")
    assert float(module.calls) == 0
    assert torch.equal(random, torch.random.get_rng_state())


class Listed(nn.Module):
    """Holds a parameter in a list of its own, where no stand-in comes."""

    def __init__(self) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.randn(10, 192))
        self.own = [self.weight]

    def forward(self, x: Tensor) -> Tensor:
        return F.linear(x.flatten(1), self.own[0])


def test_a_parameter_in_a_list_is_the_parameter():
    assert [p.name for p in record(Listed(), BATCH).graph.parameters()] == ["weight"]


class Wasteful(nn.Module):
    """Computes what it does not return."""

    def __init__(self) -> None:
        super().__init__()
        self.unused, self.head = nn.Linear(192, 10), nn.Linear(192, 10)

    def forward(self, x: Tensor) -> dict[str, Tensor]:
        self.unused(x.flatten(1))
        return {"logits": self.head(x.flatten(1))}


def test_what_does_not_lead_to_the_output_is_dropped_and_named():
    heard = record(Wasteful(), BATCH)
    assert heard.idle == ("unused.weight", "unused.bias")
    assert primitives(heard.graph) == ["input", "conv", "bias"]


@pytest.mark.parametrize("module", [Looping(), Bare(), OwnAttention(), Trained()])
def test_shapes_that_are_answered_give_the_graph_that_torch_gives(module: nn.Module):
    quick, slow = (record(module, BATCH, quick=q) for q in (True, False))
    assert quick.graph == slow.graph


def test_keywords_and_tuples_are_examples_too():
    module = nn.Bilinear(2, 2, 4)
    pair = (torch.zeros(3, 2), torch.zeros(3, 2))
    for example in (pair, {"input1": pair[0], "input2": pair[1]}):
        assert set(record(module, example).unsupported) == {"bilinear"}


def test_an_example_that_the_forward_refuses_is_refused_with_its_reason():
    with pytest.raises(Refused, match=r"example=\[\(2, 3, 8, 8\)\]: the module's forward fails"):
        record(nn.Linear(3, 3), BATCH)
    with pytest.raises(Refused, match="example=int: holds no tensor"):
        record(nn.Linear(3, 3), 3)
