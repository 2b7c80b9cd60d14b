"""The paper's number is written as ours is, and summaries count headlines."""

from __future__ import annotations

from dataclasses import replace

import pytest

from harness.checks import AtLeast
from harness.judge.samples import Size
from harness.judge.verdict import Verdict
from harness.paper import Claim, Published
from harness.show import claims

CLAIM = Claim(
    "T1", "It is good", "Table 1", Published("2.76 ± 0.09 %", 0.0276, unit="%", dataset="d"),
    AtLeast("fit", "acc", 0.02), measure="the error", kind="headline", margin_from="paper",
)  # fmt: skip


def printed(value, unit="%", **how):
    number = Published("as printed", value, unit=unit, dataset="d", **how)
    return claims.printed(replace(CLAIM, unit=unit, published=number))


@pytest.mark.parametrize(
    ("cell", "text"),
    [
        (printed(0.68), "68.0 %"),
        (printed(0.68, sd=0.02, n=3), "68.0 ± 2.0 %, n = 3"),
        (printed(0.0276, sd=0.0009, n=10, best_of=4), "2.8 ± 0.1 %, n = 10, best of 4"),
        (printed(0.015, "points"), "1.5 points"),
        (printed(383.0, "answers"), "383 answers"),
        (printed(-0.25, ""), "-0.25"),
        (printed(2.7, "times"), "2.7 times"),
        (printed(None), "no such number"),
    ],
)
def test_the_papers_number_is_in_the_unit_that_is_judged(cell, text):
    assert cell == text


def test_the_source_says_what_was_printed_and_who_doubts_it():
    published = Published("about a tenth", source_kind="figure")
    doubts = {"doubted": "by X, arXiv:1", "refuted": ("t1", "t2"), "note": "n."}
    said = claims.source(replace(CLAIM, published=published, **doubts))
    assert said == (
        "Table 1: about a tenth (figure); doubted: by X, arXiv:1; refuted by t1, t2; n."
    )


@pytest.mark.parametrize("text", ["no such number; 3 GPU-days", "no such number: 3 GPU-days"])
def test_that_there_is_no_such_number_is_said_once(text):
    none = replace(CLAIM, published=Published(text))
    assert claims.source(none) == "Table 1: 3 GPU-days"
    assert claims.source(replace(none, published=Published("no such number"))) == "Table 1"


def test_a_line_has_a_cell_for_every_column():
    line = claims.line(Verdict(CLAIM, "paper", "reproduced", 0.5, 0.4, 0.6, n=(Size(8),), p=0.001))
    assert {*claims.FULL, *claims.CHECKED} <= set(line)
    assert line["claim"] == "T1: It is good"
    assert line["what is measured"] == "the error"
    assert line["margin (from)"] == "at least 2.0 % (paper)"
    assert line["here"] == "50.0 [40.0, 60.0] %, n = 8"
    assert line["p"] == "0.001"
    dated = claims.line(Verdict(CLAIM, "paper", "reproduced", 0.5, n=(Size(8),)), {"fit"})
    assert dated["here"].endswith("†")


def verdict(kind: str, word: str, budget: str = "nightly", name: str = "") -> Verdict:
    return Verdict(replace(CLAIM, kind=kind, id=name or f"{kind} {word}"), budget, word)


def test_only_headlines_are_counted():
    found = [
        *(verdict("headline", word) for word in ("reproduced", "reproduced", "not reproduced")),
        *(verdict("headline", word) for word in ("blocked", "not run")),
        *(verdict(kind, "reproduced") for kind in ("supporting", "criticism", "self-check")),
    ]
    assert claims.headlines_at(found) == (
        "2 of 5 headlines reproduced, 1 not reproduced, 1 blocked, 1 not run"
    )
    assert claims.headlines_at(found[5:]) == "no headline is judged"
    assert [v.claim.kind for v in claims.of_ours(found)] == ["self-check"]
    assert len(claims.of_papers(found)) == 7


def test_a_papers_line_takes_the_deepest_budget_that_decides():
    names = ("a", "b", "c", "d")
    stated = [replace(CLAIM, id=name) for name in names]
    stated[3] = replace(stated[3], blocked="needs a GPU")
    verdicts = {
        "smoke": [verdict("headline", "on track", "smoke", name) for name in "abc"],
        "nightly": [
            verdict("headline", "reproduced", "nightly", "a"),
            verdict("headline", "incomplete", "nightly", "b"),
        ],
    }
    assert claims.headlines(stated, verdicts) == (
        "1 of 4 headlines reproduced, 2 on track, 1 blocked"
    )
    assert claims.headlines([], verdicts) == "no headline is judged"


def test_what_no_budget_judged_waits_for_what_it_says():
    blocked = replace(CLAIM, id="I", blocked="ImageNet; `data pull imagenet`")
    later = replace(CLAIM, id="L", budgets=("nightly", "paper"))
    ours = replace(CLAIM, id="O", kind="self-check")
    verdicts = {"smoke": [verdict("headline", "on track", "smoke", "a")]}
    rows = claims.waiting([replace(CLAIM, id="a"), blocked, later, ours], verdicts)
    assert [row[0].partition(":")[0] for row in rows] == ["I", "L"]
    assert rows[0][2] == "blocked: ImageNet; `data pull imagenet`"
    assert rows[1][2] == "not run: it is judged at budget nightly or paper"
