"""The recurrent supernet: a path is the stand-alone cell; and the controller of its cells."""

from __future__ import annotations

import itertools
from random import Random

import pytest
import torch

from harness.paper import Refused
from papers.cells.searcher.policy import PRESETS
from papers.enas.recurrent.cell import NAMES, SharedRecurrentCell, decode, rows, uniform
from papers.enas.recurrent.controller import NEAR, RecurrentController, recency
from papers.text.cell import CellMasks
from papers.text.network import LanguageModel
from papers.text.published import RECURRENT
from tests.lab.controllers import scaled, stream
from tests.lab.recurrent import numbers, with_weights

ENAS = (0, 0, 1, 0, 1, 1, 3, 0, 3, 0, 3, 1, 4, 1, 7, 1, 8, 1, 8, 1, 8, 1)  # RECURRENT["ENAS"]


def test_a_code_says_what_the_published_cell_is():
    cell = decode(ENAS)
    assert (cell.nodes, cell.concat) == (RECURRENT["ENAS"].nodes, RECURRENT["ENAS"].concat)


@pytest.mark.parametrize("code", [ENAS, *([uniform(11, Random(seed)) for seed in range(4)])])
def test_a_path_is_the_stand_alone_cell_with_the_same_weights(code):
    shared = with_weights(SharedRecurrentCell(11, 4))
    x, h = numbers(3, 2, 4), numbers(2, 4, seed=1)
    masks = CellMasks(numbers(2, 4, seed=2), numbers(2, 4, seed=3))
    alone = shared.child(decode(code))
    own = shared(x, h, masks, torch.tensor(code))
    torch.testing.assert_close(own, alone(x, h, masks), rtol=1e-12, atol=1e-12)
    own.sum().backward()
    used = [k for k, g in enumerate(shared.nodes.grad) if bool(g.abs().sum())]
    assert set(used) <= set(rows(decode(code)))


def test_the_loose_ends_are_averaged_and_no_others():
    """Nodes 1 and 3 are read by nobody: h is their mean; node 2 is read by node 3."""
    cell = decode((0, 3, 0, 3, 2, 3))
    assert cell.concat == (1, 3)
    shared = with_weights(SharedRecurrentCell(3, 4))
    x, h = numbers(1, 2, 4), numbers(2, 4, seed=1)
    each = [shared.child(type(cell)(cell.nodes, (node,), ""))(x, h) for node in (1, 3)]
    mean = (each[0] + each[1]) / 2
    torch.testing.assert_close(shared(x, h, None, torch.tensor((0, 3, 0, 3, 2, 3))), mean)


def test_an_edge_has_one_matrix_whichever_activation_it_runs():
    """Sec. 2.1: W is indexed by the edge; the authors' code has one for each activation too."""
    shared = SharedRecurrentCell(4, 4)
    assert shared.nodes.shape == (10, 4, 8)
    assert rows(decode((0, 0, 1, 0, 1, 0, 0, 0))) == rows(decode((0, 2, 1, 1, 1, 3, 0, 2)))
    assert LanguageModel(5, 4, shared).pass_flops(1) == 6 * (5 * 4 + (2 + 4) * 2 * 16)


def test_cells_are_drawn_uniformly():
    drawn = Random(0)
    codes = [uniform(3, drawn) for _ in range(3000)]
    for place, count in enumerate((1, 4, 2, 4, 3, 4)):
        seen = torch.tensor([code[place] for code in codes]).bincount(minlength=count)
        expected = 3000 / count
        assert len(seen) == count
        assert bool(((seen - expected).square() < 16 * expected).all())


@pytest.mark.parametrize(
    ("code", "told"),
    [
        ((), "code of 0 numbers: must be two for each node"),
        ((0, 0, 1), "code of 3 numbers: must be two for each node"),
        ((0, 0, 2, 0), "node 2: state 2 is none of 0 to 1"),
        ((0, 4), "node 1: activation 4 is none of 0 to 3"),
    ],
)
def test_codes_of_another_space_are_refused(code, told):
    with pytest.raises(Refused, match=told):
        decode(code)


def test_cells_of_another_size_are_refused():
    with pytest.raises(Refused, match="code of 2 nodes: must be 3"):
        SharedRecurrentCell(3, 4)(
            numbers(1, 2, 4), numbers(2, 4), None, torch.zeros(4, dtype=torch.int64)
        )


# -- the controller -------------------------------------------------------------------------------


def all_codes(nodes: int) -> torch.Tensor:
    choices = [range(n) for node in range(1, nodes + 1) for n in (node, len(NAMES))]
    return torch.tensor(list(itertools.product(*choices)))


@pytest.mark.parametrize("preset", PRESETS)
def test_probabilities_of_all_recurrent_cells_sum_to_one(preset):
    """T1, and T2's entropy: the enumerated one is the mean of the decisions'."""
    controller = scaled(RecurrentController(preset, nodes=3, hidden=8).double(), 2, 10.0)
    codes = all_codes(3)
    assert len(codes) == 4**3 * 6
    with torch.no_grad():
        draw = controller.evaluate(codes)
    p = draw.log_prob.exp()
    assert p.sum().item() == pytest.approx(1, abs=1e-9)
    entropy = -(p * draw.log_prob).sum()
    torch.testing.assert_close((p * draw.entropy).sum(), entropy, rtol=1e-9, atol=0)


@pytest.mark.parametrize("preset", PRESETS)
def test_given_cells_are_as_probable_as_they_were_drawn(preset):
    controller = RecurrentController(preset, nodes=5, hidden=8)
    draw = controller.sample(20, stream())
    again = controller.evaluate(draw.codes)
    torch.testing.assert_close(again.log_probs, draw.log_probs)
    for code in draw.codes.tolist():
        decode(code)


def test_closer_states_are_favoured_before_anything_is_learned():
    controller = RecurrentController(nodes=4, hidden=8).double()
    with torch.no_grad():
        controller.attention.v.zero_()  # all scores are equal: the prior alone decides
        draw = controller.evaluate(all_codes(4)[:: 4**3])
    own, j = draw.log_probs[:, 6], draw.codes[:, 6]
    expected = (-recency(4, own)).log_softmax(0)
    torch.testing.assert_close(own, expected[j])
    assert recency(3, own).tolist() == pytest.approx([9 / 6, 4 / 6, 1 / 6])
    assert NEAR == 0.1
