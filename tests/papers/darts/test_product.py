"""Finite differences of the search network: what is smoothed, compared and declared."""

from __future__ import annotations

import copy
from dataclasses import replace

import pandas as pd
import pytest
import torch
from torch import nn

from harness.paper import Refused
from papers.cells.network.operations import FactorizedReduce
from papers.cells.supernet.bilevel import cosine, norm
from papers.cells.supernet.node import Design, Supernet
from papers.cells.supernet.relaxation import Relaxation
from papers.darts import bilevel
from papers.darts.bilevel import VirtualStep
from papers.darts.method import searched as of
from papers.darts.product import figures, networks, radius, rows, study
from papers.darts.product.config import Radius

DESIGN = Design(channels=4, cells=3, nodes=1, inputs=1)
TINY = Radius(channels=4, cells=3, nodes=1, batch=8, steps=2, radii=(1e-2, 1e-6))
pytestmark = pytest.mark.usefixtures("prepared")


def built(design: Design = DESIGN) -> tuple[Supernet, Relaxation]:
    torch.manual_seed(0)
    edges = {"normal": design.operations(False), "reduce": design.operations(True)}
    return Supernet(design), Relaxation(edges, 1e-3, 0)


def batches(*size: int) -> tuple[networks.Batch, networks.Batch]:
    stream = torch.Generator().manual_seed(1)
    one, two = (
        (
            torch.randn(8, 1, *size, generator=stream, dtype=torch.float64),
            torch.randint(10, (8,), generator=stream),
        )
        for _ in range(2)
    )
    return one, two


# -- networks -----------------------------------------------------------------------------------


@pytest.mark.slow
@pytest.mark.parametrize("dim", [1, 2])
def test_a_smooth_network_has_no_kink_left(dim):
    net, _ = built(replace(DESIGN, dim=dim, nodes=2))
    before = copy.deepcopy(net)
    networks.smooth(net)
    kinks = nn.ReLU | nn.MaxPool1d | nn.MaxPool2d
    assert any(isinstance(module, kinks) for module in before.modules())
    assert not any(isinstance(module, kinks) for module in net.modules())
    reductions = [m for m in net.modules() if isinstance(m, FactorizedReduce)]
    assert reductions
    assert not any(reduction.relu for reduction in reductions)
    kinds = (nn.Softplus, nn.ReLU, FactorizedReduce)
    softened, relus, halving = (
        sum(isinstance(m, kind) for m in modules.modules())
        for modules, kind in zip((net, before, before), kinds, strict=True)
    )
    assert softened == relus + halving
    pairs = zip(net.parameters(), before.parameters(), strict=True)
    assert all(torch.equal(one, other) for one, other in pairs)


def test_a_smooth_pool_averages_what_the_other_takes_the_largest_of():
    x = torch.randn(2, 3, 7, 7)
    for stride in (1, 2):
        largest = nn.MaxPool2d(3, stride=stride, padding=1)
        mean = networks.averaging(largest)(x)
        assert mean.shape == largest(x).shape
        assert (mean <= largest(x)).all()
        ones = torch.ones(1, 1, 7, 7)
        torch.testing.assert_close(networks.averaging(largest)(ones).mean(), torch.tensor(1.0))


def test_a_problem_is_a_copy_in_its_own_precision():
    net, relaxation = built()
    for kind, dtype in (("relu", torch.float64), ("relu_float32", torch.float32)):
        problem = networks.problem(net, relaxation, kind)
        tensors = (*problem.weights, *problem.alphas)
        assert {t.dtype for t in tensors} == {dtype}
        with torch.no_grad():
            for tensor in tensors:
                tensor.zero_()
    assert next(net.parameters()).abs().sum() > 0
    assert {p.dtype for p in net.parameters()} == {torch.float32}


# -- the finding --------------------------------------------------------------------------------


def errors(kind: str, radii: tuple[float, ...], *size: int) -> list[float]:
    """Return the relative error at every radius."""
    net, relaxation = built(replace(DESIGN, dim=len(size)))
    problem, both = networks.problem(net, relaxation, kind), batches(*size)
    _, exact, v = radius.reference(problem, both, VirtualStep(0.025))
    return [
        radius.distance(bilevel.finite_difference(problem, both[0], v, r), exact)["error"]
        for r in radii
    ]


def test_without_kinks_the_error_falls_with_the_square_of_the_radius():
    large, small, smaller = errors("smooth", (1e-1, 1e-2, 1e-3), 8, 8)
    assert small < 5e-3
    for ratio in (large / small, small / smaller):
        assert 50 < ratio < 200


@pytest.mark.parametrize("size", [(8, 8), (40,)])
def test_with_kinks_the_product_is_wrong_at_the_paper_s_radius_and_right_at_a_tiny_one(size):
    """The finding of this study, as an assertion that would fail were it no longer true."""
    paper, small = errors("relu", (1e-2, 1e-6), *size)
    assert paper > 0.3
    assert small < 1e-6


def test_the_reference_is_the_second_order_gradient():
    net, relaxation = built()
    problem, both = networks.problem(net, relaxation, "relu"), batches(8, 8)
    step = VirtualStep(0.1, 0.9, 3e-4)
    values, exact, v = radius.reference(problem, both, step)
    hyper = bilevel.second_order(problem, both, step, bilevel.exact_product)
    for one, other in zip(hyper.implicit, exact, strict=True):
        assert torch.equal(one, 0.1 * other)
    share = norm(hyper.implicit) / norm(hyper.direct)
    assert values["implicit_share"] == pytest.approx(share.item())
    angle = cosine(hyper.total, hyper.direct)
    assert values["cosine_first_order"] == pytest.approx(angle.item())
    assert [t.shape for t in v] == [w.shape for w in problem.weights]


