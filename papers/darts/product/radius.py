"""The error of Eq. 8 against its radius, on networks before and after some steps of search.

Both products are taken of the same vector v at the same weights, those of a second-order step
that the search would take next. Where ReLUs and max poolings stand, the gradient of alpha jumps
as a function of w; a difference over a radius adds the jumps in it up, the derivative has none.

Symbols: h the finite difference (Eq. 8), h* the exact product (Eq. 7), d the direct part.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING

from torch import Tensor

from harness.training import loop
from papers.cells.supernet.bilevel import Problem, Tensors, cosine, norm
from papers.cells.supernet.node import Design
from papers.cells.supernet.shared import NodeSearch
from papers.darts import bilevel
from papers.darts.bilevel import Architect, VirtualStep
from papers.darts.method import searched as of
from papers.darts.product import networks, rows
from papers.darts.product.config import STATES

if TYPE_CHECKING:
    from harness.paper import Row
    from harness.trial import Trial
    from papers.darts.product.config import Radius

Batches = tuple[networks.Batch, networks.Batch]
LEAST = 1e-16  # an error that is not told from 0


def run(config: Radius, trial: Trial) -> Iterator[Row]:
    """Compare the products at once, and again after a stretch of search."""
    part = rows.load(config.data, trial.device)
    trial.uses(config.data, part.digest)
    design = Design(config.channels, config.cells, config.nodes, part.dim, part.inputs)
    # two networks from one seed: a resumed trial has the initial one, too
    initial, searched = (of(design, config, part, config.batch, trial.stream) for _ in STATES)
    trial.restore(**searched.stateful)
    found: dict[str, float] = {}
    yield from compared(initial, config, "initial", found)
    trial.meter.count_flops("search", searched.flops)

    def update(turn: int) -> None:
        searched.step(turn, config.horizon)

    def measure(turn: int) -> list[Row]:
        return [{"val_error": searched.error()}]

    yield from loop.fit(trial.meter, "search", update, measure, config.steps)
    yield from compared(searched, config, "trained", found)
    yield found


def compared(
    searched: NodeSearch, config: Radius, state: str, found: dict[str, float]
) -> Iterator[Row]:
    """Yield error and cosine of every kind at every radius; `found` gets what is summed up."""
    batches = next(searched.streams["train"]), next(searched.streams["val"])
    table: dict[float, dict[str, float]] = {radius: {"at": radius} for radius in config.radii}
    for kind in config.kinds:
        name = f"{kind}_{state}"
        problem = networks.problem(searched.supernet, searched.relaxation, kind)
        own = converted(batches, problem)
        values, exact, v = reference(problem, own, step_of(searched, problem))
        found |= {f"{name}_{key}": value for key, value in values.items()}
        for radius, row in table.items():
            h = bilevel.finite_difference(problem, own[0], v, radius)
            row |= {f"{name}_{key}": value for key, value in distance(h, exact).items()}
        found |= summary(name, table[config.radius], table[config.small])
    yield from table.values()


def reference(
    problem: Problem[networks.Batch], batches: Batches, step: VirtualStep
) -> tuple[dict[str, float], Tensors, Tensors]:
    """Return what the exact product does to the gradient of alpha, h* itself, and v."""
    kept: list[Tensors] = []

    def product(problem: Problem[networks.Batch], batch: networks.Batch, v: Tensors) -> Tensors:
        kept.extend((bilevel.exact_product(problem, batch, v), v))
        return kept[0]

    row = bilevel.second_order(problem, batches, step, product).row()
    share = row["implicit_norm"] / row["direct_norm"]
    values = {"implicit_share": share, "cosine_first_order": row["cosine_first_order"]}
    return {name: float(value) for name, value in values.items()}, kept[0], kept[1]


def distance(h: Tensors, exact: Tensors) -> dict[str, float]:
    """Return |h - h*| / |h*|, its log10, and the cosine of the angle between h and h*."""
    gap = tuple(one - other for one, other in zip(h, exact, strict=True))
    error = float(norm(gap) / norm(exact))
    values = {"error": error, "error_log10": math.log10(max(error, LEAST))}
    return values | {"cosine": float(cosine(h, exact))}


def summary(name: str, paper: dict[str, float], small: dict[str, float]) -> dict[str, float]:
    """Return what the final row says of one network: at the paper's radius, and at a small one."""
    keys = ("error", "error_log10", "cosine")
    values = {f"{name}_{key}": paper[f"{name}_{key}"] for key in keys}
    return values | {
        f"{name}_error_small": small[f"{name}_error"],
        f"{name}_error_small_log10": small[f"{name}_error_log10"],
    }


def step_of(searched: NodeSearch, problem: Problem[networks.Batch]) -> VirtualStep:
    """Return the step of SGD that comes next, in a problem's precision."""
    optimizers = searched.optimizers
    assert isinstance(optimizers, Architect)
    step = optimizers.virtual_step()
    dtype = problem.weights[0].dtype
    buffers = [None if buffer is None else buffer.to(dtype) for buffer in step.buffers]
    return replace(step, buffers=buffers)


def converted(batches: Batches, problem: Problem[networks.Batch]) -> Batches:
    """Return both batches in a problem's precision."""
    to = partial(Tensor.to, dtype=problem.weights[0].dtype)
    (one, first), (two, second) = batches
    return (to(one), first), (to(two), second)
