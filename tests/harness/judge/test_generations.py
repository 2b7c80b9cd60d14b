"""Which rows may stand together, and what they say on average."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import pandas as pd
import pytest

from harness.checks import AtLeast, Direction
from harness.judge import generations
from harness.judge.verdict import Verdict
from harness.paper import Claim, Published, Refused
from harness.plan import discover
from harness.record import tables
from harness.record.journal import Result
from harness.record.lineage import Confirmation, Lineage, Superseded
from tests.lab import measured
from tests.lab.measured import history, result  # noqa: F401
from tests.lab.searching import searched, searching
from tests.lab.throwaway import make_paper

pytestmark = pytest.mark.usefixtures("history")
MANY_YEARS = 4e9  # of the year 2096
LATER = {"commit": "second", "finished": 5.0}  # measured later, under a clock that began in 1970


@pytest.fixture
def paper(tmp_path):
    return make_paper(tmp_path, experiments=("fit", "more"), seeds={"smoke": 3, "paper": 3})


def table(results: Sequence[Result]) -> pd.DataFrame:
    return tables.frame(results)


def judged(folder: Path, results: Sequence[Result], threshold: float = 0.4) -> dict[str, Verdict]:
    """Return {budget: verdict} on the claim that the loss of 'fit' is at least a threshold."""
    found = discover.load(folder)
    check = AtLeast("fit", "loss", threshold)
    claim = Claim(
        "C", "it is large", "", Published("0.4"), check, ("smoke", "paper"), measure="it"
    )
    found = replace(found, paper=replace(found.paper, claims=[claim]))
    return {budget: line[0] for budget, line in generations.judged(table(results), found).items()}


# -- declared -------------------------------------------------------------------------------------


def test_only_rows_of_the_declared_config_at_a_standard_budget_are_declared(paper):
    rows = table(
        [
            result(paper, seed=0),
            result(paper, seed=1, config={"eval_every": 5}),  # --set, another value
            result(paper, seed=2, config={"eval_every": 3}),  # as declared: no override
            result(paper, seed=3, budget_name="nightly"),
            result(paper, seed=4, budget_name="smoke, 10 steps"),
        ]
    )
    found = discover.load(paper)
    assert list(generations.declared(rows, found, "smoke")["seed"]) == [0, 2]
    assert list(generations.declared(rows, found, "nightly")["seed"]) == [3]
    assert generations.declared(rows, found, "paper").empty


def test_rows_of_another_paper_are_not_declared(paper, tmp_path):
    other = make_paper(tmp_path, "other")
    rows = table([result(paper), result(other)])
    assert list(generations.declared(rows, discover.load(other), "smoke")["paper"]) == [other.name]


def test_rows_whose_declaration_has_changed_since_are_not_declared(paper):
    rows = table([result(paper)])
    found = discover.load(paper)
    assert len(generations.declared(rows, found, "smoke")) == 1
    experiments = [replace(e, reduced={"smoke": {"steps": 19}}) for e in found.paper.experiments]
    found = replace(found, paper=replace(found.paper, experiments=experiments))
    assert generations.declared(rows, found, "smoke").empty


def test_rows_with_overrides_are_never_judged(paper):
    sound = [result(paper, seed, 0.5 + seed / 100) for seed in range(3)]
    wild = [result(paper, seed, -9.0, config={"eval_every": 5}) for seed in range(3, 6)]
    wild += [result(paper, seed, -9.0, budget_name="smoke, 10 steps") for seed in range(3)]
    verdicts = judged(paper, [*wild, *sound])
    assert list(verdicts) == ["smoke"]
    assert verdicts["smoke"].size == "3"
    assert verdicts["smoke"].estimate == pytest.approx(0.51)
    assert judged(paper, wild) == {}


# -- generations ----------------------------------------------------------------------------------


def test_the_newest_generation_is_current_experiment_by_experiment(paper):
    rows = table(
        [
            result(paper, 0, code="old", trial="a"),
            result(paper, 0, code="new", trial="b", **LATER),
            result(paper, 1, code="new", trial="c"),
            result(paper, 1, code="old", trial="d"),
            result(paper, 0, experiment="more", code="old", trial="e"),
        ]
    )
    assert sorted(generations.generations(rows)["trial"]) == ["b", "c", "e"]


def test_other_data_is_another_generation(paper):
    rows = table(
        [
            result(paper, 0, data="d1", trial="a"),
            result(paper, 1, data="d2", trial="b", **LATER),
        ]
    )
    assert list(generations.generations(rows)["trial"]) == ["b"]


def test_another_instruction_set_is_another_generation(paper):
    rows = table([result(paper, seed, trial=f"t{seed}") for seed in (0, 1)])
    assert len(generations.generations(rows)) == 2
    assert len(generations.generations(rows.drop(columns="isa"))) == 2  # from before it was known
    for later in (0, 1):
        told = rows.assign(isa=["avx2", ""], commit=["first", "first"])
        told.loc[later, "commit"] = "second"
        assert list(generations.generations(told)["trial"]) == [f"t{later}"]


@pytest.mark.parametrize(("newer", "current"), [(1, "old"), (7, "old"), (8, "new"), (9, "new")])
def test_a_generation_gives_way_to_one_that_is_not_smaller(paper, newer, current):
    old = [result(paper, seed, code="old", trial=f"old{seed}") for seed in range(8)]
    new = [result(paper, seed, code="new", trial=f"new{seed}", **LATER) for seed in range(newer)]
    kept = generations.generations(table([*old, *new]))
    assert set(kept["code"]) == {current}
    assert len(kept) == {"old": 8, "new": newer}[current]


def test_a_generation_gives_way_on_request_whatever_its_size(paper):
    rows = table(
        [result(paper, seed, code="old", trial=f"old{seed}") for seed in range(8)]
        + [result(paper, 0, code="new", trial="new", **LATER)]
    )
    gone = Superseded(paper.name, "fit", "smoke", "old", "d1", rows["isa"][0])
    kept = generations.generations(Lineage(superseded=[gone]).carried(rows))
    assert list(kept["trial"]) == ["new"]


def test_what_gives_way_is_of_one_instruction_set(paper):
    rows = table(
        [result(paper, seed, trial=f"old{seed}") for seed in range(8)]
        + [result(paper, 0, trial="new", **LATER)]
    ).assign(isa=[*["avx512"] * 8, "avx2"])
    assert generations.before_newest(rows, "") == [(rows["code"][0], "d1", "avx512")]
    gone = Superseded(paper.name, "fit", "smoke", *generations.before_newest(rows, "")[0])
    kept = generations.generations(Lineage(superseded=[gone]).carried(rows))
    assert list(kept["trial"]) == ["new"]


def test_code_that_a_replay_confirmed_is_one_generation(paper):
    rows = table(
        [result(paper, seed, code="old", trial=f"old{seed}") for seed in range(2)]
        + [result(paper, 2, code="new", trial="new", **LATER)]
    )
    same = Confirmation(paper.name, "fit", "smoke", "old", "new", "c0ffee", "avx2", "old0")
    assert len(generations.generations(Lineage([same]).carried(rows))) == 3


@pytest.mark.parametrize(("again", "kept"), [(0.5, ["new"]), (0.6, ["new", "old"])])
def test_a_seed_that_was_run_again_counts_once_where_the_numbers_agree(paper, again, kept):
    rows = table(
        [
            result(paper, 0, 0.5, code="old", trial="old"),
            result(paper, 0, again, code="new", trial="new", **LATER),
        ]
    )
    same = Confirmation(paper.name, "fit", "smoke", "old", "new", "c0ffee", "avx2", "old")
    current = generations.generations(Lineage([same]).carried(rows))
    assert sorted(current["trial"]) == kept
    (line,) = generations.summary(current, "loss").to_dict("records")
    assert line["twice"] == (kept != ["new"])
    assert line["n"] == 1


def test_two_rows_of_a_seed_that_disagree_are_invalid_and_the_reason_is_told(paper):
    rows = [result(paper, seed, 0.5 + seed / 100) for seed in range(3)]
    rows.append(result(paper, 2, 0.9, trial="again", **LATER))
    verdict = judged(paper, rows)["smoke"]
    assert verdict.verdict == "invalid"
    assert "the same seed and member twice" in verdict.note


def test_earlier_generations_lend_nothing(paper):
    new = [result(paper, seed, 0.5 + seed / 10, code="new", **LATER) for seed in range(3)]
    calm = [
        result(paper, seed, 9.0 + seed / 1e6, code="old", trial=f"old{seed}") for seed in range(3)
    ]
    assert judged(paper, [*calm, *new]) == judged(paper, new)


# -- claims across papers -------------------------------------------------------------------------


@pytest.fixture
def pair(tmp_path):
    """Two papers side by side; the first claims to be better than the second's 'fit'."""
    first, second = (make_paper(tmp_path, name, experiments=("fit", "more"),
                                seeds={"smoke": 3}) for name in ("first", "second"))  # fmt: skip
    found = discover.load(first)
    check = Direction("fit", f"{second.name}/fit", "loss")
    claim = Claim("X", "it is lower", "", Published("lower"), check, ("smoke",), measure="it")
    return replace(found, paper=replace(found.paper, claims=[claim])), second


