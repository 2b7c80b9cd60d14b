"""A curriculum outlives its meta-training: a user's module learns the same from the two files."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from harness.paper import Refused
from papers.gtn import __main__ as command
from papers.gtn import exported, users
from papers.gtn.consumer import teach
from papers.gtn.exported import Bundle
from papers.gtn.learner import SignalLearner, draw
from papers.gtn.meta import Course
from tests.lab.teaching import config, rows, teacher

OWN = """
from torch import nn

def network():
    return nn.Sequential(nn.Linear(40, 8), nn.BatchNorm1d(8), nn.ReLU(), nn.Linear(8, 10))

def wrong_input():
    return nn.Linear(39, 10)

def wrong_classes():
    return nn.Linear(40, 9)

def number():
    return 3
"""


class Module(nn.Module):
    """A learner of ours as a user would write it: it remembers the means of its last batch."""

    def __init__(self, learner: SignalLearner, seed: int) -> None:
        super().__init__()
        self.learner = learner
        self.weights = nn.ParameterList(draw(learner, [seed]))
        self.means: tuple[Tensor, ...] = ()

    def forward(self, x: Tensor) -> Tensor:
        held = None if self.training or not self.means else self.means
        logits, means = self.learner.forward(tuple(self.weights), x, held)
        if self.training:
            self.means = tuple(m.detach() for m in means)
        return logits[0]


@pytest.fixture
def made(tmp_path: Path) -> Path:
    own = teacher(config())
    for turn in range(3):
        own.update(turn)
    exported.save(tmp_path / exported.NAME, exported.bundle(own, rows(), own.horizon))
    return tmp_path / exported.NAME


def signals(tmp_path: Path, momentum: float = 0.5) -> Path:
    """Export noise in the shape of MNIST-1D, with its labels."""
    random = np.random.default_rng(0)
    arrays = {
        "inputs": random.normal(size=(3, 10, 40)).astype(np.float16),
        "targets": np.eye(10, dtype=np.float32)[None].repeat(3, 0),
        "rates": np.full(3, 0.1, np.float32),
        "momenta": np.full(3, momentum, np.float32),
    }
    said = {
        "format": 1, "dataset": "mnist1d", "steps": 3, "batch": 10, "classes": 10, "shape": [40],
        "statistics": "last", "mean": 0.0, "deviation": 1.0,
    }  # fmt: skip
    exported.save(tmp_path / exported.NAME, Bundle(arrays, said))
    return tmp_path / exported.NAME


def test_a_users_module_reaches_the_same_accuracy_bit_for_bit(made: Path):
    bundle, learner, real = exported.load(made), SignalLearner((4, 6), 16), rows().test
    course = Course(learner, 4)
    for seed in range(3):
        inside = course.taught(
            draw(learner, [seed]), bundle.numbers(), bundle.batches(), real, every=1
        )
        module = Module(learner, seed)
        outside = [accuracy for _, accuracy in users.progress(module, bundle, real)]
        assert outside == inside[:, 0].tolist()


def test_the_weights_are_the_same_too(made: Path):
    bundle, learner = exported.load(made), SignalLearner((4, 6), 16)
    module = Module(learner, 5)
    with np.load(made) as arrays:
        assert list(teach(module, arrays, "last")) == [1, 2, 3, 4]
    reached = Course(learner, 4).train(
        draw(learner, [5]), bundle.numbers(), bundle.batches(), [rows().test]
    )
    for own, theirs in zip(module.weights, reached.weights, strict=True):
        assert torch.equal(own, theirs)


def test_batch_norms_follow_the_rule_of_the_curriculum(tmp_path: Path):
    bundle = exported.load(signals(tmp_path))
    for rule, momentum in (("last", 1.0), ("running", 0.1)):
        module = nn.Sequential(nn.BatchNorm1d(40), nn.Linear(40, 10))
        list(teach(module, bundle.arrays, rule))
        assert module[0].momentum == momentum
    module = nn.Sequential(nn.BatchNorm1d(40), nn.Linear(40, 10))
    list(teach(module, bundle.arrays, "last"))
    torch.testing.assert_close(module[0].running_mean, bundle.batches().inputs[2].mean(0))


def test_the_same_curriculum_gives_the_same_bytes(tmp_path: Path, made: Path):
    again = tmp_path / "again.npz"
    exported.save(again, exported.load(made))
    assert again.read_bytes() == made.read_bytes()
    assert again.with_suffix(".json").read_text() == made.with_suffix(".json").read_text()


def change(made: Path, **said: object) -> None:
    beside = made.with_suffix(".json")
    beside.write_text(json.dumps({**json.loads(beside.read_text()), **said}))


def rehash(made: Path) -> None:
    change(made, sha256=hashlib.sha256(made.read_bytes()).hexdigest())


def other_array(made: Path) -> None:
    with np.load(made) as stored:
        arrays = dict(stored)
    arrays["rates"] = arrays["rates"][:-1]
    np.savez(made, **arrays)
    rehash(made)


def without(made: Path) -> None:
    with np.load(made) as stored:
        arrays = dict(stored)
    del arrays["momenta"]
    np.savez(made, **arrays)
    rehash(made)


@pytest.mark.parametrize(
    ("damage", "said"),
    [
        (lambda made: made.with_suffix(".json").unlink(), r"there is no curriculum\.json"),
        (lambda made: made.unlink(), r"there is no curriculum\.npz"),
        (lambda made: made.write_bytes(made.read_bytes() + b"x"), "sha256="),
        (lambda made: change(made, steps=5), "has shape .* but steps=5"),
        (lambda made: change(made, statistics="none"), "statistics=none: choose from last"),
        (lambda made: change(made, format=2), "format=2: this code reads 1"),
        (lambda made: made.with_suffix(".json").write_text("{"), "is no JSON"),
        (lambda made: made.with_suffix(".json").write_text("{}"), "lacks 'format'"),
        (other_array, "rates has shape"),
        (without, "has no array 'momenta'"),
    ],
)
def test_files_that_do_not_agree_are_refused(
    made: Path, damage: Callable[[Path], object], said: str
):
    damage(made)
    with pytest.raises(Refused, match=said) as refusal:
        exported.load(made)
    assert "\n" not in str(refusal.value)


def test_the_command_prints_the_accuracy_after_every_step(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
):
    (tmp_path / "own.py").write_text(OWN)
    made = signals(tmp_path, momentum=1.5)
    asked = ["teach", f"{tmp_path}/own.py:network", "--curriculum", str(made)]
    assert command.main(asked) == 0
    note, *lines = capsys.readouterr().out.splitlines()
    assert note == "note: the momentum of 3 steps is above 1, as it was learned"
    assert [line.split(":")[0] for line in lines] == ["step   1", "step   2", "step   3"]
    assert all(line.endswith("% of the test set") for line in lines)
    assert command.main([*asked, "--seed", "0"]) == 0
    assert capsys.readouterr().out.splitlines()[1:] == lines


@pytest.mark.parametrize(
    ("module", "said"),
    [
        ("own.py:wrong_input", r"does not take inputs \(10, 40\)"),
        ("own.py:wrong_classes", r"maps \(10, 40\) to \(10, 9\); must be \(10, 10\)"),
        ("own.py:number", "makes int, not a torch.nn.Module"),
        ("own.py:absent", "has no class or function 'absent'"),
        ("none.py:network", "there is no such file"),
        ("own.py", "must be FILE.py:NAME"),
        ("no.such.package:network", "cannot be imported"),
    ],
)
def test_modules_that_do_not_fit_are_refused_in_one_line(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], module: str, said: str
):
    (tmp_path / "own.py").write_text(OWN)
    where = f"{tmp_path}/{module}" if ".py" in module else module
    status = command.main(["teach", where, "--curriculum", str(signals(tmp_path))])
    told = capsys.readouterr().err
    assert status == 2 and told.count("\n") == 1
    with pytest.raises(Refused, match=said):
        users.fitting(users.built(where, 0), exported.load(tmp_path / exported.NAME))
