"""Does predicted accuracy rank the league's cells? Declarations."""

from __future__ import annotations

from typing import Any

from harness.checks import AtLeast, Direction
from harness.paper import Claim, Experiment, Phase, Published, Task
from papers.ghn2.league.config import Ranking

RANKED = Task(
    "mnist1d-cells-ranked",
    "mnist1d",
    "drawn cells of the league without none, none of which the method has trained, ranked by its "
    "scores; Kendall's tau-b with their mean true test accuracies",
    "tau",
    "",
)
GHN2, GHN1 = "league/ghn2", "league/ghn1"
CHECK: dict[str, Any] = {
    "space": "T0", "limit": 1, "steps": 4, "pool": 4, "ranked": 4, "fitted": 5, "eval_batch": 500,
    "eval_every": 2,
}  # fmt: skip
SMOKE: dict[str, Any] = {
    "space": "T1", "steps": 30, "pool": 100, "ranked": 30, "fitted": 30, "eval_every": 30,
}  # fmt: skip
NIGHTLY: dict[str, Any] = {"space": "T1", "steps": 400, "pool": 300, "eval_every": 100}


def ranked(
    name: str, config: Ranking, seconds: tuple[int, int], seeds: dict[str, int]
) -> Experiment:
    """Declare a hypernetwork in the league; `seconds` at budgets smoke and nightly."""
    smoke, night = seconds
    return Experiment(
        name,
        RANKED,
        config,
        run="league.ranking:run",
        phases={"train": Phase("steps")},
        reduced={"check": CHECK, "smoke": SMOKE, "nightly": NIGHTLY},
        expected={"check": 3, "smoke": smoke, "nightly": night, "paper": 40 * night},
        seeds={**seeds, "paper": 5},
        skipped=() if "smoke" in seeds else ("smoke",),
    )


EXPERIMENTS = [
    ranked(GHN2, Ranking(), (12, 70), {"smoke": 1, "nightly": 5}),
    ranked(GHN1, Ranking(preset="ghn1", meta_batch=1), (8, 35), {"nightly": 3}),
]

NONE = "no such number; "


def above_counting(id_: str, statement: str, task: str, cells: str, doubted: str) -> Claim:
    """Claim that predicted accuracy ranks better than counting parameters, in one task."""
    return Claim(
        id_,
        statement,
        "GHN-2, results of single networks",
        Published(NONE + "tau of the parameter count is -.02 on CIFAR-10, where GHN-2's is .26"),
        Direction(GHN2, GHN2, f"{task}tau", other=f"{task}tau_parameters"),
        unit="",
        measure=f"tau-b of predicted accuracy less that of the number of parameters{cells}",
        kind="criticism",
        doubted=doubted,
    )


CLAIMS = [
    Claim(
        "G.tau",
        "Predicted accuracy ranks networks that were not seen",
        "GHN-1; GHN-2, results of single networks",
        Published(NONE + "GHN-2's tau with 50 epochs of SGD is .26 on CIFAR-10"),
        AtLeast(GHN2, "tau", 0.2),
        unit="",
        measure="tau-b of the validation accuracy with predicted parameters with true accuracy",
        kind="headline",
        margin_from="pilot",
        note="pilot, one seed: .31",
    ),
    above_counting(
        "G.parameters", "It ranks them better than counting parameters does", "", "",
        "our pilot: parameters alone have .757 where GHN-2 has .31; the larger cells of the "
        "league are the better ones",
    ),
    above_counting(
        "G.parameters.capped",
        "With at most two convolutions it ranks them better than counting parameters does",
        "capped_", ", cells of at most two convolutions",
        "our pilot had no capped cells; without the limit counting is far ahead",
    ),
    Claim(
        "G.property",
        "Embeddings tell accuracy better than predicted parameters do",
        "GHN-2, Sec. 5, property prediction",
        Published(NONE + "GHN-2's embeddings are best or nearly so of the compared encoders"),
        Direction(GHN2, GHN2, "property_tau", other="tau"),
        unit="",
        measure="tau-b of a regression on embeddings, fitted to 100 true accuracies, less that of "
        "predicted accuracy",
    ),
]  # fmt: skip

DEVIATIONS = [
    "League: the hypernetwork of Mini-1D learns on cells of the league's own network, 3,000 "
    "signals; ranks are by the 1,000 validation signals, with batch statistics of 250.",
    "League: of the paper's four properties accuracy alone is regressed, on the truths of 100 "
    "cells (500 networks), once and not over five shuffles.",
]
