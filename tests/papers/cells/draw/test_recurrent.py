"""Recurrent cells drawn: a row for each state, and no line through a box."""

import random
import re
import xml.etree.ElementTree as ET

from papers.cells.draw.recurrent import recurrent_lines, recurrent_svg, recurrent_text

NODES, MEAN = (("tanh", 0), ("relu", 1), ("none", 1), ("sigmoid", 1)), (2, 3)
SVG = "{http://www.w3.org/2000/svg}"


def drawn(stream):
    size = stream.randint(1, 12)
    ops = ("tanh", "relu", "sigmoid", "identity", "none")
    nodes = [(stream.choice(ops), stream.randrange(node)) for node in range(1, size + 1)]
    return nodes, sorted(stream.sample(range(1, size + 1), stream.randint(1, size)))


def test_a_recurrent_cell_as_text():
    assert recurrent_text(NODES, MEAN, "title") == (
        "title\n"
        "\n"
        "recurrent cell (0 tanh of x(t) and h(t-1)), h(t) the mean of 2 3\n"
        "  0 ── tanh ───────▶ 1\n"
        "  1 ── relu ───────▶ 2 ──┐\n"
        "  1 ·· none ·······▷ 3 ──┴─▶ out\n"
        "  1 ·· sigmoid ····▷ 4"
    )


def test_columns_of_many_nodes_stay_in_line():
    nodes = [("relu", node) for node in range(11)]
    rows = recurrent_text(nodes, range(1, 12)).splitlines()[1:]
    ends = {max(row.rfind(corner) for corner in "┐┤┴") for row in rows}
    assert len(rows) == 11
    assert len(ends) == 1


def test_what_the_mean_does_not_depend_on_is_dead():
    assert [line.live for line in recurrent_lines(NODES, MEAN)] == [True, True, False, False]
    assert not any(line.live for line in recurrent_lines((("tanh", 0), ("none", 1)), (2,)))


def test_no_box_covers_another_and_lines_to_the_mean_cross_none():
    stream = random.Random(3)
    for _ in range(30):
        nodes, mean = drawn(stream)
        root = ET.fromstring(recurrent_svg(nodes, mean))
        width, height = float(root.get("width")), float(root.get("height"))
        pills = [tuple(float(rect.get(key)) for key in ("x", "y")) for rect in
                 root.iter(f"{SVG}rect") if rect.get("height") == "26"]  # fmt: skip
        chips = [tuple(float(circle.get(key)) for key in ("cx", "cy")) for circle in
                 root.iter(f"{SVG}circle")]  # fmt: skip
        assert (len(pills), len(chips)) == (len(nodes), len(nodes) + 1)
        assert len({y for _, y in chips}) == len(chips)  # a row for each state
        for x, y in pills:
            assert 0 <= x < x + 96 < width
            assert 0 <= y < y + 26 < height
            assert any(y < cy < y + 26 and x + 96 < cx - 14 for cx, cy in chips)
        ends = [re.match(r"M(\d+),(\d+) H(\d+)$", path.get("d")) for path in
                root.iter(f"{SVG}path")]  # fmt: skip
        straight = [tuple(map(int, end.groups())) for end in ends if end]
        assert len(straight) == len(mean)
        for x, y, bar in straight:
            assert (x, y) in chips
            assert all(not (py < y < py + 26 and x < px < bar) for px, py in pills)
            assert all(cx <= x for cx, cy in chips if cy == y)


def test_titles_are_escaped():
    svg = recurrent_svg(NODES, MEAN, "<a & b>")
    ET.fromstring(svg)
    assert "&lt;a &amp; b&gt;" in svg
