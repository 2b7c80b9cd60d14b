"""Which rows may stand together, and what they say on average."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import pandas as pd
import pytest

from harness.checks import AtLeast
from harness.judge import generations
from harness.judge.verdict import Verdict
from harness.paper import Claim, Published, Refused
from harness.plan import discover
from harness.record import tables
from harness.record.journal import Result
from harness.record.lineage import Confirmation, Lineage, Superseded
from tests.lab import measured
from tests.lab.measured import result
from tests.lab.throwaway import make_paper


@pytest.fixture
def paper(tmp_path):
    return make_paper(tmp_path, experiments=("fit", "more"))


def table(results: Sequence[Result]) -> pd.DataFrame:
    return tables.frame(results)


def judged(folder: Path, results: Sequence[Result], threshold: float = 0.4) -> dict[str, Verdict]:
    """Return {budget: verdict} on the claim that the loss of 'fit' is at least a threshold."""
    found = discover.load(folder)
    check = AtLeast("fit", "loss", threshold)
    claim = Claim("C", "it is large", "Table 1", Published("0.4", 0.4), check, ("smoke", "paper"))
    found = replace(found, paper=replace(found.paper, claims=[claim]))
    return {budget: line[0] for budget, line in generations.judged(table(results), found).items()}


# -- declared -------------------------------------------------------------------------------------


def test_only_rows_of_the_declared_config_at_a_standard_budget_are_declared(paper):
    rows = table(
        [
            result(paper, seed=0),
            result(paper, seed=1, config={"eval_every": 5}),  # --set, another value
            result(paper, seed=2, config={"eval_every": 3}),  # --set, the declared value
            result(paper, seed=3, budget_name="nightly"),
            result(paper, seed=4, budget_name="smoke, 10 steps"),
        ]
    )
    found = discover.load(paper)
    assert list(generations.declared(rows, found, "smoke")["seed"]) == [0]
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
    assert verdicts["smoke"].n == (3,)
    assert verdicts["smoke"].estimate == pytest.approx(0.51)
    assert judged(paper, wild) == {}


# -- generations ----------------------------------------------------------------------------------


def test_the_newest_generation_is_current_experiment_by_experiment(paper):
    rows = table(
        [
            result(paper, 0, code="old", trial="a", finished=1000),
            result(paper, 0, code="new", trial="b", finished=2000),
            result(paper, 1, code="new", trial="c", finished=1500),
            result(paper, 1, code="old", trial="d", finished=1400),
            result(paper, 0, experiment="more", code="old", trial="e", finished=1100),
        ]
    )
    current, earlier = generations.generations(rows)
    assert sorted(current["trial"]) == ["b", "c", "e"]
    assert sorted(earlier["trial"]) == ["a", "d"]


def test_other_data_is_another_generation(paper):
    rows = table(
        [
            result(paper, 0, data="d1", trial="a", finished=1000),
            result(paper, 1, data="d2", trial="b", finished=2000),
        ]
    )
    current, earlier = generations.generations(rows)
    assert (list(current["trial"]), list(earlier["trial"])) == (["b"], ["a"])


@pytest.mark.parametrize(("newer", "current"), [(1, "old"), (7, "old"), (8, "new"), (9, "new")])
def test_a_generation_gives_way_to_one_that_is_not_smaller(paper, newer, current):
    old = [result(paper, seed, code="old", trial=f"old{seed}") for seed in range(8)]
    new = [
        result(paper, seed, code="new", trial=f"new{seed}", finished=2000) for seed in range(newer)
    ]
    kept, others = generations.generations(table([*old, *new]))
    assert set(kept["code"]) == {current}
    assert len(kept) + len(others) == 8 + newer


def test_a_generation_gives_way_on_request_whatever_its_size(paper):
    rows = table(
        [result(paper, seed, code="old", trial=f"old{seed}") for seed in range(8)]
        + [result(paper, 0, code="new", trial="new", finished=2000)]
    )
    gone = Superseded(paper.name, "fit", "smoke", "old", "d1")
    kept, _ = generations.generations(Lineage(superseded=[gone]).carried(rows))
    assert list(kept["trial"]) == ["new"]


def test_code_that_a_replay_confirmed_is_one_generation(paper):
    rows = table(
        [result(paper, seed, code="old", trial=f"old{seed}") for seed in range(2)]
        + [result(paper, 2, code="new", trial="new", finished=2000)]
    )
    same = Confirmation(paper.name, "fit", "smoke", "old", "new", "c0ffee", "avx2", "old0")
    kept, others = generations.generations(Lineage([same]).carried(rows))
    assert (len(kept), len(others)) == (3, 0)


def test_earlier_generations_lend_their_variance_and_nothing_else(paper):
    new = [result(paper, seed, 0.5 + seed / 10, code="new", finished=2000) for seed in range(3)]
    calm = [
        result(paper, seed, 9.0 + seed / 1e6, code="old", trial=f"old{seed}")
        for seed in range(3, 6)
    ]
    alone, lent = (judged(paper, made, 0.5)["smoke"] for made in (new, [*calm, *new]))
    assert lent.estimate == alone.estimate == pytest.approx(0.6)
    assert lent.n == alone.n == (3,)
    assert lent.high - lent.low < 0.6 * (alone.high - alone.low)
    assert (alone.verdict, lent.verdict) == ("inconclusive", "on track")


def test_earlier_rows_on_other_data_lend_nothing(paper):
    new = [result(paper, seed, 0.5 + seed / 10, finished=2000) for seed in range(3)]
    other = [
        result(paper, seed, 0.6, data="d2", trial=f"other{seed}", finished=1000)
        for seed in range(3, 6)
    ]
    assert judged(paper, [*other, *new]) == judged(paper, new)


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
    assert context == (measured.MADE["device"], "d1", "abc")


def test_one_replicate_has_no_interval(paper):
    (line,) = generations.summary(table([result(paper)]), "loss").to_dict("records")
    assert pd.isna([line["sd"], line["low"], line["high"]]).all()


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
