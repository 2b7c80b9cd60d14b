"""`--set`: several values of a field are a grid, and of one that holds several too."""

from __future__ import annotations

from dataclasses import dataclass

import pytest

from harness.budget import standard
from harness.paper import Experiment, Refused, Task
from harness.plan import discover, settings, specs
from tests.lab.throwaway import make_paper


@dataclass(frozen=True)
class Config:
    """A field of each type that papers have."""

    lr: float = 0.1
    steps: int = 10
    model: str = "cnn"
    fast: bool = False
    cap: int | None = None
    widths: tuple[int, ...] = (1,)
    span: tuple[int, int] | None = None


TASK = Task("toy", "none", "v1", "loss")
ONE = [Experiment("one", TASK, Config(), "m:f")]


@pytest.mark.parametrize(
    ("texts", "grid"),
    [
        ([], [{}]),
        (["lr=.01,.03"], [{"lr": 0.01}, {"lr": 0.03}]),
        (["lr=.01", "lr=.03"], [{"lr": 0.01}, {"lr": 0.03}]),
        (["model=cnn,mlp"], [{"model": "cnn"}, {"model": "mlp"}]),
        (["fast=true,false"], [{"fast": True}, {"fast": False}]),
        (["cap=none,3"], [{"cap": None}, {"cap": 3}]),
        (["widths=16,32"], [{"widths": (16, 32)}]),
        (["widths=16,32", "widths=64"], [{"widths": (16, 32)}, {"widths": (64,)}]),
        (["span=3,4"], [{"span": (3, 4)}]),
        (["span=3,4", "span=none"], [{"span": (3, 4)}, {"span": None}]),
        (
            ["lr=1,2", "steps=5,6"],
            [{"lr": a, "steps": b} for a in (1.0, 2.0) for b in (5, 6)],
        ),
    ],
)
def test_several_values_make_a_grid(texts, grid):
    assert settings.read(ONE, texts) == {"one": grid}


@pytest.mark.parametrize(
    ("texts", "told"),
    [
        (["widths=16,32", "widths=16,32"], r"widths=\(16, 32\) is given twice"),
        (["fast=true,true"], "fast=True is given twice"),
        (["lr=,.01"], "a value is missing beside a comma"),
        (["steps=1,2.5"], "'2.5' is not of type int"),
        (["span=3"], "1 values; must be 2"),
        (["lr=" + ",".join(map(str, range(40))), "steps=" + ",".join(map(str, range(26)))],
         "a grid of 1,040 combinations; must be at most 1,000"),
    ],
)  # fmt: skip
def test_what_is_no_grid_is_refused(texts, told):
    with pytest.raises(Refused, match=told):
        settings.read(ONE, texts)


@dataclass(frozen=True)
class Other:
    """The same name, and several values in it."""

    lr: tuple[float, ...] = (0.1,)


def test_a_field_is_read_by_the_type_that_each_experiment_gives_it():
    two = [*ONE, Experiment("two", TASK, Other(), "m:f")]
    assert settings.read(two, ["lr=.1,.2"]) == {
        "one": [{"lr": 0.1}, {"lr": 0.2}],
        "two": [{"lr": (0.1, 0.2)}],
    }


def test_each_combination_has_a_trial_of_its_own_for_each_seed(tmp_path):
    folder = discover.load(make_paper(tmp_path))
    request = specs.Request(budget=standard("check"), seeds=[0, 1], settings=["cost=1,2,3"])
    planned = specs.plan(folder, request)
    assert [(spec.overrides, spec.seed) for spec in planned] == [
        ("cost=1", 0), ("cost=1", 1), ("", 0), ("", 1), ("cost=3", 0), ("cost=3", 1),
    ]  # fmt: skip
    assert len({spec.trial for spec in planned}) == 6
    assert planned[0].called == "fit seed 0, cost=1"
    plain = specs.plan(folder, specs.Request(budget=standard("check"), seeds=[0, 1]))
    assert planned[2:4] == plain  # the declared value is the declared trial
