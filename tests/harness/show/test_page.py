"""The HTML page: the same bytes from the same results, and every link of it leads somewhere."""

from __future__ import annotations

import re
from collections import Counter
from html.parser import HTMLParser
from pathlib import Path

import pandas as pd
import pytest

from harness.paper import Task
from harness.show import chart, page
from harness.show.board import rivals
from harness.show.marks import MARKS
from tests.lab.reports import measure, write

ROOT = Path(__file__).parents[3]
GOLDEN = Path(__file__).with_name("golden.html")


class Links(HTMLParser):
    """The places of a page, where it leads, and what stands for a picture that is not seen."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.places: Counter[str] = Counter()
        self.leads: list[str] = []
        self.silent: list[str] = []  # pictures without words
        self.feed(text)

    def handle_starttag(self, tag, attrs):
        known = dict(attrs)
        self.places.update([known["id"]] if "id" in known else [])
        self.leads += [known[name] for name in ("href", "src") if name in known]
        if tag == "img" and not known.get("alt"):
            self.silent.append(str(known))


def fixed(folder: Path, home: Path) -> str:
    """Return the page of two methods that compete, less what differs from folder to folder."""
    text = (folder / "paper.py").read_text()
    (folder / "paper.py").write_text(text.replace('"min")', '"min", standings=True)'))
    for seed in range(3):
        measure(folder, home / "runs", seed, 0.5 + seed / 1000)
        measure(folder, home / "runs", seed, 0.7, experiment="more_of_it")
    made = write(folder, home)["index.html"].decode()
    made = made.replace(folder.name, "sixth").replace(page.slug(folder.name), "sixth")
    return re.sub(r"replay \w{10}", "replay TRIAL", made)


def test_fixed_results_give_the_page_byte_for_byte(paper, tmp_path):
    made = fixed(paper, tmp_path)
    (tmp_path / GOLDEN.name).write_text(made)
    assert made == GOLDEN.read_text(), f"look at {tmp_path / GOLDEN.name}; is it meant, copy it"


@pytest.mark.parametrize("where", [GOLDEN, ROOT / "reports" / "index.html"], ids=lambda p: p.name)
def test_every_link_leads_somewhere_and_no_file_comes_from_elsewhere(where: Path):
    found = Links(where.read_text())
    assert [place for place, count in found.places.items() if count > 1] == []
    assert found.silent == []
    inside = [lead[1:] for lead in found.leads if lead.startswith("#")]
    assert set(inside) <= set(found.places)
    files = [lead for lead in found.leads if not lead.startswith(("#", "https:", "data:"))]
    if where != GOLDEN:
        assert [name for name in files if not (where.parent / name).exists()] == []
    assert not re.search(r'<(?:script|img|link)[^>]+(?:src|href)="https?:', where.read_text())


def test_every_verdict_has_a_shape_of_its_own():
    assert len({mark.path for mark in MARKS.values()}) == len(MARKS)
    assert len({mark.marker for mark in MARKS.values()}) == len(MARKS)


def test_what_stands_between_backticks_is_code_and_all_else_is_text():
    assert page.quoted("a < `b & c`") == "a &lt; <code>b &amp; c</code>"
    assert page.slug("darts-T1.league_x") == "darts-T1-league-x"


TASK = Task("race", "none", "as it comes", "regret", "points", "min", standings=True)


def raced(**costs: float) -> pd.DataFrame:
    """Return a line for each method: it is charged so many steps, and all find the same."""
    lines = [
        {"paper": "p", "experiment": name, "n": 3, "mean": 0.02, "low": 0.0, "high": 0.05}
        | {"steps": steps, "flops": 2.0 * steps, "seconds": steps / 100}
        for name, steps in costs.items()
    ]
    return pd.DataFrame(lines)


def drawn(lines: pd.DataFrame) -> chart.Chart:
    empty = pd.DataFrame(columns=["paper", "experiment", "budget", "turn", "at", "metric", "mean"])
    return chart.chart(TASK, "smoke", lines, empty, [["cell"]] * len(lines))


def test_markers_of_one_point_stand_side_by_side_and_lead_to_it():
    found = drawn(raced(first=100.0, second=100.0, third=100.0, far=9000.0))
    steps, flops, seconds = found.panels
    assert [panel.key for panel in (steps, flops, seconds)] == ["steps", "flops", "seconds"]
    places = [one.marker for one in steps.series[:3]]
    assert len({x for x, _ in places}) == 3
    assert min(abs(a[0] - b[0]) for a in places for b in places if a != b) >= chart.ROOM - 1
    assert len({(one.x, one.y) for one in steps.series[:3]}) == 1


def test_what_costs_nothing_is_a_line_and_no_marker():
    found = drawn(raced(searched=100.0, longer=200.0, constant=0.0))
    assert [number for number, _, _ in found.rows] == [1, 2, 0]
    assert [text for _, text in found.levels] == ["constant"]
    assert all(len(panel.series) == 2 for panel in found.panels)


def test_an_experiment_that_papers_share_counts_once_where_it_goes_on_longest():
    both = pd.concat([raced(random=100.0), raced(random=300.0).assign(paper="q")])
    assert rivals(both)[["paper", "steps"]].to_numpy().tolist() == [["q", 300.0]]


def test_heights_are_roots_where_less_is_better_and_nothing_leaves_the_chart():
    scale = chart.Vertical(TASK, raced(a=1.0).to_dict("records"))
    assert scale.at(0.0) == chart.BOTTOM
    assert scale.at(-1.0) == chart.BOTTOM
    assert scale.at(9.0) == chart.TOP
    quarter, whole = scale.at(scale.top / 4), scale.at(scale.top)
    assert chart.BOTTOM - quarter == pytest.approx((chart.BOTTOM - whole) / 2)
