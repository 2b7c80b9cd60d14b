"""Cells drawn as text."""

from papers.cells.draw import svg as picture
from papers.cells.draw import text as drawing
from papers.cells.draw.text import edge_lines, node_lines
from papers.cells.space.edge import T2
from papers.cells.space.genotype import parse_cell
from papers.cells.space.published import PUBLISHED

V2 = PUBLISHED["DARTS_V2"].genotype


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
