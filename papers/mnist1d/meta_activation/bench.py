"""Speed of the meta-gradient of an activation function: table beside direct evaluation."""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor
from torch.nn import functional as F  # noqa: N812

from harness.pair import KEEP, Pair
from harness.training.unroll import Tensors
from papers.mnist1d import hidden_layer, models
from papers.mnist1d.meta_activation import activation, outer
from papers.mnist1d.meta_activation.config import Learned
from papers.mnist1d.meta_activation.inner import Inner
from papers.signals import dataset, splits

TIMED_STEPS, MEMBERS, SHARE, NOISE = 16, 4, 0.2, 0.1
Case = tuple[Inner, outer.Draw, Tensors]


def pairs() -> list[Pair]:
    """Return direct evaluation beside the table, and members one by one beside stacked ones."""
    return [evaluations(), stacked()]


def case(members: int, steps: int) -> Case:
    """Return an inner loop, what it meets, and fresh meta-parameters."""
    config = Learned(members=members, inner_steps=steps, scored_steps=steps * 2 // 3)
    train, test = splits.parts(dataset.generate(), "cpu")
    drawn = [train.batch(step, config.batch_size) for step in range(steps)]
    batches = [(hidden_layer.with_ones(x), F.one_hot(y, models.CLASSES).to(x)) for x, y in drawn]
    inner = Inner(config, batches, test)
    random = torch.Generator().manual_seed(0)

    def noise(units: int) -> Tensor:
        return NOISE * (2 * torch.rand(steps, members, units, generator=random) - 1)

    weights = torch.stack([hidden_layer.initial(inner.sizes, seed) for seed in range(members)])
    draw = outer.Draw(weights, noise(config.hidden), noise(config.units))
    each = [activation.initial(config.units, seed) for seed in range(members)]
    return inner, draw, tuple(torch.stack(part) for part in zip(*each, strict=True))


def evaluations() -> Pair:
    """Return the meta-gradient by autograd through evaluations of N beside table and hand."""
    inner, draw, meta = case(1, TIMED_STEPS)
    return Pair(
        "meta-gradient of an activation, per inner step",
        lambda: outer.direct(inner, draw, meta, SHARE),
        lambda: outer.table(inner, draw, meta, SHARE),
        lambda: close(outer.direct, outer.table, inner, draw, meta),
        5,
        units=TIMED_STEPS,
        note="oracle: N evaluated at every unit, autograd; fast: N tabulated, by hand; the "
        f"table itself is shared by {TIMED_STEPS} steps here, by 301 in a run",
    )


def close(
    oracle: Callable[..., outer.Outcome],
    fast: Callable[..., outer.Outcome],
    inner: Inner,
    draw: outer.Draw,
    meta: Tensors,
) -> None:
    """Check that meta-gradients agree to 1e-4, and losses to 1e-6."""
    expected, found = (f(inner, draw, meta, SHARE) for f in (oracle, fast))
    torch.testing.assert_close(found.loss, expected.loss, rtol=1e-6, atol=0)
    for a, b in zip(found.gradients, expected.gradients, strict=True):
        assert (a - b).norm() <= 1e-4 * b.norm()


def stacked() -> Pair:
    """Return members one after another beside the stacked ones, both by table."""
    inner, draw, meta = case(MEMBERS, 3 * TIMED_STEPS)
    alone, _, _ = case(1, 3 * TIMED_STEPS)

    def own(k: int) -> tuple[outer.Draw, Tensors]:
        one = slice(k, k + 1)
        noise = (draw.hidden_noise[:, one], draw.network_noise[:, one])
        return outer.Draw(draw.weights[one], *noise), tuple(part[one] for part in meta)

    def one_by_one() -> Tensor:
        each = [outer.table(alone, *own(k), SHARE) for k in range(MEMBERS)]
        return torch.cat([outcome.gradients[0] for outcome in each])

    def together() -> Tensor:
        return outer.table(inner, draw, meta, SHARE).gradients[0]

    def agree() -> None:
        expected = one_by_one()
        assert (together() - expected).norm() <= 1e-4 * expected.norm()

    return Pair(
        f"{MEMBERS} activation functions stacked, per function and inner step",
        one_by_one,
        together,
        agree,
        KEEP,
        units=MEMBERS * 3 * TIMED_STEPS,
        note="oracle: one after another, by table",
    )
