import pytest

from harness.paper import Refused
from papers.cells.network.operations import PRIMITIVES
from papers.cells.space import published
from papers.cells.space.genotype import Genotype
from papers.cells.space.hand_made import HAND_MADE
from papers.cells.space.node import AMOEBA, DARTS, ENAS, NASNET
from papers.cells.space.published import ENAS_MACRO, HAND_REDUCED, PUBLISHED

SPACES = {
    "DARTS_V1": DARTS,
    "DARTS_V2": DARTS,
    "GDAS_V1": DARTS,
    "PC_DARTS_cifar": DARTS,
    "PC_DARTS_image": DARTS,
    "P_DARTS": DARTS,
    "NASNet_A_slim": NASNET,
    "NASNet_A_darts": NASNET,
    "PNAS": NASNET,
    "AmoebaNet_A_tpu": AMOEBA,
    "AmoebaNet_A_darts": AMOEBA,
    "ENAS_micro": ENAS,
}


def test_every_genotype_is_of_its_space_and_cited():
    assert set(SPACES) == set(PUBLISHED)
    for name, space in SPACES.items():
        space.check(PUBLISHED[name].genotype)
        assert "arXiv:" in PUBLISHED[name].citation


def test_every_operation_can_be_built():
    assert set(published.SHORT.values()) <= set(PRIMITIVES)


def test_a_cell_that_was_searched_beside_a_given_reduction_cell_says_so():
    f1 = HAND_REDUCED["GDAS_F1"].genotype
    assert not set(HAND_REDUCED) & set(PUBLISHED)
    assert f1.cell("reduce") == HAND_MADE
    assert Genotype.parse(f1.text) == Genotype.from_json(f1.json()) == f1
    DARTS.check(Genotype.of(f1.cell("normal"), f1.cell("normal")))  # the half that was searched
    with pytest.raises(Refused, match="operation at reduce"):
        DARTS.check(f1)


def test_variants_of_a_cell_differ_as_said():
    slim, listed = (PUBLISHED[f"NASNet_A_{kind}"].genotype for kind in ("slim", "darts"))
    assert (slim.normal, slim.reduce) == (listed.normal, listed.reduce)
    assert set(slim.normal_concat) - set(listed.normal_concat) == {0}
    assert set(slim.reduce_concat) - set(listed.reduce_concat) == {3}
    assert listed.cell("normal").loose == listed.normal_concat
    assert listed.cell("reduce").loose == listed.reduce_concat
    tpu = PUBLISHED["AmoebaNet_A_tpu"].genotype
    assert tpu.cell("normal").loose == (3, 4, 6)
    assert tpu.reduce_concat == (2, 3, 4, 5, 6)


def test_enas_concatenates_its_loose_ends():
    genotype = PUBLISHED["ENAS_micro"].genotype
    assert genotype.normal_concat == (2, 3, 4, 5, 6)
    assert genotype.reduce_concat == (2, 4, 5, 6)


def test_enas_whole_network():
    assert len(ENAS_MACRO.ops) == len(ENAS_MACRO.skips) == 24
    assert [len(bits) for bits in ENAS_MACRO.skips] == list(range(24))
    assert sum(map(sum, ENAS_MACRO.skips)) / (24 * 23 / 2) == pytest.approx(0.355, abs=5e-4)
