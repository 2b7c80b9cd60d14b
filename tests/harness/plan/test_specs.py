"""From what was asked for to the list of trials: who a trial is, and what is refused."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path

import pytest

from harness import budget
from harness.paper import Experiment, Paper, Phase, Refused, Task
from harness.plan import discover, specs
from harness.plan.specs import Request, Spec
from tests.lab.throwaway import make_paper, spec_for

TASK = Task("task", "none", "none", "loss")


@dataclass(frozen=True)
class Inner:
    epochs: int = 2
    sizes: tuple[tuple[int, int], ...] = ((1, 2), (3, 4))


@dataclass(frozen=True)
class Config:
    steps: int = 40
    lr: float = 0.1
    nesterov: bool = False
    name: str = "adam"
    layers: tuple[int, ...] = (40, 20)
    decay: float | None = None
    clip: int | None = 3
    inner: Inner = field(default_factory=Inner)

    def __post_init__(self) -> None:
        if self.steps < 1:
            raise Refused(f"steps={self.steps}: must be at least 1")


@dataclass(frozen=True)
class Other:
    steps: int = 10
    trees: int = 5


def experiment(name: str, config: object = None, **more: object) -> Experiment:
    phases = {"train": Phase("steps")}
    return Experiment(name, TASK, config or Config(), "method:run", phases, **more)


@pytest.fixture
def lab(tmp_path):
    folder = make_paper(tmp_path)
    found = discover.load(folder)

    def of(*experiments: Experiment) -> discover.Folder:
        return replace(found, paper=Paper("A paper", "Nobody", 2000, "", experiments))

    return of


def ask(found: discover.Folder, *names: str, at: str = "smoke", **more: object) -> list[Spec]:
    return specs.plan(found, Request(names, budget.named(at), **more))


def changed(found: discover.Folder, setting: str) -> dict:
    (spec,) = ask(found, settings=[setting])
    return spec.config


# -- who a trial is -------------------------------------------------------------------------------


def test_a_trial_keeps_its_identity(tmp_path):
    folder = make_paper(tmp_path)
    assert spec_for(folder) == spec_for(folder)
    assert len(spec_for(folder).trial) == 10


@pytest.mark.parametrize(
    "change",
    [
        {"seed": 1},
        {"budget_name": "nightly"},
        {"budget_name": "smoke, 10 steps"},
        {"eval_every": 5},
        {"experiment": "more"},
    ],
)
def test_another_seed_budget_cap_config_or_experiment_is_another_trial(tmp_path, change):
    folder = make_paper(tmp_path, experiments=("fit", "more"))
    first = spec_for(folder, budget_name="smoke")
    second = spec_for(folder, **{"budget_name": "smoke", **change})
    assert first.trial != second.trial
    assert first.home(tmp_path) != second.home(tmp_path)


def test_another_device_is_another_trial(lab):
    cpu, cuda = (ask(lab(experiment("fit")), device=kind)[0] for kind in ("cpu", "cuda"))
    assert cpu.trial != cuda.trial


def test_another_method_is_another_trial_and_another_declaration_is_not(tmp_path):
    folder = make_paper(tmp_path)
    first = spec_for(folder)
    with (folder / "paper.py").open("a") as handle:
        handle.write("\n# a claim was reworded\n")
    assert spec_for(folder).trial == first.trial
    text = (folder / "method.py").read_text()
    said = text.replace('"""A walk of one weight."""', '"""A walk,\nreworded."""')
    assert said != text
    worded = said.replace("1.0\n", "1.0  # a start\n") + "\n\n# the end\n"
    (folder / "method.py").write_text(worded)
    assert spec_for(folder).trial == first.trial  # words move no number
    (folder / "method.py").write_text(said.replace("0.1", "0.2"))
    assert spec_for(folder).code != first.code
    assert spec_for(folder).trial != first.trial


def test_the_code_of_a_trial_is_what_its_method_reaches(tmp_path):
    """Another study of the same paper may change, and what is beside what the method calls."""
    folder = make_paper(tmp_path)
    body = (
        "def run(config, trial):\n    from {0}.inner import formula\n    yield formula.value()\n"
    )
    value, beside = "def value():\n    return {}\n", "\n\ndef beside():\n    return 2\n"
    (folder / "inner").mkdir()
    for name, text in {
        "method.py": body.format(folder.name),
        "other.py": "",
        "inner/__init__.py": "",
        "inner/formula.py": value.format(1),
    }.items():
        (folder / name).write_text(text)
    first = spec_for(folder)
    (folder / "other.py").write_text("CHANGED = True\n")
    (folder / "inner" / "formula.py").write_text(value.format(1) + beside)
    assert spec_for(folder) == first
    (folder / "inner" / "formula.py").write_text(value.format(2))
    changed = spec_for(folder)
    assert (changed.code != first.code, changed.clock == first.clock) == (True, True)


def test_a_method_that_moves_to_another_file_is_the_same_trial(tmp_path):
    folder = make_paper(tmp_path)
    first = spec_for(folder)
    (folder / "method.py").rename(folder / "walk.py")
    found = discover.load(folder)
    (declared,) = found.paper.experiments
    paper = replace(found.paper, experiments=[replace(declared, run="walk:run")])
    request = Request(["fit"], budget.named("check"), [0])
    (moved,) = specs.plan(replace(found, paper=paper), request)
    assert moved == first


def test_saying_the_default_aloud_is_the_same_trial(tmp_path):
    folder = make_paper(tmp_path)
    assert spec_for(folder, steps=12, eval_every=3) == spec_for(folder)  # 12 at this budget
    assert spec_for(folder, steps=40, eval_every=3).overrides == "steps=40"  # as the authors did


def test_a_default_of_another_type_said_aloud_is_the_same_trial(lab):
    found = lab(experiment("fit", Config(lr=1)))  # type: ignore[arg-type]  # as authors write it
    assert ask(found, settings=["lr=1.0", "layers=40,20", "decay=none"]) == ask(found)


def test_a_spec_survives_the_disk(tmp_path):
    spec = spec_for(make_paper(tmp_path), eval_every=7)
    spec.write(tmp_path / "trial")
    assert Spec.read(tmp_path / "trial") == spec


def test_a_config_survives_the_disk_with_its_tuples_and_inner_configs(lab):
    told = Config(layers=(1, 2, 3), inner=Inner(epochs=9, sizes=((5, 6),)))
    kept = json.loads(json.dumps(asdict(told)))
    assert specs.config_of(experiment("fit"), kept) == told


# -- which trials ---------------------------------------------------------------------------------


def test_a_group_selects_everything_below_it(lab):
    names = ["bench/mlp", "bench/cnn", "bench/shuffled/mlp", "benchmark", "frozen"]
    found = lab(*map(experiment, names))

    def chosen(*wanted: str) -> list[str]:
        return [spec.experiment for spec in ask(found, *wanted)]

    assert chosen("bench") == names[:3]
    assert chosen("bench/shuffled") == ["bench/shuffled/mlp"]
    assert chosen("frozen", "bench/cnn") == ["bench/cnn", "frozen"]
    assert chosen() == names
    with pytest.raises(Refused, match="unknown experiment 'bench/mpl'; did you mean 'bench/mlp'"):
        chosen("bench/mpl")


def test_a_deterministic_experiment_has_one_trial(lab):
    found = lab(experiment("knn", deterministic=True, seeds={"smoke": 5}), experiment("fit"))
    assert [(s.experiment, s.seed) for s in ask(found)] == [("knn", 0), ("fit", 0)]
    assert [(s.experiment, s.seed) for s in ask(found, seeds=[4, 7])] == [
        ("knn", 4), ("fit", 4), ("fit", 7),
    ]  # fmt: skip


def test_each_budget_has_its_own_number_of_seeds(lab):
    found = lab(experiment("fit", seeds={"nightly": 4}))
    assert [spec.seed for spec in ask(found, at="nightly")] == [0, 1, 2, 3]
    assert [spec.seed for spec in ask(found, at="smoke")] == [0]


def test_a_skipped_experiment_is_left_out(lab):
    found = lab(experiment("fit"), experiment("slow", skipped=("smoke",)))
    assert [spec.experiment for spec in ask(found)] == ["fit"]
    assert [spec.experiment for spec in ask(found, at="nightly")] == ["fit", "slow"]
    assert ask(found, "slow") == []


def test_a_budget_shrinks_what_is_declared_and_no_more(lab):
    found = lab(experiment("fit", reduced={"smoke": {"steps": 7}}))
    smoke, full = ask(found)[0], ask(found, at="paper")[0]
    assert (smoke.config["steps"], full.config["steps"]) == (7, 40)
    assert {**smoke.config, "steps": 40} == full.config
    assert (smoke.charged, full.charged) == (7, 40)


# -- caps -----------------------------------------------------------------------------------------


def test_the_paper_budget_has_no_cap(lab):
    (spec,) = ask(lab(experiment("fit")), at="paper")
    assert (spec.steps_cap, spec.seconds_cap, spec.guard) == (None, None, None)


def test_a_trial_of_a_standard_budget_ends_by_its_steps_and_has_a_guard(lab):
    found = lab(
        experiment("slow", expected={"smoke": 30.0}),
        experiment("fast", expected={"smoke": 1.0}, seeds={"smoke": 2}),
    )
    planned = ask(found)
    assert {(spec.steps_cap, spec.seconds_cap) for spec in planned} == {(None, None)}
    assert [spec.guard for spec in planned] == [360.0, 60.0, 60.0]
    free = ask(found, guarded=False)
    assert [spec.guard for spec in free] == [None] * 3
    assert [replace(spec, guard=None) for spec in planned] == free  # the same trials


def test_of_another_config_nobody_knows_what_it_takes(lab):
    found = lab(experiment("fit", expected={"smoke": 30.0}))
    (spec,) = ask(found, settings=["steps=1000"])
    assert spec.guard is None


def test_a_cap_on_steps_counts_what_a_turn_is_charged(tmp_path):
    folder = make_paper(tmp_path)  # 20 turns of 2 steps
    assert spec_for(folder, budget_name="smoke").charged == 40
    spec = spec_for(folder, budget_name="smoke, 11 steps")
    assert (spec.steps_cap, spec.seconds_cap, spec.charged) == (11, None, 10)
    assert spec_for(folder, budget_name="smoke, 1000 steps").charged == 40
    with pytest.raises(Refused, match=r"steps=1: one turn of 'train' is charged 2 steps"):
        spec_for(folder, budget_name="smoke, 1 steps")


def test_a_cap_on_device_time_is_in_seconds(tmp_path):
    spec = spec_for(make_paper(tmp_path), budget_name="smoke, 0.001 GPU-days")
    assert spec.seconds_cap == pytest.approx(86.4)
    assert (spec.steps_cap, spec.budget) == (None, "smoke, 0.001 GPU-days")


# -- --set field=value ----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("setting", "value"),
    [
        ("steps=12", 12),
        ("lr=1e-3", 1e-3),
        ("lr=2", 2.0),
        ("nesterov=true", True),
        ("nesterov=False", False),
        ("name=sgd", "sgd"),
        ("name=a=b", "a=b"),
        ("name=12", "12"),
        ("layers=64,32,16", (64, 32, 16)),
        ("layers=", ()),
        ("decay=0.5", 0.5),
        ("decay=none", None),
        ("clip=None", None),
        ("clip=7", 7),
    ],
)
def test_a_setting_is_read_as_the_type_of_its_field(lab, setting, value):
    got = changed(lab(experiment("fit")), setting)[setting.partition("=")[0]]
    assert got == value
    assert type(got) is type(value)


@pytest.mark.parametrize(
    ("setting", "told"),
    [
        ("lr=abc", "--set lr=abc: 'abc' is not of type float"),
        ("steps=1.5", "--set steps=1.5: '1.5' is not of type int"),
        ("steps=", "--set steps=: '' is not of type int"),
        ("nesterov=1", "--set nesterov=1: '1' is not true or false"),
        ("layers=1,x", "--set layers=1,x: 'x' is not of type int"),
        ("clip=0.5", "--set clip=0.5: '0.5' is not of type int"),
        ("step=3", "--set step=3: unknown config field 'step'; did you mean 'steps'?"),
        ("lr", "--set lr: write it as field=value"),
        ("steps=0", "experiment 'fit': steps=0: must be at least 1"),
    ],
)
def test_a_setting_that_does_not_fit_is_refused(lab, setting, told):
    with pytest.raises(Refused) as refused:
        changed(lab(experiment("fit")), setting)
    assert str(refused.value) == told


def test_a_setting_reaches_those_experiments_that_have_the_field(lab):
    found = lab(experiment("fit"), experiment("forest", Other()))
    fit, forest = ask(found, settings=["trees=9", "steps=4"])
    assert "trees" not in fit.config
    assert (fit.config["steps"], fit.overrides) == (4, "steps=4")
    assert (forest.config["trees"], forest.overrides) == (9, "steps=4, trees=9")


def test_a_setting_must_reach_one_of_the_chosen_experiments(lab):
    found = lab(experiment("fit"), experiment("forest", Other()))
    with pytest.raises(Refused, match="unknown config field 'trees'"):
        ask(found, "fit", settings=["trees=9"])


def test_the_folder_of_a_trial_says_what_it_is(tmp_path):
    spec = spec_for(make_paper(tmp_path), budget_name="smoke, 10 steps", seed=3)
    parts = spec.home(Path("runs")).parts
    assert parts == ("runs", spec.paper, "fit", "smoke-10-steps", f"seed3-{spec.trial}")