def test_distance_and_summary():
    exact = (torch.tensor([3.0, 4.0]),)
    double = radius.distance((2 * exact[0],), exact)
    assert double == pytest.approx({"error": 1, "error_log10": 0, "cosine": 1}, abs=1e-6)
    assert radius.distance(exact, exact)["error_log10"] == -16
    away = radius.distance((torch.tensor([3.0, 54.0]),), exact)
    assert (away["error"], away["error_log10"]) == pytest.approx((10, 1))
    paper, small = ({f"a_{key}": v for key, v in row.items()} for row in (away, double))
    found = radius.summary("a", paper, small)
    assert found == {
        **paper,
        "a_error_small": small["a_error"],
        "a_error_small_log10": small["a_error_log10"],
    }


# -- the experiment -----------------------------------------------------------------------------


@pytest.mark.slow
def test_a_study_tells_every_kind_and_state_at_every_radius(lab):
    config = replace(TINY, data="mnist1d", kinds=("relu", "relu_float32"))
    *told, last = list(radius.run(config, lab({"search": (2, 1)})))
    names = {f"{kind}_{state}" for kind in config.kinds for state in ("initial", "trained")}
    by_radius = [(row["at"], {name[: -len("_error")] for name in row if name.endswith("_error")})
                 for row in told if "at" in row]  # fmt: skip
    first, second = ({n for n in names if n.endswith(s)} for s in ("initial", "trained"))
    assert by_radius == [(1e-2, first), (1e-6, first), (1e-2, second), (1e-6, second)]
    for name in names:
        own = [row for row in told if f"{name}_error" in row]
        assert last[f"{name}_error"] == own[0][f"{name}_error"]
        assert last[f"{name}_error_small"] == own[1][f"{name}_error"]
        assert 0 < last[f"{name}_implicit_share"] < 1
    assert last["relu_initial_error"] != last["relu_trained_error"]
    paper = last["relu_initial_error"], last["relu_float32_initial_error"]
    assert paper[0] == pytest.approx(paper[1], rel=0.05)  # precision is not what is wrong


def test_the_next_step_is_taken_as_the_search_would_take_it(lab):
    part = rows.load("mnist1d", "cpu")
    design = replace(DESIGN, dim=1)
    searched = of(design, replace(TINY, data="mnist1d"), part, 8, lab().stream)
    problem = networks.problem(searched.supernet, searched.relaxation, "relu")
    assert radius.step_of(searched, problem).buffers == [None] * len(problem.weights)
    searched.step(0, TINY.horizon)
    step = radius.step_of(searched, problem)
    assert (step.lr, step.momentum, step.weight_decay) == (0.025, 0.9, 3e-4)
    assert {buffer.dtype for buffer in step.buffers} == {torch.float64}
    own = radius.converted(batches(40), networks.problem(*built(design), "relu_float32"))
    assert {x.dtype for x, _ in own} == {torch.float32}


def test_digits_are_halved_and_lie_between_minus_one_and_one():
    part = rows.load("digits", "cpu")
    assert abs(len(part.train.y) - len(part.val.y)) <= 10
    x = part.plain(part.train.x)
    assert x.shape[1:] == (1, 8, 8)
    assert (x.min(), x.max()) == (-1, 1)
    assert torch.equal(part.augment(part.train.x, torch.Generator()), x)


# -- declarations and figures -------------------------------------------------------------------


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"kinds": ("rely",)}, "did you mean 'relu'"),
        ({"data": "mnist"}, "data"),
        ({"radii": (1e-6, 1e-2)}, "must fall"),
        ({"radii": (1e-2, 0.0)}, "stay above 0"),
        ({"radii": (1e-2, 1e-3)}, "small=1e-06"),
        ({"radii": (1e-1, 1e-6)}, r"radius=0\.01"),
        ({"gradient": "second_order"}, "fixed in this study"),
        ({"steps": 0}, "steps=0"),
    ],
)
def test_a_bad_config_is_refused(change, words):
    with pytest.raises(Refused, match=words):
        replace(Radius(), **change)


def test_every_claim_reads_a_metric_that_its_budget_measures():
    by_name = {experiment.name: experiment for experiment in study.EXPERIMENTS}
    for claim in study.CLAIMS:
        for budget in claim.budgets:
            for name in claim.check.experiments:
                assert budget not in by_name[name].skipped
                kinds = by_name[name].at(budget).kinds
                for metric in {claim.check.metric, getattr(claim.check, "other", "")} - {""}:
                    assert metric.replace("_initial", "_trained").split("_trained")[0] in kinds


def test_the_figure_has_a_panel_for_each_kind_of_data():
    what = {"budget": "nightly", "turn": 0, "sd": 0.1, "n": 3, "mean": 0.5}
    curves = pd.DataFrame([
        {**what, "experiment": name, "metric": f"{kind}_initial_{metric}", "at": at}
        for name, kind in ((study.IMAGES, "smooth"), (study.SIGNALS, "relu"))
        for metric in ("error_log10", "cosine")
        for at in (1e-2, 1e-6)
    ])  # fmt: skip
    (draw,) = figures.FIGURES.values()
    drawn = draw(curves, curves)
    assert len(drawn.axes) == 4
    labels = {line.get_label() for line in drawn.axes[0].get_lines()}
    assert "softplus, average pooling, initial" in labels
    assert len(draw(curves, curves[curves["experiment"] == study.IMAGES]).axes) == 2
    assert draw(curves.iloc[:0], curves.iloc[:0]) is None
