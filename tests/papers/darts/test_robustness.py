"""Collapsing searches: the reduced spaces, curvature, when to end, and what is told of them."""

from __future__ import annotations

import copy
from dataclasses import replace

import pandas as pd
import pytest
import torch
from torch.nn.functional import cross_entropy

from harness.paper import Refused
from papers.cells.draw import files
from papers.cells.network.operations import Noise, Place, build
from papers.cells.space.genotype import Genotype
from papers.cells.supernet.bilevel import norm
from papers.cells.supernet.node import Design, Supernet
from papers.cells.supernet.node_fast import FastSupernet
from papers.cells.supernet.relaxation import Relaxation
from papers.cells.supernet.shared import NodeSearch
from papers.darts.robustness import collapse, curvature, figures, history, spaces, study
from papers.darts.robustness.config import SPACES, Collapse
from papers.darts.robustness.early_stopping import Rule, averages, verdict
from papers.darts.robustness.history import History

SIGNALS = Design(channels=4, cells=3, dim=1, inputs=1)
AUTHORS = Collapse().rule
TINY = replace(Collapse(), channels=2, steps=4, batch=8, eval_every=1, iterations=1,
               first_iterations=1)  # fmt: skip
pytestmark = pytest.mark.usefixtures("prepared")


# -- reduced spaces -----------------------------------------------------------------------------


def test_the_reduced_spaces_are_those_that_were_published():
    one = spaces.reduced("S1", SIGNALS)
    skip, max3 = "skip_connect", "max_pool_3x3"
    assert one.normal[:2] == ((skip, "dil_conv_3x3"), (skip, "dil_conv_5x5"))
    assert [edge for edge, ops in enumerate(one.normal) if ops == (max3, skip)] == [5, 10]
    assert one.normal[12:] == (("dil_conv_3x3", "dil_conv_5x5"),) * 2
    both_pools = (max3, "avg_pool_3x3")
    assert [e for e, ops in enumerate(one.reduce) if ops == both_pools] == [0, 2, 3, 5, 9, 10]
    assert one.reduce[6] == (max3, "sep_conv_3x3")
    everywhere = {
        "S2": (skip, "sep_conv_3x3"),
        "S3": ("none", skip, "sep_conv_3x3"),
        "S4": ("noise", "sep_conv_3x3"),
    }
    for name, ops in everywhere.items():
        design = spaces.reduced(name, SIGNALS)
        assert design.normal == design.reduce == (ops,) * 14


def test_an_unknown_space_is_refused():
    with pytest.raises(Refused, match="S5"):
        spaces.reduced("S5", SIGNALS)
    with pytest.raises(Refused, match="14 edges have operations"):
        spaces.reduced("S1", replace(SIGNALS, nodes=2))


@pytest.mark.parametrize("name", SPACES)
def test_a_supernet_of_a_reduced_space_has_its_operations_only(name):
    design = spaces.reduced(name, SIGNALS)
    for cell in Supernet(design).mixed_cells():
        for mixed, ops in zip(cell.mixed, design.operations(cell.reduction), strict=True):
            assert mixed.names == ops
            assert set(mixed.operations) == set(ops) - {"none"}


# -- noise --------------------------------------------------------------------------------------


@pytest.mark.parametrize(("stride", "shape"), [(1, (3, 4, 9)), (2, (3, 4, 5))])
def test_noise_has_the_output_s_size_and_knows_nothing_of_the_input(stride, shape):
    noise, x = build("noise", Place(4, stride, 1)), torch.randn(3, 4, 9, requires_grad=True)
    torch.manual_seed(0)
    one = noise(x)
    torch.manual_seed(0)
    other = noise(100 * x)
    assert one.shape == shape
    assert torch.equal(one, other)
    assert not one.requires_grad
    assert not torch.equal(noise(x), one)
    assert noise(torch.zeros(1, 2, 8, 7, dtype=torch.float64)).dtype == torch.float64


def test_noise_is_standard_normal():
    torch.manual_seed(0)
    drawn = build("noise", Place(50, 2, 2))(torch.zeros(20, 50, 20, 20))
    assert drawn.shape == (20, 50, 10, 10)
    assert abs(drawn.mean().item()) < 0.02
    assert drawn.std().item() == pytest.approx(1, abs=0.02)


