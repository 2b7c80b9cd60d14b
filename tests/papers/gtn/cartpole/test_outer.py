"""The outer loop on cart and pole: its gradient, what it learns, and that it resumes."""

from __future__ import annotations

import io
from functools import partial

import pytest
import torch
from torch import Tensor

from harness.paper import Refused
from harness.training import device
from harness.trial import stream
from papers.gtn.cartpole import teach
from papers.gtn.cartpole.config import PoleTeaching
from papers.gtn.cartpole.outer import Outer, reinforce
from papers.gtn.cartpole.policy import Policy
from papers.gtn.teaching import Diverged


def config(**changes: object) -> PoleTeaching:
    base = {
        "pairs": 16, "hidden": (8, 8), "limit": 40, "learners": 2, "episodes": 2, "noise": 4,
        "generator_hidden": (8, 8), "value_hidden": 8, "evaluated": 3, "tested": 2,
    }  # fmt: skip
    return PoleTeaching(**{**base, **changes})


def outer(own: PoleTeaching, seed: int = 0, horizon: int = 10) -> Outer:
    return Outer(own, partial(stream, seed), horizon)


def trained(made: Outer, turns: range) -> Outer:
    for turn in turns:
        made.update(turn)
    return made


def state(made: Outer) -> list[Tensor]:
    return [p.detach().clone() for p in (*made.parameters, *made.values.parameters())]


@pytest.mark.parametrize("treatment", ["gtn", "direct"])
def test_the_gradient_is_a_central_difference_for_fixed_pushes(
    treatment: str, monkeypatch: pytest.MonkeyPatch
):
    """Through the one step into the rate and every parameter of what gives the pairs."""
    monkeypatch.setattr(torch.nn.functional, "leaky_relu", lambda x, slope: x.tanh())
    made = outer(config(treatment=treatment))
    made.policy = Policy((8, 8), torch.tanh)
    made.source.double()
    made.values.double()
    made.rate.data = made.rate.data.double()
    fresh = made.fresh(2, "x")
    played = made.play(fresh, 2, made.random("episodes"))
    played = played._replace(observations=played.observations.double())
    weights = tuple(w.double() for w in fresh)

    def loss() -> Tensor:
        pairs = made.source.give(made.random("pairs"))
        return made.loss(made.policy.taught(weights, made.rate, pairs), played)

    loss().backward()
    for place, parameter in enumerate(made.parameters):
        gradient, start = parameter.grad, parameter.data.clone()
        assert gradient is not None
        random = torch.Generator().manual_seed(place)
        along = torch.randn(gradient.shape, generator=random).double()
        size, both = 1e-5 / float(along.norm()), []
        for move in (size, -size):
            parameter.data = start + move * along
            both.append(loss().item())
        parameter.data = start
        expected, exact = (both[0] - both[1]) / (2 * size), float((gradient * along).sum())
        scale = max(abs(expected), 1e-3 * float(gradient.norm() * along.norm()))
        assert scale > 1e-6
        assert abs(exact - expected) <= 1e-6 * scale + 1e-9, (place, exact, expected)


def test_the_loss_counts_steps_that_were_taken_and_no_others():
    likelihood = torch.tensor([-1.0, -2.0, float("-inf")]).view(3, 1, 1)
    stood = torch.tensor([True, True, False]).view(3, 1, 1)
    found = reinforce(likelihood, torch.tensor([3.0, -1.0, 5.0]).view(3, 1, 1), stood)
    assert found.item() == pytest.approx((3.0 - 2.0) / 2)


def test_returns_rise_with_meta_training():
    own = PoleTeaching(pairs=64, limit=60, episodes=8, evaluated=16, tested=4)
    made = outer(own, horizon=40)
    before = teach.examined(made)
    after = teach.examined(trained(made, range(40)))
    assert after["return"] > 1.3 * before["return"]
    assert after["return"] > 1.3 * after["untaught_return"]
    assert after["untaught_return"] == before["untaught_return"]


def test_the_value_network_learns_what_episodes_are_worth():
    made = outer(config())
    played = made.play(made.fresh(2, "x"), 8, made.random("episodes"))

    def error() -> float:
        short = made.worth(played.observations) - played.rest(0.99)
        return short[played.stood].square().mean().item()

    before = error()
    for _ in range(30):
        made._fit(played)
    assert error() < 0.3 * before


@pytest.mark.parametrize("treatment", ["gtn", "direct"])
def test_a_resumed_run_goes_on_as_one_that_never_stopped(treatment: str):
    whole, first, rest = (outer(config(treatment=treatment)) for _ in range(3))
    trained(whole, range(6))
    trained(first, range(4))
    buffer = io.BytesIO()
    device.save(first.state_dict(), buffer)
    buffer.seek(0)
    rest.load_state_dict(device.load(buffer))
    trained(rest, range(4, 6))
    assert all(torch.equal(a, b) for a, b in zip(state(whole), state(rest), strict=True))
    assert teach.examined(whole) == teach.examined(rest)
    other = trained(outer(config(treatment=treatment), seed=1), range(6))
    assert not torch.equal(state(other)[0], state(whole)[0])


def test_what_is_not_finite_is_left_out_counted_and_stops_at_the_third(
    monkeypatch: pytest.MonkeyPatch,
):
    made = trained(outer(config()), range(2))
    before, loss = state(made), made.loss
    monkeypatch.setattr(made, "loss", lambda *given: loss(*given) * float("nan"))
    trained(made, range(2, 4))
    assert made.skipped == 2
    monkeypatch.setattr(made, "loss", loss)
    assert all(torch.equal(a, b) for a, b in zip(before, state(made), strict=True))
    trained(made, range(4, 5))  # a good one between: the count begins anew
    monkeypatch.setattr(made, "loss", lambda *given: loss(*given) * float("nan"))
    with pytest.raises(Diverged, match="outer step 7: the meta-gradient was not finite 3 times"):
        trained(made, range(5, 9))
    assert made.skipped == 5


def test_generated_pairs_are_new_each_time_and_direct_ones_are_not():
    for treatment, same in (("gtn", False), ("direct", True)):
        made = outer(config(treatment=treatment))
        one, other = (made.source.give(made.random(name)) for name in ("a", "b"))
        assert torch.equal(one.targets, other.targets) is same
        assert one.observations.shape == (16, 4) and one.targets.shape == (16, 2)
        assert one.observations.abs().max() <= 2


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"treatment": "directly"}, "unknown treatment 'directly'; did you mean 'direct'?"),
        ({"pairs": 0}, "pairs=0: must be at least 1"),
        ({"learners": 0}, "learners=0: must be at least 1"),
        ({"first_rate": 0.0}, "first_rate=0.0: must lie between 0 and 10, 0 left out"),
        ({"discount": 1.0}, "discount=1.0: must lie between 0 and 1, 1 left out"),
        ({"hidden": ()}, r"hidden=\(\): must be numbers, at least 1"),
        ({"generator_hidden": (4, 0)}, "generator_hidden="),
    ],
)
def test_impossible_configs_are_refused_in_one_line(changes: dict, said: str):
    with pytest.raises(Refused, match=said) as refusal:
        config(**changes)
    assert "\n" not in str(refusal.value)
