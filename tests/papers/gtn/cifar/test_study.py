"""Images of outer losses, the race against real data, scores that can be had again, and costs."""

from __future__ import annotations

import json
from dataclasses import asdict, replace
from random import Random
from types import SimpleNamespace

import pytest
import torch

from harness.paper import Refused
from harness.training import augment
from papers.cells.child.images import synthetic
from papers.gtn import experiment, users
from papers.gtn.cifar import images, search, study, teach
from papers.gtn.cifar.config import CifarRace, CifarSearch, CifarTeaching
from papers.gtn.cifar.search import Ranking, Scored
from papers.gtn.cifar.space import SPACE
from papers.gtn.exported import Bundle, bundle
from papers.gtn.teaching import Teacher
from tests.lab import stored
from tests.lab.testbeds import trial_of

EXPERIMENTS = {e.name: e for e in study.EXPERIMENTS}
pytestmark = pytest.mark.usefixtures("prepared", "one_thread")


def at_check(name: str):
    return EXPERIMENTS[name].at("check")


def begun(lab, **changes: object) -> tuple[CifarSearch, object, Teacher]:
    config = replace(at_check(study.SEARCH), **changes)
    trial = trial_of(lab, config, EXPERIMENTS[study.SEARCH].phases)
    rows = images.rows(config, trial)
    return config, trial, experiment.start(config, trial, rows, teach.learner(config))


def test_the_defaults_are_the_authors():
    found = CifarTeaching()
    assert (found.inner_steps, found.batch, found.meta_batch, found.period) == (128, 128, 256, 16)
    assert (found.outer_lr, found.beta, found.eps, found.last_lr) == (0.004, 0.9, 1e-5, 0.1)
    assert (found.outer_steps, found.segment, found.statistics) == (2000, 1, "last")
    own = CifarSearch()
    assert (own.cells, own.cell_channels) == (3, 32)
    assert own.recipe.lr == 0.025 and not (own.recipe.auxiliary or own.recipe.drop_path)
    assert all(e.skipped == ("smoke", "nightly") for e in study.EXPERIMENTS)


def test_claims_of_cifar_10_wait_for_it():
    for claim in study.CLAIMS:
        assert claim.budgets == ("paper",) and claim.blocked.startswith("CIFAR-10, which is not")
        assert claim.check.experiments[0] in claim.blocked


# -- images ---------------------------------------------------------------------------------------


def test_what_is_drawn_for_an_outer_loss_is_augmented(lab):
    config = at_check(study.FULL)
    rows = images.rows(config, trial_of(lab, config, study.META))
    whole = synthetic(32, "cpu", images.HELD_OUT)
    assert rows.train.x.dtype == torch.uint8
    drawn = rows.train.draw(6, torch.Generator().manual_seed(3))
    random = torch.Generator().manual_seed(3)
    chosen = torch.randint(len(whole.train.y), (6,), generator=random)
    own = augment.Recipe(images.MEAN, images.STD)(whole.train.x[chosen], random)
    assert torch.equal(drawn.x, own) and torch.equal(drawn.y, whole.train.y[chosen])
    plain = augment.normalise(whole.train.x[chosen], images.MEAN, images.STD)
    assert not torch.equal(drawn.x, plain)
    first = whole.test.open().x[: config.tested].double() / 255
    mean, std = (torch.tensor(n).double().view(3, 1, 1) for n in (images.MEAN, images.STD))
    torch.testing.assert_close(rows.test.x, ((first - mean) / std).float())


def test_a_tenth_of_the_stored_rows_validates(lab, tmp_path, monkeypatch):
    stored.put(stored.take_out("cifar10_subset", tmp_path), monkeypatch)
    config = study.SMALL
    rows = images.rows(config, trial_of(lab, config, study.META))
    assert len(rows.train.y) + len(rows.val.y) == 8068 and len(rows.val.y) == 808
    assert len(rows.test.y) == 1017
    assert abs(rows.val.x.mean().item()) < 0.1 and rows.val.x.std().item() == pytest.approx(1, 0.1)


