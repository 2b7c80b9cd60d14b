"""An activation function that is trained by gradient descent through training runs.

phi = ELU + 0.2 N. Every outer step trains a network for 301 steps, takes the mean of its last 200
losses as the meta-loss, and moves N down the meta-gradient. Afterwards the function is measured
on networks that it was not trained on.

Shapes: E members (replicates: a function each), T inner steps.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor

from harness.training import loop, metrics
from harness.training.unroll import Tensors
from papers.mnist1d.meta_activation import activation, outer
from papers.mnist1d.meta_activation import inner as inner_loop
from papers.mnist1d.meta_activation.activation import Learnable, Table, Tabulated
from papers.mnist1d.meta_activation.inner import Inner

if TYPE_CHECKING:
    from harness.paper import Row
    from harness.trial import Trial
    from papers.mnist1d.meta_activation.config import Learned

MARKS = (0, 10, 25, 100, 200, 300)  # outer steps whose meta-loss is a result of its own
SHAPE = (-5.0, 5.0, 81)  # where the learned function is reported: first, last, how many


def run(config: Learned, trial: Trial) -> Iterator[Row]:
    """Learn a function per member, measure it on fresh networks, tell its shape."""
    inner = inner_loop.prepare(config, trial)
    search, found = Search(config, trial, inner), Found(config.members)
    trial.restore(search=search, found=found)
    yield from learn(search)

    def train_fresh(turn: int) -> None:
        noise = inner_loop.noise(inner, config.units, trial, "fresh", "network", turn)
        found.rows += inner_loop.measure(inner, trial, turn, search.calls(search.meta, noise))

    trial.meter.count_flops("fresh", inner_loop.flops(inner))
    yield from loop.fit(trial.meter, "fresh", train_fresh, found.latest, every=1)
    yield from shape(search)
    yield from summarise(search, found)


def learn(search: Search) -> Iterator[Row]:
    """Take the outer steps; a row per step and member, with test accuracy now and then."""
    config, meter = search.config, search.trial.meter
    last = meter.horizon("meta") - 1

    def measure(turn: int) -> list[Row]:
        rows: list[Row] = [
            {"member": member, "meta_loss": loss} for member, loss in enumerate(search.losses[-1])
        ]
        if turn % config.eval_every == 0 or turn == last:
            search.look()
            rows = [
                {**row, "inner_test_accuracy": right}
                for row, right in zip(rows, search.accuracy, strict=True)
            ]
        return rows

    meter.count_flops("meta", search.flops())
    yield from loop.fit(meter, "meta", search.update, measure, every=1)


class Search:
    """The meta-parameters of E members, and what their outer steps have shown."""

    def __init__(self, config: Learned, trial: Trial, inner: Inner) -> None:
        self.config, self.trial, self.inner = config, trial, inner
        seeds = [trial.stream("function", member) for member in range(config.members)]
        each = [activation.initial(config.units, seed) for seed in seeds]
        self.meta: Tensors = tuple(
            torch.stack(part).to(trial.device) for part in zip(*each, strict=True)
        )
        self.losses: list[list[float]] = []
        self.accuracy: list[float] = []
        self.last: tuple[Tensors, outer.Draw, Tensor]  # function, draw, weights that it trained

    def draw(self, turn: int) -> outer.Draw:
        """Return initial weights and noise of an outer step.

        The authors reseed before each inner run: from outer step 1 on all of them start from the
        same weights and meet the same noise. With `resample_inner` they differ.
        """
        again = self.config.resample_inner
        start, inner, trial = turn if again else min(turn, 1), self.inner, self.trial
        place = turn if again else 0
        return outer.Draw(
            inner_loop.initial(inner, trial, "inner", start),
            inner_loop.noise(inner, self.config.hidden, trial, "inner", "hidden", place),
            inner_loop.noise(inner, self.config.units, trial, "inner", "network", place),
        )

    def update(self, turn: int) -> None:
        """Take one outer step: entries of the meta-gradient are clamped, then descended."""
        evaluate = outer.EVALUATIONS[self.config.evaluation]
        draw = self.draw(turn)
        outcome = evaluate(self.inner, draw, self.meta, self.config.share)
        self.last = (self.meta, draw, outcome.weights)
        bound, rate = self.config.clamp, self.config.outer_lr
        self.meta = tuple(
            m - rate * g.clamp(-bound, bound)
            for m, g in zip(self.meta, outcome.gradients, strict=True)
        )
        self.losses.append(outcome.loss.tolist())

    def calls(self, meta: Tensors, network_noise: Tensor) -> inner_loop.Calls:
        """Return the functions of some meta-parameters at any inner step, noise (T, E, U)."""
        learnable = Learnable(meta, self.config.share)
        table, offsets = Table(learnable.table()), learnable.offsets(network_noise)
        return lambda step: Tabulated(table, offsets[step])

    def look(self) -> None:
        """Score the networks of the last outer step on the first test rows."""
        meta, draw, weights = self.last
        call, rows = self.calls(meta, draw.network_noise)(-1), self.config.scored_rows
        noise = draw.hidden_noise[-1]
        self.accuracy = inner_loop.accuracy(self.inner, weights, call, noise, rows)

    def flops(self) -> float:
        """Return the FLOPs of an outer step: those of two inner steps, continued to T."""

        def counted(steps: int) -> float:
            short = Inner(self.config, self.inner.batches[:steps], self.inner.test)
            part = outer.Draw(draw.weights, *(noise[:steps] for noise in draw[1:]))
            return metrics.flops(lambda: outer.table(short, part, self.meta, self.config.share))

        draw = self.draw(0)
        one, steps = counted(1), len(self.inner.batches)
        return one + (steps - 1) * (counted(2) - one) if steps > 1 else one

    def state_dict(self) -> dict[str, Any]:
        """Return what a resumed trial needs."""
        return {"meta": list(self.meta), "losses": list(self.losses), "accuracy": self.accuracy}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Take an earlier attempt's functions over."""
        device = self.meta[0].device
        self.meta = tuple(part.to(device) for part in state["meta"])
        self.losses, self.accuracy = list(state["losses"]), list(state["accuracy"])


