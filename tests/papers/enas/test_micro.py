"""The micro supernet: a path is the stand-alone network, and shares what it should."""

from __future__ import annotations

from random import Random

import pytest
import torch

from harness.paper import Refused
from papers.cells.space.genotype import Genotype, parse_cell
from papers.cells.space.node import ENAS, MICRO, NodeSpace
from papers.cells.space.published import PUBLISHED
from papers.enas.arrangement import BatchFirst
from papers.enas.micro import Design, MicroSupernet, blocks

SIGNALS = Design(channels=4, cells=4, dim=1, inputs=1)
IMAGES = Design(channels=4, cells=3)
SPACE = NodeSpace("three nodes", 3, MICRO)
# both pairs of node 2 read one state, and an input that nobody reads is a loose end
TWICE = Genotype.of(
    parse_cell("sep_conv_3x3~1 sep_conv_3x3~1 | avg_pool_3x3~2 skip_connect~1 ; concat 0 3"),
    parse_cell("max_pool_3x3~0 sep_conv_5x5~0 | skip_connect~0 skip_connect~2 ; concat 1 3"),
)
TWO = NodeSpace("two nodes", 2, MICRO)
pytestmark = pytest.mark.usefixtures("double", "one_thread")


def signals(design: Design = SIGNALS) -> torch.Tensor:
    sides = (13,) if design.dim == 1 else (9, 11)  # odd sizes are padded before they are halved
    drawn = torch.Generator().manual_seed(1)
    return torch.randn(6, design.inputs, *sides, generator=drawn)


def cells(count: int = 6) -> list[Genotype]:
    stream = Random(3)
    return [PUBLISHED["ENAS_micro"].genotype, *(ENAS.random(stream) for _ in range(count))]


@pytest.mark.parametrize("design", [SIGNALS, IMAGES], ids=["signals", "images"])
def test_a_path_is_the_stand_alone_network_with_the_same_weights(design):
    supernet, x = MicroSupernet(design), signals(design)
    said = []
    for cell in cells():
        child = supernet.child(cell)
        torch.testing.assert_close(supernet(x, cell), child(x)[0], rtol=1e-9, atol=1e-9)
        said.append(supernet(x, cell))
    assert all(not torch.allclose(one, said[0]) for one in said[1:])


@pytest.mark.parametrize("dim", [1, 2])
def test_one_state_may_be_read_twice_and_unread_inputs_are_loose_ends(dim):
    design = Design(4, 3, dim=dim, inputs=2, space=TWO)
    supernet, x = MicroSupernet(design), signals(design)
    assert TWO.check(TWICE) == TWICE
    child = supernet.child(TWICE)
    torch.testing.assert_close(supernet(x, TWICE), child(x)[0], rtol=1e-9, atol=1e-9)
    one, other = (supernet.shared_cells()[0].operation(n, "sep_conv_3x3", 1) for n in (0, 1))
    assert not torch.equal(one[1].weight, other[1].weight)


def test_signals_with_the_batch_last_have_the_same_values_and_gradients():
    supernet, x = MicroSupernet(SIGNALS), signals()
    for cell in cells(3):
        told = []
        for lies in (supernet.lies, BatchFirst()):
            own, supernet.lies = supernet.lies, lies
            supernet.zero_grad()
            value = supernet(x, cell)
            value.square().sum().backward()
            supernet.lies = own
            told.append([value, *(w.grad for w in supernet.parameters() if w.grad is not None)])
        for mine, theirs in zip(*told, strict=True):
            torch.testing.assert_close(mine, theirs, rtol=1e-8, atol=1e-10)


def test_a_path_touches_the_weights_that_it_reads_and_no_others():
    """Two cells that differ in the state one pair reads share all but that pair's weights."""
    supernet = MicroSupernet(Design(4, 3, dim=1, inputs=1, space=SPACE))
    text = "sep_conv_3x3~0 sep_conv_3x3~1 | skip_connect~{} avg_pool_3x3~2 "
    text += "| sep_conv_5x5~{} max_pool_3x3~3 ; concat {}"
    normal = [parse_cell(text.format(0, state, ends)) for state, ends in ((1, "4"), (2, "4"))]
    reached = []
    for kind in normal:
        supernet.zero_grad()
        supernet(signals(), Genotype.of(kind, kind)).sum().backward()
        reached.append({n for n, w in supernet.named_parameters() if w.grad is not None})
    only = [{name.rsplit(".", 2)[0] for name in a - b} for a, b in (reached, reached[::-1])]
    assert only == [
        {f"cells.{k}.operations.4_{state}_sep_conv_5x5" for k in range(3)} for state in (1, 2)
    ]


def test_a_score_hangs_on_its_batch_and_on_no_other_cell():
    """Batch statistics, always: what ran before leaves nothing behind (T15)."""
    supernet, x = MicroSupernet(SIGNALS), signals()
    one, other = cells(1)
    before = supernet(x, one)
    supernet(2 * x, other)
    assert torch.equal(supernet(x, one), before)
    supernet.eval()
    assert torch.equal(supernet(x, one), before)
    assert not list(supernet.buffers())


def test_blocks_are_the_columns_of_the_states_that_are_there():
    weight = torch.arange(12.0).view(2, 6)
    assert blocks(weight, 3, (0, 2)).tolist() == [[0, 1, 4, 5], [6, 7, 10, 11]]
    assert blocks(weight, 3, (2, 0, 1))[0].tolist() == [4, 5, 0, 1, 2, 3]
    assert blocks(weight, 3, (0, 1, 2)) is weight


def test_networks_without_a_normal_cell_are_refused():
    with pytest.raises(Refused, match="cells=2: below three cells none is a normal cell"):
        Design(cells=2)
