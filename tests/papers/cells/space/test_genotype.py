"""Genotypes as text and JSON: round trips, canonical forms, and where a fault lies."""

import json

import pytest

from harness.paper import Refused
from papers.cells.space.genotype import Genotype, NodeCell, parse_cell
from papers.cells.space.published import PUBLISHED

V2 = PUBLISHED["DARTS_V2"].genotype
RELEASED = PUBLISHED["ENAS_micro"].genotype


# --- round trips


def test_published_genotypes_survive_text_and_json():
    for published in PUBLISHED.values():
        genotype = published.genotype
        assert Genotype.parse(genotype.text) == genotype
        again = Genotype.from_json(genotype.json())
        assert again == genotype
        assert hash(again) == hash(genotype)


def test_text_is_one_readable_line():
    assert V2.text.startswith("normal: sep_conv_3x3~0 sep_conv_3x3~1 | sep_conv_3x3~0 ")
    assert V2.text.endswith("| skip_connect~2 max_pool_3x3~1 ; concat 2 3 4 5")
    assert "\n" not in V2.text


def test_canonical_form_is_blind_to_the_order_of_a_sum_and_of_the_output():
    cell = V2.cell("normal")
    for place in range(0, 8, 2):
        pairs = list(cell.pairs)
        pairs[place : place + 2] = reversed(pairs[place : place + 2])
        swapped = Genotype.of(NodeCell(tuple(pairs), (5, 4, 3, 2)), V2.cell("reduce"))
        assert swapped != V2
        assert swapped.canonical == V2.canonical
        assert hash(swapped.canonical) == hash(V2.canonical)
    assert V2.canonical.canonical == V2.canonical
    assert V2.canonical != PUBLISHED["DARTS_V1"].genotype.canonical


# --- what is refused, and where


GOOD = "skip_connect~0 max_pool_3x3~1 | skip_connect~0 skip_connect~2 ; concat 2 3"


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ("a~0 b~1 | c~0 d~3 ; concat 2 3", "cell, node 3, pair 1: 'd~3' must read .* 0 to 2"),
        ("a~0 b~2 ; concat 2", "cell, node 2, pair 1: 'b~2' must read one of the states 0 to 1"),
        ("a~0 b~1 | c~0 ; concat 2 3", "cell, node 3: 1 pairs, but every node has two"),
        ("a~0 b~1 c~0 ; concat 2", "cell, node 2: 3 pairs"),
        ("a~0 b1 ; concat 2", "cell, node 2, pair 1: 'b1' is not 'operation~state'"),
        ("a~0 b~1 ; concat 2 7", "cell, concat entry 1: state 7 is unknown; .* states 0 to 2"),
        ("a~0 b~1 ; concat 2 2", "concat entry 1: state 2 is named twice"),
        ("a~0 b~1 ; concat", "no node leads to the output"),
        ("a~0 b~1 ; concat 0 1", "no node leads to the output"),
        ("a~0 b~1 ; concat x", "'concat x' must be '; concat 2 3 ...' after the nodes"),
        ("a~0 b~1", "'' must be '; concat"),
    ],
)
def test_faults_of_a_cell_have_a_place(text, fault):
    with pytest.raises(Refused, match=fault):
        parse_cell(text)


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ("normal: a~0 b~1 ; concat 2", "a genotype is 'normal: CELL / reduce: CELL'"),
        (f"normal: {GOOD} / normal: {GOOD}", "the reduce cell must begin with 'reduce:'"),
        (f"normal: {GOOD} / reduce: a~0 b~2 ; concat 2", "reduce, node 2, pair 1"),
    ],
)
def test_faults_of_a_text_have_a_place(text, fault):
    with pytest.raises(Refused, match=fault):
        Genotype.parse(text)


@pytest.mark.parametrize(
    ("change", "fault"),
    [
        ({"normal": [["a", 0], ["b", "1"]]}, r"normal, entry 1: \['b', '1'\] is not"),
        ({"normal": "text"}, "normal, entry 0: 'text' is not"),
        ({"normal_concat": 3}, "normal_concat: 3 is not a list of states"),
        ({"normal": []}, "normal: 0 pairs"),
        ({"reduced": []}, "unknown field of a genotype 'reduced'; did you mean 'reduce'"),
    ],
)
def test_faults_of_json_have_a_place(change, fault):
    with pytest.raises(Refused, match=fault):
        Genotype.from_json(json.dumps({**json.loads(V2.json()), **change}))


@pytest.mark.parametrize("text", ["{", "[]", "{}", '{"normal": []}'])
def test_other_json_is_refused(text):
    with pytest.raises(Refused, match="JSON"):
        Genotype.from_json(text)


# --- graphs and encodings


def test_loose_ends():
    assert RELEASED.cell("normal").loose == (2, 3, 4, 5, 6)
    assert RELEASED.cell("reduce").loose == (2, 4, 5, 6)
    unused = parse_cell("skip_connect~1 skip_connect~1 ; concat 0 2")
    assert unused.loose == (0, 2)
