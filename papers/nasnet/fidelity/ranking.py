"""The same cells in a small, a middle and a large network: what each says of them.

NASNet searches with a small stack and repeats the cell that it finds in a larger network (Zoph et
al. 2017, arXiv:1707.07012, Sec. 3). That is sound as far as cells are ranked alike.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from random import Random
from typing import TYPE_CHECKING

from harness.trial import stream
from papers.cells.child.mnist1d import RECIPE, Signals, accuracy, fit
from papers.cells.league.costs import training_flops
from papers.cells.league.league import verified
from papers.cells.network import light
from papers.cells.space.allowed import allowed, convolutions
from papers.cells.space.edge import SPACES, Code, EdgeSpace
from papers.nasnet.fidelity.config import SIZES
from papers.nasnet.fidelity.network import DeepStack, build

if TYPE_CHECKING:
    from harness.paper import Row
    from harness.trial import Trial
    from papers.nasnet.fidelity.config import Fidelity

Told = dict[str, list[float]]  # what a size says of each cell, by name


def run(config: Fidelity, trial: Trial) -> Iterator[Row]:
    """Train the cells of a trial in networks of every size; a row stands for a cell."""
    space, signals, told = SPACES[config.space], Signals.load(where=trial.device), Told()
    trial.uses("mnist1d", signals.digest)
    trial.restore(told=told)
    cells = drawn(space, config, trial.stream("cells"))
    for size, name in enumerate(SIZES):
        work = sum(flops(space, cell, size, config) for cell in cells)
        trial.meter.count_flops(name, work)
        for _ in trial.meter.steps(name):
            told.update(trained(space, cells, size, config, signals, trial))
    for member, cell in enumerate(cells):
        values = {name: own[member] for name, own in told.items()}
        known = verified().test(space, cell)
        yield {"member": member, **values, "true": known, "cell": space.text(cell)}


def drawn(space: EdgeSpace, config: Fidelity, seed: int) -> list[Code]:
    """Return cells with as many convolutions as the config says, drawn uniformly."""
    few = [
        code
        for code in allowed(space, config.convolutions).codes
        if convolutions(space, code) == config.convolutions
    ]
    random = Random(seed)
    return [few[random.randrange(len(few))] for _ in range(config.cells)]


def flops(space: EdgeSpace, cell: Code, size: int, config: Fidelity) -> float:
    """Return what training a cell in a network of one size takes."""
    channels, repeats = config.channels[size], config.repeats[size]
    empty = light.macs(space, space.code(("skip",) * len(cell)), channels)
    macs = empty + repeats * (light.macs(space, cell, channels) - empty)
    return training_flops(macs, config.steps * RECIPE.batch)


def trained(
    space: EdgeSpace,
    cells: list[Code],
    size: int,
    config: Fidelity,
    signals: Signals,
    trial: Trial,
) -> Told:
    """Return validation accuracy after a third and at the end, and test accuracy, of one size."""
    name, channels, repeats = SIZES[size], config.channels[size], config.repeats[size]
    seeds = [trial.stream(name, member) for member in range(len(cells))]
    stack = DeepStack(
        [
            build(space, code, stream(seed, "init"), channels, repeats)
            for code, seed in zip(cells, seeds, strict=True)
        ]
    ).to(signals.train.x.device)
    recipe = replace(RECIPE, channels=channels, steps=config.steps)
    curves, _ = fit(stack, seeds, signals, recipe)
    return {
        f"{name}_third": curves[:, 0].tolist(),
        name: curves[:, -1].tolist(),
        f"{name}_test": accuracy(stack, signals.test.open()).tolist(),
    }
