"""What is drawn of a paper: PNG, or the text of an SVG."""

from __future__ import annotations

from harness.show import draw


def test_a_figure_may_be_the_text_of_an_svg(tmp_path):
    path = draw.save("<svg/>", tmp_path / "figures" / "cell.svg")
    assert path.read_text() == "<svg/>"
