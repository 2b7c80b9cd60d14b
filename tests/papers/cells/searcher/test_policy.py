"""What controllers are made of: presets, draws that repeat, and bounds on how sure they get."""

import itertools
import math

import pytest
import torch

from papers.cells.searcher.controller import EdgeController, MacroController, MicroController
from papers.cells.searcher.policy import PLAIN, PRESETS, Preset
from papers.cells.space.edge import T1
from tests.lab.controllers import scaled, stream

KINDS = {
    "micro": lambda preset, **more: MicroController(preset, **more),
    "macro": lambda preset, **more: MacroController(preset, layers=5, **more),
    "edge": lambda preset, **more: EdgeController(T1, preset, **more),
}
EVERY = pytest.mark.parametrize(
    ("kind", "preset"), list(itertools.product(KINDS, PRESETS)), ids=lambda value: value
)


def most(tau, choices):
    """The largest log-probability among choices whose logits lie between -tau and tau."""
    return -math.log1p((choices - 1) * math.exp(-2 * tau))


# -- T10, presets ---------------------------------------------------------------------------------


def test_presets_are_the_tables():
    assert PRESETS["free"] == Preset(index=2.5, op=2.5, temperature=1, bias=0, fixed=0)
    assert PRESETS["paper"] == Preset(index=2.5, op=2.5, temperature=5, bias=0, fixed=0)
    assert PRESETS["release"] == Preset(1.1, pytest.approx(0.44), 1, 10, 0.25)
    assert PLAIN["release"] == Preset(index=1.5, op=1.5)
    release = MicroController("release")
    assert release.bias.tolist() == [10, 10, 0, 0, 0]
    assert release.fixed.tolist() == [0.25, 0.25, -0.25, -0.25, -0.25]


# -- what is drawn --------------------------------------------------------------------------------


@EVERY
def test_same_seeds_same_draws(kind, preset):
    one, two, other = (
        KINDS[kind](preset, seed=seed).sample(8, stream(drawn))
        for seed, drawn in ((3, 5), (3, 5), (3, 6))
    )
    assert torch.equal(one.codes, two.codes)
    assert torch.equal(one.log_probs, two.log_probs)
    assert not torch.equal(one.codes, other.codes)
    weights = [KINDS[kind](preset, seed=seed).policy.start for seed in (3, 4)]
    assert not torch.equal(*weights)


@EVERY
def test_given_architectures_are_as_probable_as_they_were_drawn(kind, preset):
    controller = scaled(KINDS[kind](preset, hidden=16).double(), 1, 5.0)
    drawn = controller.sample(12, stream())
    given = controller.evaluate(drawn.codes)
    assert torch.equal(given.codes, drawn.codes)
    torch.testing.assert_close(given.log_probs, drawn.log_probs, rtol=1e-12, atol=1e-12)
    torch.testing.assert_close(given.entropies, drawn.entropies, rtol=1e-12, atol=1e-12)
    alone = torch.cat([controller.evaluate(code[None]).log_prob for code in drawn.codes])
    torch.testing.assert_close(alone, drawn.log_prob, rtol=1e-12, atol=1e-12)


# -- T3: bounds -----------------------------------------------------------------------------------


@pytest.mark.slow
@pytest.mark.parametrize("preset", ["release", "paper", "free"])
def test_no_micro_decision_is_surer_than_its_bound(preset):
    controller = MicroController(preset, hidden=8)
    chosen = PRESETS[preset]
    gap = math.exp(-2 * chosen.op)
    # an operation: surest with all others down, and in the normal cell with `fixed` ahead
    ahead = math.exp(-2 * chosen.fixed)
    normal = max(-math.log1p(gap + 3 * gap * ahead), -math.log1p(2 * gap / ahead + 2 * gap))
    bounds = torch.empty(2, 5, 4)
    for b in range(5):
        bounds[:, b, ::2] = most(chosen.index, b + 2)
        bounds[0, b, 1::2], bounds[1, b, 1::2] = normal, most(chosen.op, 5)
    slack = torch.full((40,), math.inf)
    for seed in range(60):
        with torch.no_grad():
            draw = scaled(controller, seed).sample(12, stream(seed))
        slack = torch.minimum(slack, (bounds.flatten() - draw.log_probs).amin(0))
    assert slack.min() > -1e-5
    assert slack.view(-1, 4)[:, ::2].median() < 0.01  # and the bounds are reached


def test_no_macro_decision_of_the_release_is_surer_than_its_bound():
    controller = MacroController("release", layers=6, hidden=8)
    surest = torch.full_like(controller.order, -math.inf, dtype=torch.float32)
    for seed in range(60):
        with torch.no_grad():
            draw = scaled(controller, seed).sample(12, stream(seed))
        surest = torch.maximum(surest, draw.log_probs.amax(0))
    bit = torch.zeros(len(surest), dtype=torch.bool)
    bit[controller.bits] = True
    assert 0.94 < surest[bit].exp().max() <= 0.9526
    assert surest[~bit].exp().max() <= 0.8007
    assert most(1.5, 2) == pytest.approx(math.log(0.9526), abs=1e-4)
    assert most(1.5, 6) == pytest.approx(math.log(0.8007), abs=1e-4)


def test_the_release_cannot_move_its_favoured_operations():
    controller = MicroController("release", seed=5)
    controller.sample(20, stream()).log_prob.sum().backward()
    assert controller.bias.grad[:2].tolist() == [0, 0]
    assert controller.bias.grad[2:].abs().min() > 0


@pytest.mark.slow
def test_the_release_begins_with_favoured_convolutions_and_stays_unsure():
    controller = MicroController("release", seed=5)
    with torch.no_grad():
        controller.policy.scores.zero_()
    draw = controller.sample(4000, stream())
    normal = draw.codes.view(-1, 2, 5, 4)[:, 0, :, 1::2]
    share = (normal < 2).double().mean().item()
    assert share == pytest.approx(0.6305, abs=4 * math.sqrt(0.6305 * 0.3695 / 40_000))
    edges = sum(2 * most(1.1, k) for k in range(2, 7))
    up, down = 0.44, -0.44
    conv = math.log(math.exp(up + 0.25) / (2 * math.exp(up + 0.25) + 3 * math.exp(down - 0.25)))
    flat = math.log(math.exp(up) / (2 * math.exp(up) + 3 * math.exp(down)))
    assert 2 * edges + 10 * conv + 10 * flat == pytest.approx(-27.5, abs=0.05)
