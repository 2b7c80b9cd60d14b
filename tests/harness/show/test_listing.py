"""`list` has a line a paper, and of one paper all that it declares, at 80 columns."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from harness.plan import discover
from harness.show import listing
from tests.lab.commands import call
from tests.lab.throwaway import make_paper

ROOT = Path(__file__).resolve().parents[3]


@pytest.fixture
def told(monkeypatch, capsys):
    monkeypatch.chdir(ROOT)

    def of(*arguments: str | Path, width: str = "80") -> list[str]:
        monkeypatch.setenv("COLUMNS", width)
        assert call("list", *arguments) == 0
        return capsys.readouterr().out.splitlines()

    return of


def test_list_has_a_line_a_paper_and_says_where_they_are(told):
    lines = told()
    papers = discover.load_all()
    assert max(map(len, lines)) <= 80 or str(ROOT) in max(lines, key=len)
    for folder, line in zip(papers, lines[2:], strict=False):
        name, year, experiments, claims, *_ = line.split()
        assert name == f"papers/{folder.name}"
        assert int(year) == folder.paper.year
        assert int(experiments) == len(folder.paper.experiments)
        assert int(claims) == len(folder.paper.claims)
    assert f"{len(papers)} papers in {ROOT / 'papers'}" in lines
    assert "run one:           python -m harness run papers/amoebanet" in lines


def test_a_pipe_gets_every_title_whole(told):
    said = "\n".join(told(width=""))
    assert [f.name for f in discover.load_all() if f.paper.title not in said] == []


def test_a_paper_is_listed_with_experiments_claims_and_fields(told):
    lines = told("papers/mnist1d")
    (folder,) = discover.load_each(["papers/mnist1d"])
    assert max(map(len, lines)) <= 80
    firsts = {line.partition(" ")[0] for line in lines}
    assert {experiment.name for experiment in folder.paper.experiments} <= firsts
    assert {claim.id for claim in folder.paper.claims} <= firsts
    assert {name for e in folder.paper.experiments for name in vars(e.config)} <= firsts
    rates = [line.split(maxsplit=2) for line in told("papers/mnist1d", width="200")]
    assert ["lr", "0.01", "[N] Adam, betas .9 and .999, eps 1e-8, no weight decay"] in rates


def test_the_json_of_one_paper_is_its_part_of_that_of_all(told):
    every, one = (json.loads("\n".join(told(*some, "--json"))) for some in ([], ["papers/gdas"]))
    assert one["papers"] == [paper for paper in every["papers"] if paper["name"] == "gdas"]


def test_experiments_that_differ_show_their_values_and_how_many_more(tmp_path):
    folder = discover.load(make_paper(tmp_path, experiments=tuple("abcde")))
    for count, experiment in enumerate(folder.paper.experiments):
        object.__setattr__(experiment, "config", type(experiment.config)(steps=10 + count))
    (table,) = listing.fields(folder.paper.experiments)
    cells = {row[0].plain: row[1].plain for row in table.rows}
    assert cells["steps"] == "10 or 11 or 12 and 2 more"
    assert cells["sleep"] == "0.0"
    sources = {row[0].plain: row[2].plain for row in table.rows}
    assert sources["kills"] == "... in so many attempts"
    assert sources["steps"] == ""


@pytest.mark.parametrize(
    ("value", "text"),
    [((0.1, 2), "0.1,2"), (True, "true"), (None, "none"), ("cnn", "cnn"), (1e-05, "1e-05")],
)
def test_a_value_is_written_as_set_takes_it(value, text):
    assert listing.written(value) == text
