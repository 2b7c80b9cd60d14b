"""What is drawn of a paper: PNG, or the text of an SVG."""

from __future__ import annotations

from dataclasses import replace

import pytest

from harness.checks import AtLeast, Value
from harness.judge.verdict import Verdict
from harness.paper import Claim, Published
from harness.plan import discover
from harness.show import draw
from tests.lab.throwaway import make_paper


def test_a_figure_may_be_the_text_of_an_svg(tmp_path):
    path = draw.save("<svg/>", tmp_path / "figures" / "cell.svg")
    assert path.read_text() == "<svg/>"


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
