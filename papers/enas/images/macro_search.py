"""ENAS's search of whole networks (Sec. 2.3), and what its network is worth from scratch.

Beside its reward the controller has a penalty that draws the share of skips to .4.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import partial
from random import Random
from typing import TYPE_CHECKING

import torch
from torch import Tensor

from harness.training import device, loop
from papers.cells.child.retrained import RETRAIN, SEARCH, result
from papers.cells.child.testbed import Kept, Training, train
from papers.cells.network.counting import multiply_adds
from papers.cells.network.enas import MacroNetwork
from papers.cells.rows import Rows, Seed
from papers.cells.searcher.controller import MacroController
from papers.cells.searcher.policy import Controller, Draw
from papers.cells.space.published import MACRO_OPS, Macro
from papers.enas.images.child import FinalTestbed, macro
from papers.enas.images.macro import WIDEN, MacroSupernet
from papers.enas.path_search import PathSearch, Space
from papers.enas.reinforce import Penalty

if TYPE_CHECKING:
    from harness.paper import Row
    from harness.trial import Trial
    from papers.enas.images.config import MacroSearch


def run(config: MacroSearch, trial: Trial) -> Iterator[Row]:
    """Search, derive a network, train it from scratch."""
    bed, meter, kept = FinalTestbed.load(config, trial.device), trial.meter, Kept()
    search = searched(config, bed.rows, trial.stream)
    trial.uses(bed.rows.dataset, bed.rows.digest)
    trial.restore(**search.stateful, kept=kept)
    meter.count_flops(SEARCH, search.flops)
    horizon = meter.horizon(SEARCH)

    def row() -> Row:
        errors = {"val_error": search.error(), "discrete_error": search.discrete_error()}
        return {**search.row(), **errors}

    def update(turn: int) -> None:
        search.step(turn, horizon)

    def measure(turn: int) -> list[Row]:
        return [{**row(), "at": turn + 1}]

    yield from loop.fit(meter, SEARCH, update, measure, config.eval_every)
    found = search.best
    seed = partial(trial.stream, RETRAIN)
    begin = partial(bed.trained, macro(found, config), bed.parts, seed)
    yield from train(Training(RETRAIN, begin, bed.parts, config.child_every), trial, kept)
    yield {**row(), **result(kept), "network": text(found), "dataset": bed.rows.dataset}


def text(network: Macro) -> str:
    """Return a network as the release writes it: operations, then each layer's skip bits."""
    ops = "".join(map(str, network.ops))
    return f"{ops} {' '.join(''.join(map(str, map(int, bits))) or '-' for bits in network.skips)}"


def searched(config: MacroSearch, rows: Rows, seed: Seed) -> PathSearch[Macro]:
    """Return a search on rows, its weights drawn."""
    layers = config.child_layers
    with device.seeded(seed("init")):
        supernet = MacroSupernet(layers, config.channels).to(rows.train.x.device)
    coder = MacroController(layers=layers)  # knows the order of a code; it draws nothing
    sides = rows.train.x.shape[2:]

    def decode(code: Sequence[int]) -> Macro:
        return coder.networks(torch.tensor([list(code)]))[0]

    def uniform(stream: Random) -> list[int]:
        return [
            stream.randrange(2 if skip else len(MACRO_OPS))
            for layer in range(layers)
            for skip in range(layer + 1)
        ]

    def controller(preset: str, number: int) -> MacroController:
        return MacroController(preset, number, layers)

    def macs(network: Macro) -> float:
        with torch.device("meta"), torch.no_grad():
            own = MacroNetwork(network, config.channels, dense=False, widen=WIDEN)
            x = torch.empty(2, 3, *sides)
            return multiply_adds(own, lambda: own(x)) / len(x)

    def penalty(of: Controller) -> Penalty | None:
        assert isinstance(of, MacroController)

        def skips(draw: Draw) -> Tensor:
            return config.skip_weight * of.skip_penalty(draw)

        return skips

    space = Space(supernet, decode, uniform, controller, macs, shares, penalty)
    return PathSearch(space, config, rows, seed)


def shares(networks: Sequence[Macro]) -> dict[str, float]:
    """Return which share of all layers are convolutions, and of all skips that could be, are."""
    ops = [MACRO_OPS[op] for network in networks for op in network.ops]
    bits = [bit for network in networks for own in network.skips for bit in own]
    return {
        "share_convolutions": sum("conv" in name for name in ops) / len(ops),
        "share_skips": sum(bits) / len(bits),
    }
