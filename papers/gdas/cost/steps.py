"""Steps of both searchers on one search network, charged to the meter and nothing else.

First order (DARTS, arXiv:1806.09055, Eq. 7 with xi = 0) is what a bilevel search does where no
searcher adds to it, so no file of that paper is needed here.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from typing import TYPE_CHECKING

from papers.cells.child.config import SignalChildren
from papers.cells.child.signals import SignalTestbed
from papers.cells.supernet.bilevel import Optimizers
from papers.cells.supernet.method import Method
from papers.cells.supernet.node import Design
from papers.cells.supernet.shared import NodeSearch
from papers.gdas.config import Gdas
from papers.gdas.node_search import Sampled

if TYPE_CHECKING:
    from harness.paper import Row
    from harness.trial import Trial
    from papers.gdas.cost.config import Steps


def run(config: Steps, trial: Trial) -> Iterator[Row]:
    """Take the steps; the trial's seconds are theirs."""
    meter, found = trial.meter, searched(config, trial)
    trial.uses(found.rows.dataset, found.rows.digest)
    trial.restore(**found.stateful)
    meter.count_flops("search", found.flops)
    horizon = meter.horizon("search")
    for turn in meter.steps("search"):
        found.step(turn, horizon)
    yield {"train_loss": float(found.optimizers.last["train_loss"])}


def searched(config: Steps, trial: Trial) -> NodeSearch:
    """Return the search network with its searcher; weights, rows and their order are the same."""
    rows = SignalTestbed.load(SignalChildren(), trial.device).rows
    design, own = Design(config.channels, config.cells, dim=rows.dim, inputs=rows.inputs), Gdas()
    if config.method == "gdas":
        return Sampled(design, own, rows, config.batch, trial.stream, "paper")
    method = Method(partial(Optimizers, config=own))
    return NodeSearch(design, own, rows, config.batch, trial.stream, method)