def test_an_exported_curriculum_knows_the_mean_of_each_channel(lab, monkeypatch):
    _, trial, teacher = begun(lab)
    rows = images.rows(teacher.config, trial)
    said = json.loads(json.dumps(bundle(teacher, rows, 1).said))
    assert said["mean"] == list(images.MEAN) and said["deviation"] == list(images.STD)
    whole = synthetic(32, "cpu", 0.0).test.open()
    monkeypatch.setattr(users.data, "load", lambda name, part: whole)
    read = users.tested(Bundle({}, {**said, "dataset": "cifar10"}))
    expected = augment.normalise(whole.x, images.MEAN, images.STD)
    torch.testing.assert_close(read.x, expected, rtol=1e-5, atol=1e-5)


# -- the race -------------------------------------------------------------------------------------


def test_steps_that_come_to_an_accuracy_are_read_off_between_two_lengths():
    assert teach.caught_up([(64, 0.3)], 0.2) == 64
    assert teach.caught_up([(64, 0.3), (256, 0.5)], 0.5) == pytest.approx(256)
    assert teach.caught_up([(64, 0.3), (256, 0.5)], 0.4) == pytest.approx(128)
    assert teach.caught_up([(64, 0.3), (256, 0.5)], 0.6) == 256


@pytest.mark.parametrize(("goal", "steps", "there"), [(0.0, 1, True), (1.1, 2, False)])
def test_a_race_ends_where_real_data_have_caught_up(lab, goal: float, steps: int, there: bool):
    config = at_check(study.FULL)
    trial = trial_of(lab, config, study.META)
    rows = images.rows(config, trial)
    row = teach.race(config, trial, rows, teach.learner(config), goal)
    assert (row["real_steps"], row["caught_up"]) == (steps, there)
    assert row["speedup"] == steps / config.inner_steps
    assert row["real_rate"] in config.real_rates
    assert row == teach.race(config, trial, rows, teach.learner(config), goal)


def test_longer_training_on_real_data_learns_more(lab, tmp_path, monkeypatch):
    """The other side of the race is ordinary training that works."""
    stored.put(stored.take_out("cifar10_subset", tmp_path), monkeypatch)
    config = replace(study.SMALL, raced=1, tested=500)
    trial = trial_of(lab, config, study.META)
    rows = images.rows(config, trial)
    own = teach.learner(config)
    short, long = (teach.on_real(config, trial, rows, own, n, 0.1, "val") for n in (1, 64))
    assert long > short + 0.05


# -- the search -----------------------------------------------------------------------------------


@pytest.mark.slow
def test_a_score_is_had_again_from_its_record_bit_for_bit(lab):
    config, trial, teacher = begun(lab)
    teacher.update(0)
    ranking = Ranking()
    real = teacher.real.draw(200, torch.Generator().manual_seed(0))
    one = search.scoring(config, trial, teacher, real, ranking)
    for turn in range(3):
        one(turn)
    assert len({each.cell for each in ranking.scored}) == 3
    kept = json.loads(json.dumps(ranking.state_dict()))
    again = Ranking()
    again.load_state_dict(kept)
    assert again.scored == ranking.scored
    for record in again.scored:
        own = search.network(config, record.genotype)
        assert search.score(teacher, real, own, record.seed) == record
    assert ranking.best == max(ranking.scored, key=lambda each: each.score)


def test_a_record_of_another_space_is_refused():
    text = SPACE.random(Random(0)).text
    assert Scored(text, 0, 0.5).genotype.text == text
    with pytest.raises(Refused, match="in gtn"):
        _ = Scored(text.replace("conv_1x1", "sep_conv_3x3"), 0, 0.5).genotype


