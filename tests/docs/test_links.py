"""Links of the site: where they lead, and that one which leads nowhere is told."""

from __future__ import annotations

import pytest

from docs import links

MODULES = ("harness", "papers", "papers.darts", "papers.darts.bilevel", "papers.cells")


@pytest.mark.parametrize(
    ("path", "page"),
    [
        ("README.md", "index.html"),
        ("papers/darts/README.md", "papers/darts.html"),
        ("papers/darts", "papers/darts.html"),
        ("papers/darts/bilevel.py", "papers/darts/bilevel.html"),
        ("reports/darts.md", "reports/darts.html"),
        ("reports/results.csv", "reports/results.csv"),
    ],
)
def test_what_stands_in_the_repository_has_a_place_on_the_site(path, page):
    assert links.page_of(path, MODULES) == page


@pytest.mark.parametrize(
    ("link", "there"),
    [
        ("bilevel.py", "darts/bilevel.html"),
        ("../cells", "cells.html"),
        ("../../reports/darts.md#budget-paper", "../reports/darts.html#budget-paper"),
        ("../../reports/figures/a.png", "../reports/figures/a.png"),
        ("../../README.md", "../index.html"),
        ("https://arxiv.org/abs/1806.09055", "https://arxiv.org/abs/1806.09055"),
        ("#findings", "#findings"),
    ],
)
def test_links_of_a_readme_lead_from_the_page_of_its_paper(link, there):
    text = f"see [this]({link}), not `[this]({link})`"
    made = links.rewritten(text, "papers/darts/README.md", MODULES)
    assert made == f"see [this]({there}), not `[this]({link})`"


def test_stars_and_brackets_of_a_docstring_are_kept():
    said = links.plain("h* - h*, (N, *shape), a <= b; `*args`, <https://arxiv.org>")
    assert said == r"h\* - h\*, (N, \*shape), a &lt;= b; `*args`, <https://arxiv.org>"


def test_headings_have_the_names_that_links_on_github_use():
    html = '<h2 id="a-b">A: B</h2><h2 id="a-b-2">A: B</h2><h3 id="c">1 &amp; <em>2</em></h3>'
    assert links.places(html) == {"a-b": "a-b", "a-b-2": "a-b-1", "c": "1--2"}


def test_a_link_that_leads_nowhere_is_told(tmp_path):
    good = '<a href="b/two.html#there">1</a><a href="#here" id="here">2</a><img src="one.png">'
    (tmp_path / "b").mkdir()
    (tmp_path / "one.png").touch()
    (tmp_path / "one.html").write_text(good + '<a href="https://elsewhere.org/none">3</a>')
    (tmp_path / "b" / "two.html").write_text('<p id="there"><a href="../one.html">back</a>')
    assert list(links.broken(tmp_path)) == []
    (tmp_path / "b" / "two.html").write_text('<a href="../none.html">back</a><img src="no.svg">')
    assert list(links.broken(tmp_path)) == [
        "b/two.html: ../none.html: no such page",
        "b/two.html: no.svg: no such page",
        "one.html: b/two.html#there: no such place on the page",
    ]
