"""Which experiments a night runs, with which seeds, and how they take turns."""

from __future__ import annotations

from datetime import date, timedelta
from pathlib import Path

import pytest

from harness import budget
from harness.budget import Budget
from harness.paper import Experiment, Refused
from harness.plan import discover, night
from harness.plan.night import Watch
from tests.lab.throwaway import make_paper

ROOT = Path(__file__).parents[3]
NIGHTLY = budget.standard("nightly")
DAY = date(2026, 12, 1)


@pytest.fixture
def folder(tmp_path):
    return discover.load(make_paper(tmp_path, experiments=("fit", "other", "third")))


def watch(folder, name="fit", **how) -> Watch:
    (known,) = (e for e in folder.paper.experiments if e.name == name)
    made = Experiment(known.name, known.task, known.config, known.run, known.phases, **how)
    return Watch(folder, made, {"loss": {"claim": None}})


def test_no_two_nights_of_ten_years_share_a_seed():
    days = [DAY + timedelta(days=n) for n in range(3653)]
    seeds = [seed for day in days for seed in night.seeds(day)]
    assert len(set(seeds)) == len(seeds) == 3 * 3653


def test_a_night_has_the_same_seeds_whenever_it_is_asked_for():
    assert night.seeds(DAY) == night.seeds(date(2026, 12, 1)) == [2219853, 2219854, 2219855]


def test_seeds_of_this_century_are_beyond_those_that_a_number_of_seeds_reaches():
    from harness.cli.ranges import LARGEST_SEED, MOST_SEEDS

    assert night.seeds(date(2000, 1, 1))[0] > MOST_SEEDS
    assert night.seeds(date(9999, 12, 31))[-1] <= LARGEST_SEED


@pytest.mark.parametrize("text", ["1 December", "2026-13-01", "2026-02-30", ""])
def test_what_is_no_date_is_refused(text):
    with pytest.raises(Refused, match=r"--date '.*'.*write it as 2026-12-01"):
        night.day(text)


def test_a_night_watches_what_headline_and_supporting_claims_read(folder):
    (found,) = night.watched([folder], [folder], "nightly")
    assert found.experiment.name == "fit"
    assert list(found.metrics) == ["loss"]
    assert list(found.metrics["loss"]) == [f"{folder.name}: loss"]


def test_it_watches_nothing_at_a_budget_that_judges_no_claim(folder):
    assert night.watched([folder], [folder], "check") == []


def test_claims_of_other_papers_are_heard_and_time_is_not_watched():
    papers = discover.load_all(ROOT / "papers")
    (nasnet,) = (folder for folder in papers if folder.name == "nasnet")
    found = {w.experiment.name: w for w in night.watched([nasnet], papers, "nightly")}
    readers = {claim.split(":")[0] for claim in found["league/tabular"].metrics["regret_50"]}
    assert readers == {"amoebanet"}
    everything = night.watched(papers, papers, "nightly")
    assert all("seconds" not in w.metrics for w in everything)
    assert {w.folder.name for w in everything} >= {"darts", "enas", "gtn", "mnist1d", "nasnet"}


def test_three_trials_or_one_that_trains_three_replicates(folder):
    assert watch(folder).trials(NIGHTLY) == 3
    assert watch(folder, replicates=8, independent=True).trials(NIGHTLY) == 1
    assert watch(folder, replicates=2, independent=True).trials(NIGHTLY) == 2
    assert watch(folder, replicates=8).trials(NIGHTLY) == 3  # its members share something
    assert watch(folder, deterministic=True).trials(NIGHTLY) == 1


def test_what_fits_into_the_budget_runs_every_night(folder):
    own = [watch(folder, name, expected={"nightly": 400}) for name in ("fit", "other", "third")]
    assert night.parts(own, NIGHTLY) == [own]


def test_what_does_not_takes_turns_and_each_turn_fits(folder):
    own = [watch(folder, name, expected={"nightly": 500}) for name in ("fit", "other", "third")]
    nights = night.parts(own, NIGHTLY)
    assert nights == [own[:2], own[2:]]
    assert all(sum(w.seconds(NIGHTLY) for w in part) <= 3600 for part in nights)
    turns = [night.tonight(nights, DAY + timedelta(days=n))[0] for n in range(4)]
    assert sorted(turns[:2]) == sorted(turns[2:]) == [0, 1]


def test_an_experiment_that_is_too_long_alone_has_a_turn_to_itself(folder):
    own = [watch(folder, "fit", expected={"nightly": 2000}), watch(folder, "other")]
    assert night.parts(own, NIGHTLY) == [[own[0]], [own[1]]]


def test_papers_do_not_share_a_budget(folder, tmp_path):
    other = discover.load(make_paper(tmp_path / "beside", name="seventh"))
    own = [watch(each, expected={"nightly": 1000}) for each in (folder, other)]
    assert night.parts(own, NIGHTLY) == [own]


def test_a_budget_without_a_size_is_refused(folder):
    with pytest.raises(Refused, match="--budget paper: has no size"):
        night.parts([watch(folder)], Budget("paper"))


def test_every_paper_fits_into_a_week_of_nights():
    papers = discover.load_all(ROOT / "papers")
    assert len(night.parts(night.watched(papers, papers, "nightly"), NIGHTLY)) <= 7