def across(pair, results: Sequence[Result], **columns: object) -> Verdict:
    (verdict,) = generations.judged(table(results).assign(**columns), pair[0])["smoke"]
    return verdict


def three(folder: Path, level: float, **how: object) -> list[Result]:
    return [
        result(folder, seed, level * (1 + seed / 100), trial=f"{folder.name}{level}{seed}", **how)
        for seed in range(3)
    ]


def test_a_claim_across_papers_is_judged_when_both_sides_are_there(pair):
    own, other = three(pair[0].path, 0.9), pair[1]
    assert across(pair, [*own, *three(other, 0.5)]).verdict == "reproduced"
    assert across(pair, [*own, *three(other, 0.95)]).verdict == "not reproduced"
    assert across(pair, own).verdict == "not run"
    assert across(pair, [*own, *three(other, 0.5, budget_name="nightly")]).verdict == "not run"
    assert across(pair, [*own, *three(other, 0.5, experiment="more")]).verdict == "not run"
    assert across(pair, [*own, *three(other, 0.5, config={"eval_every": 5})]).verdict == "not run"


def test_of_another_paper_only_the_current_generation_counts(pair):
    old = three(pair[1], 0.95, code="old", finished=MANY_YEARS)
    rows = [*three(pair[0].path, 0.9), *old, *three(pair[1], 0.5, **LATER)]
    assert across(pair, rows).verdict == "reproduced"


