import random
import re
import xml.etree.ElementTree as ET

import pytest

from papers.cells.__main__ import draw, main
from papers.cells.draw import svg as picture
from papers.cells.draw import text as drawing
from papers.cells.draw.svg import FAMILIES, colours, label
from papers.cells.draw.text import edge_lines, node_lines
from papers.cells.network.operations import PRIMITIVES
from papers.cells.space.edge import T0, T2
from papers.cells.space.genotype import Genotype, parse_cell
from papers.cells.space.node import AMOEBA, NODE_SPACES
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


# --- text


def test_a_genotype_as_text():
    text = drawing.genotype_text(V2, "DARTS_V2")
    assert "\n".join(text.splitlines()[:6]) == (
        "DARTS_V2\n"
        "\n"
        "normal cell (0 older input, 1 newer input), concat 2 3 4 5\n"
        "  0 ── sep_conv_3x3 ──┐\n"
        "  1 ── sep_conv_3x3 ──┴─▶ 2 ──┐\n"
        "  0 ── sep_conv_3x3 ──┐       │"
    )
    assert text.endswith("  2 ── skip_connect ──┐       │\n  1 ── max_pool_3x3 ──┴─▶ 5 ──┴─▶ out")


def test_an_edge_cell_as_text():
    assert drawing.edge_text(T2, (3, 3, 0, 4, 0, 1)) == (
        "T2 330401, number 11351: |c5~0|+|c5~0|none~1|+|avg~0|none~1|skip~2|\n"
        "  0 ·· c5 ······▷ 1\n"
        "  0 ── c5 ────┐\n"
        "  1 ·· none ··┴─▶ 2\n"
        "  0 ── avg ───┐\n"
        "  1 ·· none ··┤\n"
        "  2 ── skip ──┴─▶ 3 ────▶ out"
    )


def test_a_dead_cell_says_so():
    assert drawing.edge_text(T2, (3, 3, 3, 0, 0, 0)).endswith(
        "dead: nothing leads from the " + ("input to the output")
    )
    assert "dead: nothing" in picture.edge_svg(T2, (0,) * 6)


def test_concatenated_inputs_and_loose_nodes_have_their_rows():
    cell = parse_cell("a~0 b~1 | a~0 b~1 ; concat 0 3")
    assert drawing.cell_text(cell) == (
        "  0 ───────────────┐\n"
        "  0 ·· a ··┐       │\n"
        "  1 ·· b ··┴·▷ 2   │\n"
        "  0 ── a ──┐       │\n"
        "  1 ── b ──┴─▶ 3 ──┴─▶ out"
    )


def test_what_lives():
    live = [line.live for line in edge_lines(T2, (3, 0, 2, 0, 1, 0))]
    assert live == [True, False, False, False, True, False]
    cell = parse_cell("a~0 b~1 | a~2 b~1 | a~0 b~1 ; concat 3")
    assert [line.live for line in node_lines(cell)] == [True] * 4 + [False] * 2


# --- pictures


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
    for op in (*PRIMITIVES, "none"):
        assert len(label(op)) <= 8
        assert colours(op) in FAMILIES.values()


def test_titles_are_escaped():
    svg = picture.edge_svg(T2, (0,) * 6, "<a & b>")
    ET.fromstring(svg)
    assert "&lt;a &amp; b&gt;" in svg


# --- the command


def run(capsys, *arguments):
    status = main(arguments)
    found = capsys.readouterr()
    return status, found.out, found.err


@pytest.mark.parametrize(
    ("asked", "name"),
    [
        ("330401", "T2-330401"),
        ("123", "T0-123"),
        ("|c5~0|+|c5~0|none~1|+|avg~0|none~1|skip~2|", "T2-330401"),
        ("|c5~0|+|skip~0|avg~1|", "T0-314"),
        ("|c1~0|+|c3~0|none~1|+|avg~0|none~1|skip~2|", "NAS-Bench-201-230401"),
        (
            "|nor_conv_1x1~0|+|nor_conv_3x3~0|none~1|+|avg_pool_3x3~0|none~1|skip_connect~2|",
            "NAS-Bench-201-230401",
        ),
        ("DARTS_V2", "DARTS_V2"),
        ("nasnet-a-slim", "NASNet_A_slim"),
        (V2.text, "genotype"),
        (V2.json(), "genotype"),
    ],
)
def test_every_form_of_a_cell_is_read(asked, name, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    status, out, err = run(capsys, asked)
    assert (status, err) == (0, "")
    assert out.endswith(f"picture: {name}.svg\n")
    ET.fromstring((tmp_path / f"{name}.svg").read_text(encoding="utf-8"))


def test_the_picture_goes_where_it_is_asked(tmp_path, capsys):
    out = tmp_path / "cell.svg"
    assert run(capsys, "DARTS_V1", "--out", str(out))[0] == 0
    assert re.match("<svg ", out.read_text(encoding="utf-8"))


@pytest.mark.parametrize(
    ("asked", "fault"),
    [
        ("DARTS_V3", "unknown genotype 'DARTS_V3'; did you mean 'DARTS_V2'?"),
        ("3304", "'3304': a T2 code has 6 digits, a T0 code 3"),
        ("930401", "entry 0 (edge 1<-0) is 9"),
        ("|c5~0|+|skip~0|agv~1|", "did you mean 'avg'?"),
        ("|c5~0|+|skip~0|", "node 2 has 1 edges, not 2"),
        ("normal: a~0 b~5 ; concat 2 / reduce: a~0 b~1 ; concat 2", "normal, node 2, pair 1"),
        (V2.text.replace("dil_conv_3x3", "dil_conv_3x4"), "did you mean 'dil_conv_3x3'?"),
        ("{", "no JSON"),
        ("", "unknown genotype ''"),
    ],
)
def test_faults_are_one_line_and_status_two(asked, fault, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    status, out, err = run(capsys, asked)
    assert (status, out) == (2, "")
    assert fault in err
    assert err.count("\n") == 1
    assert not list(tmp_path.iterdir())


def test_faults_of_the_file_s_name(tmp_path, capsys):
    assert run(capsys, "DARTS_V2", "--out", str(tmp_path / "cell.png"))[0] == 2
    assert run(capsys, "DARTS_V2", "--out", str(tmp_path / "none" / "cell.svg"))[0] == 2


def test_drawings_are_the_same_each_time():
    genotype = AMOEBA.random(random.Random(4))
    assert draw(genotype.text) == draw(Genotype.parse(genotype.text).json())