def test_ranks_are_those_of_the_better_half_by_score():
    true = [0.1, 0.2, 0.3, 0.4, 0.8, 0.7, 0.6, 0.5]
    scores = [1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 7.0, 8.0]
    row = search.ranks(true, scores, [1, 2, 1, 2, 1, 2, 1, 2])
    assert row["rho_top"] == pytest.approx(-1) and row["rho"] > 0
    assert row["regret_at_1"] == pytest.approx(0.3) and row["regret_at_5"] == 0
    perfect = search.ranks(true, true, scores)
    assert perfect["rho"] == perfect["rho_top"] == pytest.approx(1)
    assert perfect["regret_at_1"] == 0


def test_meta_training_has_paid_when_real_steps_would_have_cost_as_much():
    config = CifarSearch()
    ledgers = {"meta": SimpleNamespace(flops=3e6), "score": SimpleNamespace(flops=400.0, turns=4)}
    row = search.costs(config, SimpleNamespace(meter=SimpleNamespace(ledgers=ledgers)))
    real = 100 * 1200 / 128
    assert row["score_flops"] == 100
    assert row["break_even"] == pytest.approx(3e6 / (real - 100))
    assert 3e6 + row["break_even"] * 100 == pytest.approx(row["break_even"] * real)


@pytest.mark.slow
def test_a_whole_search_keeps_all_that_it_scored(lab):
    config = at_check(study.SEARCH)
    trial = trial_of(lab, config, EXPERIMENTS[study.SEARCH].phases)
    rows = list(search.run(config, trial))
    scored = [row for row in rows if "score" in row][:-1]
    assert [row["at"] for row in scored] == [0, 1, 2]
    records = json.loads((trial.artifacts / search.RECORDS).read_text())
    assert records == [{name: row[name] for name in asdict(Scored("", 0, 0))} for row in scored]
    last = rows[-1]
    assert -1 <= last["rho_top"] <= 1 and last["break_even"] > 0
    assert last["cell"] == max(scored, key=lambda row: row["score"])["cell"]
    assert sum("child_test_error" in row for row in rows) == len(config.judged)


@pytest.mark.parametrize(
    ("own", "changes", "said"),
    [
        (CifarTeaching, {"dataset": "cifar100"}, "unknown dataset 'cifar100'"),
        (CifarTeaching, {"strides": (1, 2)}, r"strides=\(1, 2\): must be 1 or 2 for each of 5"),
        (CifarTeaching, {"strides": (1, 2, 3, 2, 1)}, r"strides=\(1, 2, 3, 2, 1\): must be 1 or"),
        (CifarTeaching, {"channels": ()}, r"channels=\(\): must be numbers"),
        (CifarTeaching, {"learners": 2}, "learners=2: learners of images are not stacked"),
        (CifarTeaching, {"treatment": "semi"}, "treatment=semi: is not built here"),
        (CifarTeaching, {"tested": 0}, "tested=0"),
        (CifarRace, {"real_lengths": (8, 4)}, r"real_lengths=\(8, 4\): must rise"),
        (CifarRace, {"real_rates": (0.0,)}, r"real_rates=\(0.0,\): must rise"),
        (CifarRace, {"raced": 0}, "raced=0"),
        (CifarSearch, {"judged": (0, 200)}, r"judged=\(0, 200\): must rise"),
        (CifarSearch, {"judged": (3,)}, r"judged=\(3,\): must be at least two"),
        (CifarSearch, {"cell_channels": 4}, "cell_channels=4: must be at least 8"),
        (CifarSearch, {"cell_channels": 33}, "cell_channels=33: must be even; the nearest is 34"),
        (CifarSearch, {"as_well": 128}, "as_well=128: must be at least 129"),
        (CifarSearch, {"truth_lr": 0.0}, "lr=0.0"),
    ],
)
def test_impossible_settings_are_refused_in_one_line(own: type, changes: dict, said: str):
    with pytest.raises(Refused, match=said) as refusal:
        own(**changes)
    assert "\n" not in str(refusal.value)
