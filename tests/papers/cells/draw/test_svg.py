"""Cells drawn as pictures: nothing overlaps, and labels are short."""

import random
import xml.etree.ElementTree as ET

import pytest

from papers.cells.draw import svg as picture
from papers.cells.draw.svg import FAMILIES, colours, label
from papers.cells.network.hand_made import OPERATIONS
from papers.cells.network.operations import PRIMITIVES
from papers.cells.space.edge import T0, T2
from papers.cells.space.node import NODE_SPACES
from papers.cells.space.published import PUBLISHED

V2 = PUBLISHED["DARTS_V2"].genotype
SVG = "{http://www.w3.org/2000/svg}"


def boxes(svg):
    """Return (left, upper, right, lower) of the operations' boxes and of the states."""
    root = ET.fromstring(svg)
    found = []
    for rect in root.iter(f"{SVG}rect"):
        if rect.get("height") == "26":
            x, y, w, h = (float(rect.get(n)) for n in ("x", "y", "width", "height"))
            found.append((x, y, x + w, y + h))
    for circle in root.iter(f"{SVG}circle"):
        x, y, r = (float(circle.get(n)) for n in ("cx", "cy", "r"))
        if r > 5:  # the smaller ones are joints of wires
            found.append((x - r, y - r, x + r, y + r))
    return found


def assert_apart(svg):
    found, root = boxes(svg), ET.fromstring(svg)
    width, height = float(root.get("width")), float(root.get("height"))
    for place, (a, b, c, d) in enumerate(found):
        assert 0 <= a < c <= width
        assert 0 <= b < d <= height
        for e, f, g, h in found[:place]:
            assert c <= e or g <= a or d <= f or h <= b, svg


@pytest.mark.parametrize("name", PUBLISHED)
def test_boxes_of_published_cells_do_not_overlap(name):
    genotype = PUBLISHED[name].genotype
    svg = picture.genotype_svg(genotype, name)
    assert_apart(svg)
    states = genotype.cell("normal").states + genotype.cell("reduce").states
    assert len(boxes(svg)) == len(genotype.normal) + len(genotype.reduce) + states


def test_boxes_of_drawn_cells_do_not_overlap():
    stream = random.Random(0)
    for space in NODE_SPACES.values():
        assert_apart(picture.genotype_svg(space.random(stream)))
    for space in (T0, T2):
        for _ in range(20):
            assert_apart(picture.edge_svg(space, space.random(stream)))


def test_reductions_say_what_halves():
    svg = picture.genotype_svg(V2)
    assert svg.count("max 3×3 /2<") == 5
    assert svg.count(">max 3×3<") == 0
    assert svg.count(">skip<") == 5


def test_labels_are_short_and_every_operation_has_a_colour():
    assert label("sep_conv_3x3") == "sep 3×3"
    assert label("max_pool_3x3") == "max 3×3"
    assert label("conv_1x1") == "conv 1×1"
    assert label("skip_connect") == "skip"
    for op in (*PRIMITIVES, *OPERATIONS):
        assert len(label(op)) <= 8
        assert colours(op) in FAMILIES.values()


def test_titles_are_escaped():
    svg = picture.edge_svg(T2, (0,) * 6, "<a & b>")
    ET.fromstring(svg)
    assert "&lt;a &amp; b&gt;" in svg
