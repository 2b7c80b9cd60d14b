"""What a claim may say is refused with its id: experiments that are not there, wide margins."""

from __future__ import annotations

from dataclasses import replace

import pytest

from harness.checks import AtLeast, Direction, Effect, Same
from harness.paper import Claim, Published
from harness.plan import claims, discover
from tests.lab.throwaway import make_paper

NONE = Published("not printed")


@pytest.fixture
def found(tmp_path):
    return discover.load(make_paper(tmp_path, experiments=("fit", "more")))


def problems(found, *stated, **origins):
    paper = replace(found.paper, claims=list(stated))
    return list(claims.problems(replace(found, paper=paper, origins=origins)))


def claim(name, check, published=NONE, **how):
    return Claim(name, "", "", published, check, ("smoke",), measure="it", **how)


def size(value):
    return Published(f"{value}", value, unit="%", dataset="none")


# -- experiments ----------------------------------------------------------------------------------


def test_a_claim_may_read_what_another_paper_has(found, tmp_path):
    other = make_paper(tmp_path, "other", experiments=("far",))
    assert problems(found, claim("X", Direction("fit", f"{other.name}/far", "loss"))) == []


@pytest.mark.parametrize(
    ("name", "told"),
    [
        ("{other}/fart", "{other} has no experiment 'fart'; did you mean '{other}/far'?"),
        ("{other}s/far", "no paper has an experiment '{other}s/far'; did you mean '{other}/far'?"),
        ("nowhere/at/all", "no paper has an experiment 'nowhere/at/all'; "),
    ],
)
def test_an_experiment_that_no_paper_has_is_refused_with_the_nearest(found, tmp_path, name, told):
    other = make_paper(tmp_path, "other", experiments=("far",)).name
    check = Direction("fit", name.format(other=other), "loss")
    (problem,) = problems(found, claim("X", check))
    assert problem.startswith("claim 'X': " + told.format(other=other))


def test_own_experiments_win_over_those_of_a_paper_of_that_name(tmp_path):
    other = make_paper(tmp_path, "other", experiments=("far",))
    mine = discover.load(make_paper(tmp_path, experiments=(f"{other.name}/far",)))
    assert mine.named(f"{other.name}/far")[0] is mine


def test_a_claim_is_judged_where_all_that_it_reads_is_run(found, tmp_path):
    other = make_paper(tmp_path, "other", experiments=("far",))
    text = (other / "paper.py").read_text()
    (other / "paper.py").write_text(text.replace("seeds=SEEDS", 'skipped=("smoke",)'))
    check = Direction("fit", f"{other.name}/far", "loss")
    assert problems(found, claim("X", check)) == [
        f"claim 'X' is judged at smoke, where '{other.name}/far' is skipped"
    ]


def test_a_stand_in_that_is_no_experiment_is_refused_with_the_claim(found):
    task = replace(found.paper.experiments[0].task, stand_ins=(f"{found.name}/largest",))
    experiments = [replace(each, task=task) for each in found.paper.experiments]
    found = replace(found, paper=replace(found.paper, experiments=experiments, claims=[]))
    check = Direction("more", "fit", "loss")
    (problem,) = problems(found, claim("X", check, subject="fit"))
    assert problem.startswith("claim 'X': stand-ins: ")
    assert "has no experiment 'largest'" in problem


# -- margins --------------------------------------------------------------------------------------

SAME = claim("S", Same("fit", "more", "loss", 0.04))


@pytest.mark.parametrize(
    ("other", "limit"),
    [
        (claim("E", Effect("fit", "more", "loss", 0.05)), 0.1),  # twice what it must exceed
        (claim("E", Effect("fit", "more", "loss", 0.03)), 0.06),
        (claim("E", Direction("fit", "more", "loss"), size(0.07)), 0.07),
        (claim("E", Direction("fit", "more", "loss"), size(-0.07)), 0.07),
        (claim("E", Effect("fit", "more", "loss", 0.01), size(0.09)), 0.09),
        (
            claim("E", Direction("fit", "more", "loss", base=2.0), size(1.05)),
            0.0703893,
        ),
        (claim("E", Direction("fit", "more", "loss")), None),  # no size is claimed
        (claim("E", Effect("fit", "more", "loss", 0.01), unit="points"), None),
        (claim("E", Effect("fit", "more", "loss", 0.01), kind="self-check"), None),
        (claim("E", AtLeast("fit", "loss", 0.01)), None),
    ],
)
def test_same_has_a_margin_of_at_most_half_the_smallest_effect(found, other, limit):
    told = problems(found, SAME, other)
    if limit is None or limit / 2 >= 0.04:
        assert told == []
    else:
        assert told == [
            "claim 'S': margin=0.04 is more than half of the smallest effect claimed in its "
            f"study, {limit:g} of claim 'E'"
        ]


def test_the_smallest_of_several_counts_in_the_metric_that_is_compared(found):
    wide = claim("W", Effect("fit", "more", "loss", 0.5))
    small = claim("E", Effect("fit", "more", "loss", 0.02))
    other = claim("O", Effect("fit", "more", "gain", 0.001))
    (problem,) = problems(found, SAME, wide, small, other)
    assert problem.endswith("0.04 of claim 'E'")
    (problem,) = problems(found, SAME, other)  # nothing in its own metric
    assert problem.endswith("0.002 of claim 'O'")


def test_another_study_has_margins_of_its_own(found):
    small = claim("E", Effect("fit", "more", "loss", 0.02))
    assert problems(found, SAME, small, S="one", E="two") == []
    assert len(problems(found, SAME, small, S="one", E="one")) == 1
