"""Who counts as one unit of a verdict: members share nothing random, and claims have three."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch

from harness.paper import Experiment, number_of, resolve
from harness.plan.discover import load
from harness.trial import Trial

FOLDER = load(Path("papers/mnist1d"))
BY_NAME = {experiment.name: experiment for experiment in FOLDER.paper.experiments}
STACKED = [e for e in FOLDER.paper.experiments if e.replicates != 1]
ONE_OF_EACH = (
    "benchmark/mlp",
    "pooling/max",
    "meta_lr/high",
    "double_descent/mlp/noisy",
    "double_descent/cnn/noisy",
    "contrastive/default",
    "embedding/contrastive",
    "meta_activation/learned",
    "meta_activation/learned/resampled",
    "meta_activation/fixed/relu",
)


def test_every_kind_of_stacked_run_is_looked_at():
    assert {BY_NAME[name].run for name in ONE_OF_EACH} == {e.run for e in STACKED}
    assert all(experiment.independent for experiment in STACKED)


@pytest.mark.parametrize("name", ONE_OF_EACH)
def test_members_share_nothing_that_is_drawn(name: str, lab: Callable[..., Trial], prepared: None):
    experiment = BY_NAME[name]
    config = experiment.at("check")
    members = max(2, number_of(experiment.replicates, config))
    config = type(config)(**{**vars(config), "members": members})
    trial = lab(resolve(experiment.phases, config))
    asked: dict[tuple[str | int, ...], set[str | int]] = defaultdict(set)
    draw = trial.stream

    def stream(*names: str | int) -> int:
        asked[names[:-1]].add(names[-1])
        return draw(*names)

    trial.stream = stream  # type: ignore[method-assign]
    around = [torch.get_rng_state(), np.random.get_state()[1].copy()]
    rows = list(FOLDER.function(experiment)(config, trial))
    assert {row["member"] for row in rows} == set(range(members))
    assert asked
    for what, who in asked.items():
        assert who == set(range(members)), f"stream {what} is not one for each member"
    assert torch.equal(around[0], torch.get_rng_state())  # nor is anything drawn past the streams
    assert np.array_equal(around[1], np.random.get_state()[1])


def units(experiment: Experiment, budget: str) -> int:
    trials = experiment.trials(budget)
    if not experiment.independent:
        return trials
    return trials * number_of(experiment.replicates, experiment.at(budget))


@pytest.mark.parametrize("claim", FOLDER.paper.claims, ids=lambda claim: claim.id)
def test_every_claim_has_three_units_wherever_it_is_judged(claim):
    for budget in claim.budgets:
        for name in claim.check.experiments:
            experiment = BY_NAME[name]
            assert budget not in experiment.skipped
            assert experiment.deterministic or units(experiment, budget) >= 3


@pytest.mark.parametrize(("budget", "core_seconds"), [("smoke", 240), ("nightly", 3600)])
def test_budgets_fit_two_cores(budget: str, core_seconds: int):
    run = [e for e in FOLDER.paper.experiments if budget not in e.skipped]
    assert sum(e.expected.get(budget, 0) * e.trials(budget) for e in run) <= core_seconds


def test_every_claim_says_what_its_number_is():
    for claim in FOLDER.paper.claims:
        assert claim.measure, claim.id
        assert claim.published.value is None or claim.published.unit == claim.unit
