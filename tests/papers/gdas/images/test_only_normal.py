"""A search beside the reduction cell that is made by hand: only the normal cell is searched."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial

import pytest
import torch

from harness.trial import stream
from papers.cells.network import hand_made
from papers.cells.rows import Part, Rows, unchanged
from papers.cells.space.genotype import Genotype
from papers.cells.space.hand_made import HAND_MADE
from papers.cells.supernet.node import MixedEdge
from papers.gdas.config import DERIVATIONS
from papers.gdas.derivation import agreement
from papers.gdas.images.config import ImageSearch
from papers.gdas.images.only_normal import OnlyNormal
from papers.gdas.images.search import searched
from papers.gdas.node_search import Sampled

pytestmark = pytest.mark.usefixtures("prepared")


@pytest.fixture(autouse=True)
def available() -> Iterator[None]:
    with hand_made.available():
        yield


def images() -> Rows:
    random = torch.Generator().manual_seed(0)
    train, val = (
        Part(torch.randn(count, 3, 8, 8, generator=random), torch.arange(count) % 10)
        for count in (24, 16)
    )
    return Rows("random", "", train, val, unchanged, lambda x: x)


def network(fixed: bool = True, way: str = "paper") -> Sampled:
    config = ImageSearch(
        channels=4, cells=3, batch=8, epochs=2, fixed=fixed, derivation=way, child_channels=4
    )
    return searched(config, images(), partial(stream, 0))


def test_the_given_cell_always_runs_and_alpha_has_nothing_to_choose_there():
    one = network()
    assert isinstance(one, OnlyNormal)
    assert not isinstance(network(fixed=False), OnlyNormal)
    ran: list[str] = []
    for cell in one.supernet.mixed_cells():
        for edge in cell.mixed if cell.reduction else ():
            assert isinstance(edge, MixedEdge)
            for name, op in edge.operations.items():
                op.register_forward_hook(lambda module, given, out, name=name: ran.append(name))
    one.step(0, 2)
    assert torch.equal(one.relaxation.weights("reduce"), torch.ones(14, 1))
    normal, reduce = one.sampler.last[:2]
    assert set(reduce) == {0}
    assert len(set(normal)) > 1
    ran.clear()
    logits = one.supernet(torch.randn(2, 3, 8, 8), normal, reduce)
    assert torch.isfinite(logits).all()
    own = [op for op, _ in HAND_MADE.pairs if op != "none"]
    assert ran == own + own  # both reduction cells


@pytest.mark.parametrize("way", ["paper", "release"])
def test_what_it_finds_is_a_normal_cell_and_the_given_one(way):
    one = network(way=way)
    for turn in range(10):
        one.step(turn, 10)
    assert one.genotype.cell("reduce") == HAND_MADE
    assert one.genotype.text == one.both()[f"cell_{way}"]
    assert all(op != "none" for op, _ in one.genotype.normal)
    assert 0 <= one.discrete_error() <= 1


def test_its_numbers_are_the_normal_cells_alone():
    one = network()
    start = one.row()
    uniform = torch.log(torch.tensor(8.0))
    assert start["alpha_entropy"] == pytest.approx(float(uniform), abs=1e-3)
    assert start["alpha_max"] == pytest.approx(1 / 8, abs=1e-3)
    assert start["alpha_none"] == pytest.approx(1 / 8, abs=1e-3)
    for turn in range(10):
        one.step(turn, 10)
    row = one.row()
    cells = [Genotype.parse(one.both()[f"cell_{way}"]).cell("normal") for way in DERIVATIONS]
    paper, release = (Genotype.of(cell, cell) for cell in cells)  # the normal one, twice
    assert row["derivations_agree"] == agreement(paper, release)
    assert 0 <= row["halves_agree"] <= 1


def test_a_steps_work_has_all_of_the_given_cell_and_an_eighth_of_the_normal_one():
    one = network()
    whole = super(Sampled, one).flops  # of all operations
    with torch.no_grad():
        for cell in one.supernet.mixed_cells():
            if not cell.reduction:
                for edge in cell.mixed:
                    assert isinstance(edge, MixedEdge)
                    edge.names, edge.operations = ("none",) * 8, torch.nn.ModuleDict()
    bare = super(Sampled, one).flops  # all that is no operation of a normal cell
    assert network().flops == pytest.approx(bare + (whole - bare) / 8)


def test_a_search_that_was_stopped_goes_on_as_if_it_had_not(tmp_path):
    whole, first, second = network(), network(), network()
    for turn in range(4):
        whole.step(turn, 4)
    for turn in range(2):
        first.step(turn, 4)
    for name, part in first.stateful.items():
        second.stateful[name].load_state_dict(part.state_dict())
    for turn in range(2, 4):
        second.step(turn, 4)
    for one, other in zip(whole.supernet.parameters(), second.supernet.parameters(), strict=True):
        assert torch.equal(one, other)
    assert whole.row() == second.row()
