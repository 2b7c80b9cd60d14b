"""The outer loop: it learns, it resumes, and it leaves out what is not finite."""

from __future__ import annotations

import io

import pytest
import torch
from torch import Tensor

from harness.paper import Refused
from harness.training import device
from papers.gtn import teaching
from papers.gtn.experiment import accuracies
from papers.gtn.images.config import ImageTeaching
from papers.gtn.signals.config import Grid, rates
from papers.gtn.teaching import Diverged, Teacher
from tests.lab.teaching import config, rows, teacher


def taught(made: Teacher, turns: range) -> list[float]:
    losses = []
    for turn in turns:
        made.update(turn)
        losses.append(made.loss)
    return losses


def accuracy(made: Teacher, shuffled: bool = False) -> float:
    return accuracies(made, rows().test, "test", 4, shuffled=shuffled)[-1].mean().item()


def test_the_outer_loss_falls_and_a_curriculum_beats_none():
    full, none = (teacher(config(inner_steps=8, curriculum=mode)) for mode in ("full", "none"))
    losses, others = (taught(made, range(30)) for made in (full, none))
    assert sum(losses[-5:]) < sum(losses[:5]) - 0.5
    assert sum(losses[-5:]) < sum(others[-5:])
    assert accuracy(full) > accuracy(none)


@pytest.mark.parametrize("treatment", ["real", "distill", "semi"])
def test_every_treatment_learns(treatment: str):
    made = teacher(config(treatment=treatment, labelled=60, inner_steps=8))
    losses = taught(made, range(30))
    assert sum(losses[-5:]) < sum(losses[:5])
    assert made.rates.std() > 0


def state(made: Teacher) -> list[Tensor]:
    return [p.detach().clone() for p in made.parameters]


@pytest.mark.parametrize("curriculum", ["full", "all_shuffled", "none"])
def test_a_resumed_run_goes_on_as_one_that_never_stopped(curriculum: str):
    whole, first, rest = (teacher(config(curriculum=curriculum)) for _ in range(3))
    taught(whole, range(8))
    taught(first, range(5))
    buffer = io.BytesIO()
    device.save(first.state_dict(), buffer)
    buffer.seek(0)
    rest.load_state_dict(device.load(buffer))
    taught(rest, range(5, 8))
    assert all(torch.equal(a, b) for a, b in zip(state(whole), state(rest), strict=True))
    other = teacher(config(curriculum=curriculum), seed=1)
    taught(other, range(1))
    assert not torch.equal(state(other)[0], state(whole)[0])


def test_what_is_not_finite_is_left_out_counted_and_stops_at_the_third(
    monkeypatch: pytest.MonkeyPatch,
):
    made = teacher(config())
    taught(made, range(2))
    before, gradient = state(made), made.gradient

    def broken(turn: int):
        found, batches = gradient(turn)
        found.rates[0] = float("nan")
        return found, batches

    monkeypatch.setattr(made, "gradient", broken)
    taught(made, range(2, 4))
    monkeypatch.setattr(made, "gradient", gradient)
    assert made.skipped == 2
    assert all(torch.equal(a, b) for a, b in zip(before, state(made), strict=True))
    taught(made, range(4, 5))  # a good one between: the count begins anew
    before = state(made)
    monkeypatch.setattr(made, "gradient", broken)
    with pytest.raises(Diverged, match="outer step 7: the meta-gradient was not finite 3 times"):
        taught(made, range(5, 9))
    assert made.skipped == 5
    assert all(torch.equal(a, b) for a, b in zip(before, state(made), strict=True))


def test_without_weight_norm_high_rates_blow_up_and_are_told():
    made = teacher(config(weight_norm=False, first_rate=10.0, outer_lr=1.0))
    with pytest.raises(Diverged):
        taught(made, range(30))


def test_members_are_averaged():
    """K learners in one outer step give the mean of what each alone gives."""
    together = teacher(config(learners=2))
    found, _ = together.gradient(0)
    alone = []
    for member in range(2):
        single = teacher(config(learners=1))
        single.fresh = lambda turn, member=member: [together.fresh(turn)[member]]  # type: ignore
        alone.append(single.gradient(0)[0])
    for name in ("loss", "inputs", "rates", "momenta"):
        mean = (getattr(alone[0], name) + getattr(alone[1], name)) / 2
        torch.testing.assert_close(getattr(found, name), mean, rtol=1e-4, atol=1e-6)


def test_the_generator_is_walked_back_through_once():
    made = teacher(config())
    calls = []
    made.lessons.generator.register_full_backward_hook(lambda *_: calls.append(1))
    made.update(0)
    assert calls == [1]
    assert teaching.GRACE == 3


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"inner_steps": 0}, "inner_steps=0: must be at least 1"),
        ({"batch": 0}, "batch=0: must be at least 1"),
        ({"learners": 0}, "learners=0: must be at least 1"),
        ({"first_rate": 0.0}, "first_rate=0.0: must lie between 0 and 10, 0 left out"),
        ({"outer_lr": -1.0}, "outer_lr=-1.0"),
        ({"curriculum": "ful"}, "unknown curriculum 'ful'; did you mean 'full'?"),
        ({"statistics": "lst"}, "unknown statistics 'lst'; did you mean 'last'?"),
        ({"treatment": "gan"}, "unknown treatment 'gan'"),
        ({"momentum": "log"}, "unknown momentum 'log'"),
        ({"truncation": 5}, "truncation=5: must be at most inner_steps=4"),
        (
            {"treatment": "real", "curriculum": "none"},
            "curriculum=none: treatment 'real' has no z",
        ),
        ({"evaluated": 3}, "evaluated=3: must be a multiple of learners=2"),
        ({"channels": (4,)}, r"channels=\(4,\): must be two numbers"),
        ({"generator_channels": (0, 1)}, "generator_channels="),
        ({"treatment": "semi", "labelled": 3500}, "labelled=3500: must be less than 3500"),
    ],
)
def test_impossible_configs_are_refused_in_one_line(changes: dict, said: str):
    with pytest.raises(Refused, match=said) as refusal:
        config(**changes)
    assert "\n" not in str(refusal.value)


def test_impossible_grids_and_images_are_refused():
    assert rates("0.1@0.01") == (0.1, 0.01)
    for setting in ("0.1", "a@b", "0@0.1", "0.1@-1"):
        with pytest.raises(Refused, match=f"settings={setting}"):
            Grid(settings=(setting,))
    with pytest.raises(Refused, match="must be different"):
        Grid(settings=("1@1", "1@1"))
    for changes, said in (
        ({"dataset": "mnits"}, "unknown dataset 'mnits'; did you mean 'mnist'?"),
        ({"learners": 2}, "learners=2: learners of images are not stacked"),
        ({"pooling": "average"}, "unknown pooling"),
        ({"channels": ()}, r"channels=\(\)"),
        ({"tested": 20_000}, "tested=20000"),
    ):
        with pytest.raises(Refused, match=said):
            ImageTeaching(**changes)