def fixed(self: Noise, x: torch.Tensor) -> torch.Tensor:
    """Return the same numbers for the same module, in whichever order modules are called."""
    sizes = [(size - 1) // self.stride + 1 for size in x.shape[2:]]
    stream = torch.Generator().manual_seed(self.number)
    return torch.randn(*x.shape[:2], *sizes, generator=stream, dtype=x.dtype)


@pytest.mark.parametrize("length", [12, 13])
def test_the_fast_supernet_runs_noise_as_the_loop_does(monkeypatch, length):
    torch.manual_seed(0)
    design = spaces.reduced("S4", SIGNALS)
    net = Supernet(design).double()
    modules = [module for module in net.modules() if isinstance(module, Noise)]
    for number, module in enumerate(modules):
        module.number = number
    monkeypatch.setattr(Noise, "forward", fixed)
    assert len(modules) == 3 * 14
    x = torch.randn(5, 1, length, dtype=torch.float64)
    found = []
    for one in (net, FastSupernet.of(net)):
        shares = [torch.full((14, 2), 0.5, dtype=torch.float64).requires_grad_() for _ in "nr"]
        logits = one(x, *shares)
        logits.square().sum().backward()
        found.append((logits.detach(), *(share.grad for share in shares)))
        assert shares[0].grad[:, 0].abs().min() > 0
    for loop, fast in zip(*found, strict=True):
        torch.testing.assert_close(fast, loop, rtol=1e-9, atol=1e-11)


# -- curvature ----------------------------------------------------------------------------------


def test_the_dominant_eigenvalue_of_a_quadratic_has_its_sign():
    for values in ((3.0, -1.0, 0.5), (1.0, -4.0, 2.0)):
        x = torch.randn(3, dtype=torch.float64, requires_grad=True)
        basis = torch.linalg.qr(torch.randn(3, 3, dtype=torch.float64))[0]
        hessian = basis @ torch.diag(torch.tensor(values, dtype=torch.float64)) @ basis.T
        direction = curvature.start([x], 0)
        value, direction = curvature.dominant(x @ hessian @ x / 2, [x], direction, 60)
        assert value == pytest.approx(max(values, key=abs), rel=1e-6)
        v = direction[0] / direction[0].norm()
        torch.testing.assert_close(hessian @ v, value * v, rtol=1e-4, atol=1e-4)


@pytest.mark.slow
def test_the_dominant_eigenvalue_of_a_supernet_is_that_of_its_dense_hessian():
    torch.manual_seed(0)
    two = (("skip_connect", "sep_conv_3x3"),) * 2
    design = replace(SIGNALS, nodes=1, normal=two, reduce=two)
    net = Supernet(design).double()
    relaxation = Relaxation({"normal": two, "reduce": two}, 0.3, 0).double()
    x, y = torch.randn(9, 1, 12, dtype=torch.float64), torch.randint(10, (9,))
    alphas = tuple(relaxation.parameters())

    def loss() -> torch.Tensor:
        return cross_entropy(net(x, *(relaxation.weights(n) for n in ("normal", "reduce"))), y)

    slopes = torch.autograd.grad(loss(), alphas, create_graph=True)
    rows = [
        torch.cat([g.flatten() for g in torch.autograd.grad(s, alphas, retain_graph=True)])
        for s in torch.cat([slope.flatten() for slope in slopes])
    ]
    expected = max(torch.linalg.eigvalsh(torch.stack(rows)).tolist(), key=abs)
    start = curvature.start(alphas, 1)
    value, _ = curvature.dominant(loss(), alphas, start, 80)
    assert value == pytest.approx(expected, rel=1e-3)
    assert all(alpha.grad is None for alpha in alphas)
    few, direction = curvature.dominant(loss(), alphas, start, 2)
    warm = abs(curvature.dominant(loss(), alphas, direction, 2)[0] - value)
    assert warm < abs(few - value)


def test_a_direction_is_drawn_by_its_seed():
    alphas = [torch.zeros(4, 2), torch.zeros(3)]
    one, two, other = (curvature.start(alphas, seed) for seed in (1, 1, 2))
    assert [d.shape for d in one] == [(4, 2), (3,)]
    assert all(torch.equal(a, b) for a, b in zip(one, two, strict=True))
    assert not torch.equal(one[0], other[0])
    assert float(norm(one)) > 0


# -- early stopping -----------------------------------------------------------------------------


def test_averages_are_of_the_newest_values():
    assert averages([1, 2, 3, 4], 2) == [1, 1.5, 2.5, 3.5]
    assert averages([5.0], 3) == [5.0]


def test_a_flat_curve_never_ends_a_search():
    assert verdict([0.2] * 50, AUTHORS) is None
    assert verdict([], AUTHORS) is None


def test_a_step_up_ends_it_with_the_cell_from_before():
    """The average of five passes 1.3 times its value four ago as soon as two of them are high."""
    curve = [0.1] * 20 + [0.2] * 10
    assert verdict(curve[:21], AUTHORS) is None
    assert verdict(curve[:22], AUTHORS) == 21 - 4
    assert verdict(curve, AUTHORS) == 17  # what is decided once stays decided


def test_nothing_ends_before_the_earliest_evaluation_allowed():
    """The one that is gone back to must be number 10 or later."""
    steep = [1.5**turn for turn in range(30)]
    assert verdict(steep[:14], AUTHORS) is None
    assert verdict(steep[:15], AUTHORS) == 10
    assert verdict(steep, replace(AUTHORS, first=2)) == 2


def test_a_slow_rise_never_ends_it_and_a_faster_one_does():
    """1.3 in four evaluations is 1.068 in one."""
    assert verdict([1.06**turn for turn in range(60)], AUTHORS) is None
    assert verdict([1.08**turn for turn in range(60)], AUTHORS) == 10


def test_averages_below_zero_decide_nothing():
    rule = Rule(window=1, ratio=1.3, back=1, first=0)
    assert verdict([-1.0, -2.0, -4.0, 0.0, 3.0], rule) is None
    assert verdict([-1.0, 1.0, 1.2, 1.6], rule) == 2


# -- what is told of a search -------------------------------------------------------------------

CELL = "sep_conv_3x3~0 {}~1 | {}~0 sep_conv_3x3~1 | {}~0 {}~2 | sep_conv_3x3~1 {}~2 ; concat 2 3"
PLAIN = CELL.format(*("sep_conv_3x3",) * 5)


def genotype(*ops: str) -> Genotype:
    return Genotype.parse(f"normal: {CELL.format(*ops)} / reduce: {PLAIN}")


def watched(eigenvalues: list[float], rule: Rule) -> History:
    """Return a history whose skips count up with the evaluations."""
    past = History((torch.zeros(2),), rule)
    for turn, value in enumerate(eigenvalues):
        row = {"skips": turn, "skip_gap": -turn, "eigenvalue": value, "val_error": 1 / (turn + 1)}
        past.note({**row, "turn": 10 * turn}, genotype(*("skip_connect",) * 5))
    return past


def test_trends_are_mann_kendall_s():
    assert history.trend([1, 2, 5, 7]) == pytest.approx(1)
    assert history.trend([3, 2, 1]) == pytest.approx(-1)
    assert history.trend([4, 4, 4]) == 0
    assert history.trend([1, 3, 2]) == pytest.approx(1 / 3)


def test_a_summary_tells_trends_and_what_early_stopping_would_have_returned():
    rule = Rule(window=1, ratio=1.3, back=2, first=1)
    summary = watched([1.0, 1.0, 1.0, 1.0, 2.0, 2.0], rule).summary()
    assert (summary["skip_trend"], summary["gap_trend"]) == pytest.approx((1, -1))
    assert summary["eigenvalue_ratio"] == 2
    assert (summary["stops"], summary["early_skips"], summary["early_turn"]) == (1, 2, 20)
    assert summary["early_val_error"] == pytest.approx(1 / 3)
    calm = watched([1.0] * 6, rule).summary()
    assert (calm["stops"], calm["early_skips"], calm["early_turn"]) == (0, 5, 50)


def test_a_history_comes_back_from_its_state():
    past = watched([1.0, 2.0], Rule(1, 1.3, 1, 0))
    past.direction = (torch.ones(2),)
    other = watched([], past.rule)
    other.load_state_dict(copy.deepcopy(past.state_dict()))
    assert (other.rows, other.cells) == (past.rows, past.cells)
    assert torch.equal(other.direction[0], past.direction[0])
    other.note(other.rows[0], genotype(*("noise",) * 5))
    assert len(past.rows) == 2


def test_noise_is_counted_where_it_is_offered():
    found = genotype("noise", "noise", "sep_conv_3x3", "noise", "sep_conv_3x3")
    offered = spaces.reduced("S4", SIGNALS).normal
    assert history.noises(found, offered) == {"noises": 3}
    assert history.noises(found, spaces.reduced("S2", SIGNALS).normal) == {}


def test_the_gap_is_between_idle_operations_and_convolutions_of_one_edge():
    edges = (("skip_connect", "sep_conv_3x3"), ("none", "skip_connect", "sep_conv_3x3"),
             ("max_pool_3x3", "skip_connect"), ("dil_conv_3x3", "dil_conv_5x5"))  # fmt: skip
    weights = torch.tensor([[0.9, 0.1, 0.0], [0.2, 0.3, 0.5], [0.0, 1.0, 0.0], [0.5, 0.5, 0.0]])
    assert history.gap(weights, edges) == pytest.approx((0.8 - 0.2) / 2)
    noisy = (("noise", "sep_conv_3x3"), ("skip_connect", "dil_conv_3x3", "dil_conv_5x5"))
    assert history.gap(torch.tensor([[0.6, 0.4, 0], [0.2, 0.5, 0.3]]), noisy) == pytest.approx(
        0, abs=1e-6
    )


# -- the search ---------------------------------------------------------------------------------


@pytest.fixture
def uncounted(monkeypatch):
    """Counting FLOPs takes longer than the searches of these tests."""
    monkeypatch.setattr(NodeSearch, "flops", 1.0)


def rising(loss, alphas, direction, iterations):
    """Stand for the eigenvalue: it doubles with every evaluation."""
    rising.calls += 1
    return 2.0**rising.calls, direction


@pytest.mark.slow
def test_a_search_that_ends_early_returns_the_cell_from_before(monkeypatch, lab, uncounted):
    """It has the same trajectory as the one that goes on, and is charged for what it did."""
    monkeypatch.setattr(curvature, "dominant", rising)
    config = replace(TINY, stop_window=1, stop_back=1, stop_first=0)
    ends = {}
    for early in (False, True):
        rising.calls = 0
        trial = lab({"search": (4, 1)})
        rows = list(collapse.run(replace(config, early_stopping=early), trial))
        ends[early] = rows, trial.meter.spent("steps")
    (whole, steps), (short, fewer) = ends[False], ends[True]
    assert (steps, fewer) == (4, 2)
    assert short[:-1] == whole[:2]
    assert short[-1]["result_turn"] == whole[-1]["early_turn"] == 0
    assert whole[-1]["result_turn"] == 3
    assert short[-1]["skips"] == whole[-1]["early_skips"] == whole[0]["skips"]
    assert short[-1]["val_error"] == whole[0]["val_error"]
    assert "skip connections" in files.shown(trial.artifacts)


@pytest.mark.slow
def test_a_watched_search_tells_where_it_stands(lab):
    config = replace(TINY, space="S4", eval_every=3)
    *rows, last = list(collapse.run(config, lab({"search": (4, 1)})))
    assert [row["at"] for row in rows] == pytest.approx([8 / 3000, 4 * 8 / 3000])
    operations = [op for op, _ in Genotype.parse(last["cell"]).normal]
    assert set(operations) <= {"noise", "sep_conv_3x3"}
    assert last["noises"] == operations.count("noise")
    assert last["skips"] == 0
    assert {"eigenvalue", "skip_gap", "val_error", "discrete_error"} <= set(last)
    assert rows[1]["eigenvalue"] == last["eigenvalue"] != rows[0]["eigenvalue"]


@pytest.mark.slow
def test_watching_changes_nothing_where_no_noise_is_drawn(lab, uncounted):
    ends = [
        list(collapse.run(replace(TINY, eval_every=every), lab({"search": (2, 1)})))[-1]
        for every in (1, 2)
    ]
    assert ends[0]["skip_gap"] == ends[1]["skip_gap"]
    assert ends[0]["val_error"] == ends[1]["val_error"]


# -- declarations and figures -------------------------------------------------------------------


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"space": "S9"}, "space"),
        ({"gradient": "second_order"}, "fixed in this study"),
        ({"union": True}, "fixed in this study"),
        ({"iterations": 0}, "iterations=0"),
        ({"stop_ratio": 0.5}, "stop_ratio=0.5"),
        ({"stop_first": -1}, "stop_first=-1"),
    ],
)
def test_a_bad_config_is_refused(change, words):
    with pytest.raises(Refused, match=words):
        replace(Collapse(), **change)