def test_an_experiment_that_no_paper_has_is_not_run(pair):
    found, other = pair
    check = Direction("fit", f"{other.name}/fitted", "loss")
    claims = [replace(found.paper.claims[0], check=check)]
    found = replace(found, paper=replace(found.paper, claims=claims))
    (verdict,) = generations.judged(table(three(found.path, 0.9)), found)["smoke"]
    assert verdict.verdict == "not run"


# -- stand-ins ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("largest", "word"), [(0.6, "reproduced"), (0.4, "invalid"), (None, "reproduced")]
)
def test_a_claim_that_a_stand_in_meets_is_invalid(tmp_path, largest, word):
    found = searching(tmp_path)
    rows = table(searched(found, largest))
    (verdict,) = generations.judged(rows, found)["smoke"]
    assert verdict.verdict == word
    assert verdict.estimate == pytest.approx(0.2, abs=0.01)  # what was measured is still told
    met = generations.met(rows, found, "smoke")
    assert met == ({"loss": "largest"} if word == "invalid" else {})
    if met:
        assert verdict.note == "met by largest, which does not search"


def test_a_stand_in_may_be_of_another_paper(tmp_path):
    other = make_paper(tmp_path, "other", experiments=("constant",))
    found = searching(tmp_path, f"{other.name}/constant")
    text = (other / "paper.py").read_text()
    (other / "paper.py").write_text(text.replace("seeds=SEEDS", "deterministic=True"))
    constant = result(other, 0, 0.4, experiment="constant")
    rows = table([*searched(found, None), constant])
    assert generations.met(rows, found, "smoke") == {"loss": f"{other.name}/constant"}


def test_a_stand_in_that_lacks_the_metric_meets_nothing(tmp_path):
    found = searching(tmp_path)
    (claim,) = found.paper.claims
    check = Direction("more", "fit", "gain", other="gain_less")
    found = replace(found, paper=replace(found.paper, claims=[replace(claim, check=check)]))
    rows = table(searched(found, 0.4))
    rows = rows.assign(gain=rows["loss"])
    rows["gain_less"] = rows["loss"].where(rows["experiment"] != "largest")
    (verdict,) = generations.judged(rows, found)["smoke"]
    assert verdict.verdict == "reproduced"
    assert generations.met(rows, found, "smoke") == {}


# -- mixtures -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("other", "named"),
    [
        ({"data": "d2"}, "data_hash differs within one cell: d1 | d2"),
        ({"budget_name": "smoke, 10 steps"}, "budget differs within one cell: smoke | smoke, 10"),
        ({"config": {"eval_every": 5}}, "config differs within one cell"),
    ],
)
def test_what_cannot_be_compared_is_not_averaged(paper, other, named):
    rows = table([result(paper, 0), result(paper, 1, **other)])
    with pytest.raises(Refused) as refused:
        generations.summary(rows, "loss")
    assert f"{paper.name}: fit: {named}" in str(refused.value)


