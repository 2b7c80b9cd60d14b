"""Controllers: their weights and codes, probabilities that sum to one, penalties, and learning."""

import itertools
import math
from random import Random

import pytest
import torch

from harness.paper import Refused
from harness.training.metrics import parameters
from papers.cells.searcher.controller import EdgeController, MacroController, MicroController
from papers.cells.searcher.policy import PRESETS, WIDTH, Draw
from papers.cells.space.allowed import allowed
from papers.cells.space.edge import T0, T1
from papers.cells.space.node import DARTS, ENAS, MICRO, NodeSpace
from papers.cells.space.published import MACRO_OPS
from tests.lab.controllers import scaled, stream

B1 = NodeSpace("one node", 1, MICRO)


# -- T10, presets ---------------------------------------------------------------------------------


@pytest.mark.parametrize("preset", PRESETS)
def test_controllers_have_the_releases_numbers_of_weights(preset):
    assert parameters(MicroController(preset)) == 41_733
    assert parameters(MacroController(preset)) == 41_856
    weights = MacroController(preset).parameters()
    assert all(0.09 < weight.abs().max() <= WIDTH for weight in weights)


def test_what_cannot_be_drawn_is_refused():
    with pytest.raises(Refused, match="unknown preset 'fre'; did you mean 'free'"):
        MicroController("fre")
    with pytest.raises(Refused, match="DARTS: a node's two states are drawn one by one"):
        MicroController(space=DARTS)
    with pytest.raises(Refused, match="layers=0: must be at least 1"):
        MacroController(layers=0)
    with pytest.raises(Refused, match=r"codes of \(3, 39\): must be \(N, 40\)"):
        MicroController().evaluate(torch.zeros(3, 39, dtype=torch.int64))


# -- what is drawn --------------------------------------------------------------------------------


def test_micro_codes_are_enas_integers():
    controller = MicroController("release", seed=1)
    draw = controller.sample(50, stream())
    assert draw.codes.shape == draw.log_probs.shape == draw.entropies.shape == (50, 40)
    for code, genotype in zip(draw.codes.tolist(), controller.genotypes(draw.codes), strict=True):
        assert list(ENAS.encode(genotype)) == code
    nodes = draw.codes.view(50, 2, 5, 4)
    for b in range(5):
        indices, ops = nodes[:, :, b, ::2], nodes[:, :, b, 1::2]
        assert set(indices.flatten().tolist()) == set(range(b + 2))
        assert set(ops.flatten().tolist()) == set(range(5))


def test_macro_codes_are_an_operation_and_skips_for_each_layer():
    controller = MacroController(seed=1, layers=4)
    codes = torch.tensor([[5, 0, 1, 2, 0, 1, 3, 1, 1, 0]])
    (network,) = controller.networks(codes)
    assert network.ops == (5, 0, 2, 3)
    assert network.skips == ((), (True,), (False, True), (True, True, False))
    assert controller.bits.tolist() == [2, 4, 5, 7, 8, 9]
    drawn = controller.sample(200, stream()).codes
    assert drawn[:, controller.bits].max() == 1
    operations = torch.tensor([0, 1, 3, 6])
    assert set(drawn[:, operations].flatten().tolist()) == set(range(len(MACRO_OPS)))


def test_edge_codes_belong_to_their_space():
    controller = EdgeController(T1, seed=1)
    cells = controller.cells(controller.sample(20, stream()).codes)
    assert all(T1.check(cell) == cell for cell in cells)
    assert len(set(cells)) > 10


# -- T1: probabilities ----------------------------------------------------------------------------


def whole(controller, codes) -> Draw:
    """Return the draw of every code there is; check that they are all and that they sum to 1."""
    with torch.no_grad():
        draw = controller.evaluate(codes)
    assert draw.log_prob.exp().sum().item() == pytest.approx(1, abs=1e-9)
    return draw


@pytest.mark.parametrize("preset", PRESETS)
def test_probabilities_of_all_pairs_of_one_node_cells_sum_to_one(preset):
    controller = scaled(MicroController(preset, space=B1, hidden=8).double(), 2, 10.0)
    with torch.no_grad():
        controller.bias.uniform_(-1, 1, generator=stream(3))
    cells = list(itertools.product(range(2), range(5), repeat=2))
    codes = torch.tensor([one + other for one, other in itertools.product(cells, cells)])
    assert len(codes) == B1.size == 10_000
    draw = whole(controller, codes)
    p = draw.log_prob.exp()
    entropy = -(p * draw.log_prob).sum()
    torch.testing.assert_close((p * draw.entropy).sum(), entropy, rtol=1e-9, atol=0)
    drawn = controller.sample(4000, stream())
    spread = (p * draw.log_prob.square()).sum() - entropy.square()
    bound = 4 * (spread / 4000).sqrt()
    assert abs(drawn.log_prob.mean() + entropy) < bound


