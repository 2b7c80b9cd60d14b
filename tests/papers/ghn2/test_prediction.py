"""A user's network with predicted parameters: the state, the report, and every refusal."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from typing import Any

import pytest
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from harness.paper import Refused
from papers.ghn2.hyper.config import Hyper, small
from papers.ghn2.hyper.network import HyperNetwork, build
from papers.ghn2.prediction import Report, predict
from papers.ghn2.recorder.recording import record
from papers.ghn2.space.draft import Frame
from papers.ghn2.space.network import Module
from papers.ghn2.space.splits import Space

IMAGES = Frame(3, (16, 16), 10)
BATCH = torch.randn(4, 3, 16, 16, generator=torch.Generator().manual_seed(0))


@cache
def ghn() -> HyperNetwork:
    return build(small("ghn2", 2), 0)


def plain(classes: int = 10, kernel: int = 3) -> nn.Sequential:
    return nn.Sequential(
        nn.Conv2d(3, 8, kernel, padding=kernel // 2), nn.BatchNorm2d(8), nn.ReLU(),
        nn.Conv2d(8, 40, 3, groups=8), nn.AdaptiveAvgPool2d(1), nn.Flatten(),
        nn.Linear(40, classes),
    )  # fmt: skip


def test_all_parameters_are_those_that_the_hypernetwork_gives_to_the_graph():
    module = plain()
    before = {name: value.clone() for name, value in module.state_dict().items()}
    state, report = predict(ghn(), module, BATCH, frame=IMAGES)
    with torch.no_grad():
        raw = ghn()([record(module, BATCH).graph])[0]
    assert set(raw) == {name for name, _ in module.named_parameters()}
    assert all(torch.equal(state[name], value) for name, value in raw.items())
    assert torch.equal(state["1.running_mean"], before["1.running_mean"])
    assert all(torch.equal(value, before[name]) for name, value in module.state_dict().items())
    assert (report.predicted, report.coverage, report.unfilled) == (report.total, 1.0, ("1",))
    plain().load_state_dict(state)
    assert not any(value.requires_grad for value in state.values())


def test_a_network_of_the_space_is_predicted_as_in_training():
    """The explicit graph and the recorded one give the same numbers, by name."""
    network = Space("mini", IMAGES).split("test", 1)[0]
    module = Module(network.blueprint)
    state, _ = predict(ghn(), module, BATCH, frame=IMAGES)
    with torch.no_grad():
        explicit = ghn()([network.graph])[0]
    assert set(state) == set(explicit)
    for name, value in explicit.items():
        torch.testing.assert_close(state[name], value, rtol=1e-4, atol=1e-6)


class Odd(nn.Module):
    """Shapes that a graph holds otherwise than the module: transposed, 1x1, without dimension."""

    def __init__(self) -> None:
        super().__init__()
        self.into = nn.Parameter(torch.zeros(3, 6))
        self.scale = nn.Parameter(torch.ones(()))
        self.head = nn.Conv2d(6, 10, 1)
        self.head.weight.data = self.head.weight.data.double().float()

    def forward(self, x: Tensor) -> Tensor:
        x = (x.permute(0, 2, 3, 1) @ self.into).permute(0, 3, 1, 2)
        return F.adaptive_avg_pool2d(self.head(x * self.scale), 1).flatten(1)


def test_tensors_come_in_the_module_s_own_shapes_and_types():
    module = Odd().double()
    state, report = predict(ghn(), module, BATCH.double())
    assert report.coverage == 1
    module.load_state_dict(state)
    for name, value in module.named_parameters():
        assert (state[name].shape, state[name].dtype) == (value.shape, torch.float64)
    with torch.no_grad():
        raw = ghn()([record(module, BATCH.double()).graph])[0]
    assert torch.equal(state["into"], raw["into"].t().double())
    assert torch.equal(state["head.weight"].flatten(), raw["head.weight"].flatten().double())


def test_tied_parameters_come_once_and_go_by_both_names():
    module = plain()
    module.append(nn.Linear(10, 10))
    module.append(nn.Linear(10, 10))
    module[8].weight = module[7].weight
    state, report = predict(ghn(), module, BATCH)
    assert state["7.weight"] is state["8.weight"]
    assert report.total == sum(p.numel() for p in module.parameters())
    assert "tied, predicted once: '8.weight' is '7.weight'" in list(report.lines())


def test_frozen_parameters_stay_unless_asked_for():
    module = plain()
    module[0].weight.requires_grad_(False)
    state, report = predict(ghn(), module, BATCH)
    assert torch.equal(state["0.weight"], module[0].weight)
    assert (report.frozen, report.coverage) == (("0.weight",), 1.0)
    state, report = predict(ghn(), module, BATCH, frozen=True)
    assert not torch.equal(state["0.weight"], module[0].weight)
    assert report.frozen == ()


def test_a_classifier_of_other_classes_is_left_when_told():
    module = plain(classes=7)
    with pytest.raises(Refused, match="7 classes; the hypernetwork predicts classifiers of 10"):
        predict(ghn(), module, BATCH)
    state, report = predict(ghn(), module, BATCH, classifier=False)
    assert torch.equal(state["6.weight"], module[6].weight)
    assert report.classifier == ("6.weight", "6.bias")
    body, _ = predict(ghn(), plain(), BATCH)  # its shape is that of training
    torch.testing.assert_close(state["0.weight"], body["0.weight"])


def test_norms_without_running_statistics_are_said():
    module = plain()
    module[1] = nn.BatchNorm2d(8, track_running_stats=False)
    _, report = predict(ghn(), module, BATCH)
    assert (report.untracked, report.unfilled) == (("1",), ())
    assert any(line.startswith("without running statistics") for line in report.lines())


def test_filled_statistics_are_not_reported():
    module = plain()
    module(BATCH)
    assert predict(ghn(), module, BATCH)[1].unfilled == ()


class Partly(nn.Module):
    """What has no primitive, then a classifier; and a layer that is never used."""

    def __init__(self, part: nn.Module, body: Callable[[nn.Module, Tensor], Tensor]) -> None:
        super().__init__()
        self.part, self.body = part, body
        self.head, self.idle = nn.LazyLinear(10), nn.Linear(2, 2)

    def forward(self, x: Tensor) -> Tensor:
        return self.head(self.body(self.part, x).flatten(1))


@pytest.mark.parametrize(
    ("operation", "part", "body"),
    [
        (
            "lstm",
            nn.LSTM(48, 5, batch_first=True),
            lambda m, x: m(x.transpose(1, 2).flatten(2))[0],
        ),
        ("gru", nn.GRU(48, 5, batch_first=True), lambda m, x: m(x.transpose(1, 2).flatten(2))[0]),
        ("embedding", nn.Embedding(9, 4), lambda m, x: m(x.long().abs() % 9)),
        ("conv_transpose2d", nn.ConvTranspose2d(3, 4, 2), lambda m, x: m(x)),
        ("bilinear", nn.Bilinear(16, 16, 4), lambda m, x: m(x, x)),
    ],
)
def test_what_has_no_primitive_is_refused_by_name_or_left(
    operation: str, part: nn.Module, body: Callable[[nn.Module, Tensor], Tensor]
):
    module = Partly(part, body)
    module(BATCH)
    told = f"of its parameters are predicted: '{operation}' is no primitive .'part.*not used in"
    with pytest.raises(Refused, match=told) as refused:
        predict(ghn(), module, BATCH)
    assert "\n" not in str(refused.value)
    state, report = predict(ghn(), module, BATCH, partial=True)
    assert set(report.unsupported) == {operation}
    assert report.idle == ("idle.weight", "idle.bias")
    assert report.predicted == module.head.weight.numel() + 10
    assert report.total == sum(p.numel() for p in module.parameters())
    kept = [name for name in state if name.startswith(("part.", "idle."))]
    assert all(torch.equal(state[name], module.state_dict()[name]) for name in kept)


def broken() -> HyperNetwork:
    made = build(small("ghn2", 2), 0)
    made.vectors.rows.bias.data.fill_(float("nan"))
    return made


@pytest.mark.parametrize(
    ("told", "given"),
    [
        (r"'0.weight': its kernel \(9, 9\) is above the largest .* \(7, 7\)", (plain(kernel=9),)),
        ("no classifier: its output must be", (plain()[:4],)),
        ("4 channels; the hypernetwork was trained on 3", (plain(), BATCH[:, [0, 1, 2, 2]])),
        (
            r"example=\(4, 3, 16\).*inputs of 2 dimensions, \(N, 3, 16, 16\)",
            (plain(), BATCH[:, :, 0]),
        ),
        ("the module's forward fails on it: RuntimeError", (plain(), BATCH[..., :2, :2])),
        ("is wrapped in DataParallel", (nn.DataParallel(plain()),)),
    ],
)
def test_refusals(told: str, given: tuple[Any, ...]):
    module, example = given if len(given) == 2 else (*given, BATCH)
    with pytest.raises(Refused, match=told) as refused:
        predict(ghn(), module, example, frame=IMAGES)
    assert "\n" not in str(refused.value)


def test_numbers_that_are_not_finite_are_refused():
    with pytest.raises(Refused, match=r"'0.bias': the hypernetwork predicts numbers that are not"):
        predict(broken(), plain(), BATCH)


def test_three_dimensions_are_refused():
    module = nn.Sequential(nn.Conv3d(3, 4, 2), nn.Flatten(), nn.Linear(4, 10))
    with pytest.raises(Refused, match="kernels have one or two dimensions"):
        predict(ghn(), module, torch.zeros(1, 3, 2, 2, 2))


def test_a_report_says_how_it_was_heard():
    report = Report(1, 2, 3, {}, ("a",), (), (), {}, (), (), "real", True, ("item",))
    lines = list(report.lines())
    assert lines[0] == "predicted 1 of 2 parameters (50 %), 3 nodes"
    assert lines[1] == "left as they were: not used in this forward ('a')"
    assert "heard in training, where auxiliary heads speak" in lines
    assert lines[-1] == "heard on the real example (item): another one may take another way"


class Leaving(nn.Module):
    """Takes its input through numpy."""

    def __init__(self) -> None:
        super().__init__()
        self.head = nn.Linear(768, 10)

    def forward(self, x: Tensor) -> Tensor:
        return self.head(torch.from_numpy(x.flatten(1).numpy() * 2))


def test_data_that_leave_torch_are_told():
    lines = list(predict(ghn(), Leaving(), BATCH)[1].lines())
    assert lines[-2].startswith("heard on the real example (numpy)")
    assert lines[-1].startswith("data left torch on their way")


@pytest.mark.parametrize("preset", ["ghn1", "mlp"])
def test_other_hypernetworks_predict_too(preset: str):
    state, _ = predict(build(small(preset, 2), 0), plain(), BATCH)
    assert all(value.isfinite().all() for value in state.values())


def test_predicting_a_large_classifier_of_images():
    hyper = Hyper(classes=1000, spatial="imagenet", kernel=(16, 16))
    module = nn.Sequential(nn.Conv2d(3, 70, 16, 16), nn.Flatten(), nn.Linear(70, 1000))
    state, _ = predict(build(hyper, 0), module, BATCH)
    assert state["2.weight"].shape == (1000, 70)
