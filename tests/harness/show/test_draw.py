"""What is drawn of a paper: PNG, or the text of an SVG."""

from __future__ import annotations

from dataclasses import replace

import pytest
from matplotlib.figure import Figure

from harness.checks import AtLeast, Value
from harness.judge.verdict import Verdict
from harness.paper import Claim, Published
from harness.plan import discover
from harness.show import draw
from harness.show.pictures import SVG, Picture
from tests.lab.throwaway import make_paper


def test_a_figure_may_be_the_text_of_an_svg(tmp_path):
    path = draw.save("<svg/>", tmp_path / "figures" / "cell.svg")
    assert path.read_text() == "<svg/>"


def scattered(points: int) -> Figure:
    figure = Figure(figsize=(3, 2))
    axes = figure.subplots()
    axes.scatter(range(points), range(points), label="a point")
    axes.legend()
    return figure


def test_a_figure_stands_beside_its_lines_and_equal_figures_are_equal_files(tmp_path):
    found = []
    for name in ("once", "again"):
        path = draw.save(scattered(3), tmp_path / name / "figure.png")
        found.append({one.name: one.read_bytes() for one in path.parent.iterdir()})
    assert set(found[0]) == {"figure.png", "figure.svg"}
    assert found[0] == found[1]
    assert b"<dc:date>" not in found[0]["figure.svg"]


def test_what_has_more_points_than_a_picture_has_room_for_is_a_picture(tmp_path):
    few, many = (
        draw.save(scattered(points), tmp_path / f"{points}.png").with_suffix(".svg").read_text()
        for points in (draw.DENSE, 20 * draw.DENSE)
    )
    assert "<image" not in few
    assert "<image" in many
    assert len(many) < 2 * len(few)


def test_a_picture_names_its_lines_and_a_drawing_is_them():
    assert Picture("a-b.png", "It.").vector == "a-b.svg"
    drawing = Picture("a-b.svg", "It.")
    assert drawing.vector == ""
    assert drawing.caption.endswith(SVG)


CLAIM = Claim(
    "C", "", "", Published("half", 0.5, unit="%", dataset="d"), Value("fit", "acc", 0.4, 0.6),
    measure="it", kind="headline",
)  # fmt: skip


@pytest.mark.parametrize(
    ("how", "drawn"),
    [
        ({}, True),
        ({"published": Published("about half")}, False),  # no such number
        ({"unit": "edges", "published": Published("4", 4.0, unit="edges", dataset="d")}, False),
        ({"kind": "self-check"}, False),
        ({"check": AtLeast("fit", "acc", 0.4)}, False),
    ],
)
def test_only_claims_with_a_comparable_number_are_drawn(tmp_path, how, drawn):
    folder = discover.load(make_paper(tmp_path))
    verdicts = {"paper": [Verdict(replace(CLAIM, **how), "paper", "reproduced", 0.5, 0.4, 0.6)]}
    assert (draw.forest(folder, verdicts, tmp_path) is not None) == drawn