@pytest.mark.parametrize("preset", PRESETS)
@pytest.mark.parametrize("space", [T0, T1], ids=lambda space: space.name)
def test_probabilities_of_all_edge_cells_sum_to_one(space, preset):
    controller = scaled(EdgeController(space, preset, hidden=8).double(), 2, 10.0)
    whole(controller, torch.tensor(list(space.enumerate())))


@pytest.mark.parametrize("limit", [None, 1, 2])
def test_a_controller_of_allowed_cells_draws_no_others(limit):
    few = allowed(T1, limit)
    controller = scaled(EdgeController(T1, hidden=8, allowed=few).double(), 2, 10.0)
    draw = whole(controller, torch.tensor(few.codes))
    p = draw.log_prob.exp()
    entropy = -(p * draw.log_prob).sum()
    torch.testing.assert_close((p * draw.entropy).sum(), entropy, rtol=1e-9, atol=0)
    every = torch.tensor(list(T1.enumerate()))
    with torch.no_grad():
        everywhere = controller.evaluate(every).log_prob.exp()
    inside = torch.tensor([tuple(code) in few for code in every.tolist()])
    assert everywhere[~inside].max() == 0
    drawn = controller.sample(500, stream())
    assert all(code in few for code in controller.cells(drawn.codes))
    drawn.log_prob.sum().backward()
    assert all(bool(w.grad.isfinite().all()) for w in controller.parameters())


def test_allowed_cells_are_drawn_as_before_where_all_are_allowed():
    """What may follow changes nothing where everything may."""
    free, same = EdgeController(T0, seed=3), EdgeController(T0, seed=3)
    same.ways = torch.ones(3, 25, 5, dtype=torch.bool)
    assert torch.equal(free.sample(50, stream(1)).log_probs, same.sample(50, stream(1)).log_probs)


def test_probabilities_of_all_networks_of_three_layers_sum_to_one():
    controller = scaled(MacroController(layers=3, hidden=8).double(), 2, 10.0)
    ops, bits = range(6), range(2)
    whole(controller, torch.tensor(list(itertools.product(ops, ops, bits, ops, bits, bits))))


# -- T4: the skip penalty -------------------------------------------------------------------------


def draws(logit, layers=4):
    """Return a draw whose bits are all taken with logits (-logit, logit)."""
    controller = MacroController(layers=layers)
    codes = torch.ones(1, len(controller.order), dtype=torch.int64)
    own = torch.nn.functional.logsigmoid(2 * logit).expand(codes.shape)
    return controller, Draw(codes, own, own)


def test_the_penalty_is_zero_and_flat_at_the_rate_that_it_draws_to():
    for form, rate in (("sampling", 0.4), ("release", 0.3077)):
        factor = 2 if form == "sampling" else 1
        logit = torch.tensor(math.log(0.4 / 0.6) / factor, dtype=torch.float64).requires_grad_()
        controller, draw = draws(logit)
        value = controller.skip_penalty(draw, form).sum()
        value.backward()
        assert value.item() == pytest.approx(0, abs=1e-12)
        assert logit.grad.item() == pytest.approx(0, abs=1e-12)
        assert torch.sigmoid(2 * logit).item() == pytest.approx(rate, abs=1e-4)
    with pytest.raises(Refused, match="unknown form of the penalty 'releas'"):
        controller.skip_penalty(draw, "releas")


def test_the_penalty_does_not_depend_on_which_bits_were_drawn():
    controller = scaled(MacroController(layers=2, hidden=8).double(), 4, 5.0)
    draw = controller.evaluate(torch.tensor([[1, 2, 0], [1, 2, 1]]))
    p = draw.log_probs[1, 2].exp().item()
    assert draw.log_probs[0, 2].exp().item() == pytest.approx(1 - p, abs=1e-12)
    kl = p * math.log(p / 0.4) + (1 - p) * math.log((1 - p) / 0.6)
    assert controller.skip_penalty(draw).tolist() == pytest.approx([kl, kl], rel=1e-9)


# -- T24: it learns -------------------------------------------------------------------------------


def test_a_free_controller_learns_what_is_rewarded():
    controller = EdgeController(T0, seed=0, hidden=16)
    target = torch.tensor(T0.random(Random(1)))
    optimizer = torch.optim.Adam(controller.parameters(), lr=0.02)
    drawn = stream()
    for _ in range(120):
        draw = controller.sample(20, drawn)
        reward = (draw.codes == target).float().mean(1)
        value = -((reward - reward.mean()) * draw.log_prob).mean()
        optimizer.zero_grad()
        value.backward()
        optimizer.step()
    assert controller.evaluate(target[None]).log_prob.exp().item() > 0.5