class Found:
    """The rows of the trainings from fresh weights so far, E of each."""

    def __init__(self, members: int) -> None:
        self.members = members
        self.rows: list[Row] = []

    def latest(self, turn: int) -> list[Row]:
        """Return the rows of the last training."""
        return self.rows[-self.members :]

    def state_dict(self) -> dict[str, Any]:
        """Return what a resumed trial needs."""
        return {"rows": [dict(row) for row in self.rows]}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Take an earlier attempt's rows over."""
        self.rows = list(state["rows"])

    def means(self) -> list[dict[str, float | int]]:
        """Return a row per member: its metrics, averaged over the trainings."""
        means = []
        for member in range(self.members):
            own = self.rows[member :: self.members]
            names = [name for name in own[0] if name != "member"]
            mean = {name: sum(float(row[name]) for row in own) / len(own) for name in names}
            means.append({"member": member, **mean})
        return means


def shape(search: Search) -> Iterator[Row]:
    """Yield the learned functions without noise: `phi` at x, which is the row's `at`."""
    x = torch.linspace(*SHAPE[:2], SHAPE[2])
    z = x.to(search.meta[0]).expand(search.config.members, 1, -1)
    learnable = Learnable(search.meta, search.config.share)
    phi = learnable.direct(z, z.new_zeros(search.config.members))[:, 0].tolist()
    for member, values in enumerate(phi):
        for at, value in zip(x.tolist(), values, strict=True):
            yield {"member": member, "at": round(at, 4), "phi": value}


def summarise(search: Search, found: Found) -> Iterator[Row]:
    """Yield the results: a row per member."""
    losses = search.losses
    for row in found.means():
        member = int(row["member"])
        marks = {f"meta_loss_{k}": losses[k][member] for k in MARKS if k < len(losses)}
        yield {
            **row,
            "meta_loss": losses[-1][member],
            "inner_test_accuracy": search.accuracy[member],
            **marks,
        }