def test_a_summary_has_mean_interval_and_the_cost_of_one_replicate(paper):
    rows = table([result(paper, seed, loss) for seed, loss in enumerate((0.1, 0.2, 0.3))])
    (line,) = generations.summary(rows, "loss").to_dict("records")
    assert (line["n"], line["mean"], line["sd"]) == (3, pytest.approx(0.2), pytest.approx(0.1))
    reach = 4.302653 * 0.1 / 3**0.5  # t of 2 degrees of freedom, 97.5 %
    assert (line["low"], line["high"]) == (
        pytest.approx(0.2 - reach, rel=1e-5),
        pytest.approx(0.2 + reach, rel=1e-5),
    )
    assert (line["steps"], line["seconds"], line["flops"]) == (40.0, 0.5, 80.0)
    context = line["device"], line["data_hash"], line["commit"]
    assert context == (measured.MADE["device"], "d1", "first")


def test_one_replicate_has_no_interval(paper):
    (line,) = generations.summary(table([result(paper)]), "loss").to_dict("records")
    assert pd.isna([line["sd"], line["low"], line["high"]]).all()


@pytest.mark.parametrize("count", [2, 3])
def test_there_is_no_interval_below_three_trials(paper, count):
    rows = table([result(paper, seed, 0.1 * seed) for seed in range(count)])
    (line,) = generations.summary(rows, "loss").to_dict("records")
    assert pd.isna([line["low"], line["high"]]).all() == (count < 3)
    assert line["sd"] > 0


def test_members_of_one_trial_are_one_unit_unless_they_are_independent(paper):
    rows = table([result(paper, seed, 0.1 * seed) for seed in range(3)])
    rows = pd.concat([rows, rows.assign(member=1, loss=rows["loss"] + 0.01)], ignore_index=True)
    (line,) = generations.summary(rows, "loss").to_dict("records")
    assert (line["n"], line["each"]) == (3, 2)
    assert line["sd"] == pytest.approx(0.1)
    alone = [(paper.name, "fit")]
    (line,) = generations.summary(rows, "loss", independent=alone).to_dict("records")
    assert (line["n"], line["each"]) == (6, 1)


def test_the_cost_is_what_is_charged_and_the_searches_of_a_trial_are_counted(paper):
    rows = table([result(paper, seed, 0.1 * seed) for seed in range(3)])
    config = '{"searches": 64}'
    rows = rows.assign(config=config, charged_seconds=130.0, charged_steps=rows["steps"])
    (line,) = generations.summary(rows, "loss").to_dict("records")
    assert (line["seconds"], line["charged"]) == (130.0, ("seconds",))
    assert (line["n"], line["each"]) == (3, 64)
    own = pd.concat([rows.assign(member=member) for member in range(64)], ignore_index=True)
    (line,) = generations.summary(own, "loss").to_dict("records")
    assert (line["n"], line["each"]) == (3, 64)  # a row for every search
    (line,) = generations.summary(own, "loss", [(paper.name, "fit")]).to_dict("records")
    assert (line["n"], line["each"]) == (192, 1)
    rows.loc[0, "charged_seconds"] = float("nan")  # then it is not known of all
    (line,) = generations.summary(rows, "loss").to_dict("records")
    assert (line["seconds"], line["charged"]) == (0.5, ())


# -- curves and words -----------------------------------------------------------------------------


def test_curves_are_averaged_turn_by_turn(paper):
    first, second = result(paper, 0), result(paper, 1)
    for made, losses in ((first, (1.0, 0.5)), (second, (3.0, 1.5))):
        (last,) = made.rows
        made.rows = [
            {**last, "turn": turn, "values": {"loss": loss}}
            for turn, loss in zip((1, 2), losses, strict=True)
        ]
    mean = generations.averages(tables.curves([first, second]))
    assert list(mean["turn"]) == [1, 2]
    assert list(mean["mean"]) == [2.0, 1.0]
    assert list(mean["sd"]) == pytest.approx([2**0.5, 0.5**0.5])
    assert set(mean["n"]) == {2}
    assert generations.averages(tables.curves([])).empty


def test_curves_with_a_place_of_their_own_are_averaged_place_by_place(paper, tmp_path):
    first, second = result(paper, 0), result(paper, 1)
    for made, shift in ((first, 0.0), (second, 2.0)):
        (last,) = made.rows
        made.rows = [
            {**last, "turn": 5, "values": {"at": width, "gap": width / 10 + shift}}
            for width in (2, 30)
        ] + [{**last, "turn": 5, "values": {"loss": shift}}]
    mean = generations.averages(tables.curves([first, second]))
    assert list(mean["metric"]) == ["gap", "gap", "loss"]
    assert list(mean["at"])[:2] == [2.0, 30.0] and mean["at"].isna().sum() == 1
    assert list(mean["mean"]) == pytest.approx([1.2, 4.0, 1.0])
    assert "at" not in tables.frame([first])  # it is a place, not a measurement