def test_alpha_goes_as_far_as_declared_in_every_budget():
    for experiment in study.EXPERIMENTS:
        for budget in ("smoke", "nightly"):
            config = experiment.at(budget)
            if budget not in experiment.skipped:
                assert config.alpha_lr * config.steps == pytest.approx(5.9, rel=0.01)
        whole = experiment.at("paper")
        assert whole.alpha_lr * whole.steps == pytest.approx(4 * 5.9, rel=0.01)


def test_levels_of_decay_rise_and_early_stopping_is_at_the_lowest():
    by_name = {experiment.name: experiment for experiment in study.EXPERIMENTS}
    for budget in ("nightly", "paper"):
        weak, medium, strong, early = (
            by_name[name].at(budget)
            for name in (study.WEAK, study.MEDIUM, study.STRONG, study.EARLY)
        )
        assert weak.weight_decay < medium.weight_decay < strong.weight_decay
        assert replace(early, early_stopping=False) == weak


def test_figures_need_more_than_one_level():
    what = {"budget": "nightly", "turn": 9, "sd": 0.1, "n": 3, "mean": 0.5}
    curves = pd.DataFrame([
        {**what, "experiment": name, "metric": metric, "at": at}
        for name in ("collapse/weak", "collapse/strong")
        for metric in figures.PANELS
        for at in (0.1, 1.0)
    ])  # fmt: skip
    drawn = figures.FIGURES["collapse"](curves, curves)
    labels = [line.get_label() for line in drawn.axes[0].get_lines()]
    assert labels == ["weak decay", "strong"]
    assert figures.FIGURES["collapse-spaces"](curves, curves) is None
    for draw in figures.FIGURES.values():
        assert draw(curves.iloc[:0], curves.iloc[:0]) is None
