"""Hypernetworks on signals, and the networks that they predict for trained by SGD instead."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from harness.trial import stream
from papers.ghn2 import study, testbed
from papers.ghn2.evaluation import accuracy, on
from papers.ghn2.hyper.config import small
from papers.ghn2.hyper.network import HyperNetwork
from papers.ghn2.space.splits import Space
from papers.ghn2.tuning import trained

if TYPE_CHECKING:
    from harness.paper import Row
    from harness.trial import Trial
    from papers.ghn2.signals.config import Baseline, Signals


def hypernetwork(config: Signals, trial: Trial) -> HyperNetwork:
    """Return an untrained hypernetwork of the config's preset, on the trial's device."""
    return study.hypernetwork(small(config.preset, 1), config, trial)


def run(config: Signals, trial: Trial) -> Iterator[Row]:
    """Train a hypernetwork on Mini-1D, and judge it on networks that it has not seen."""
    bed = testbed.signals(trial)
    space = Space("mini", bed.frame)
    yield from study.run(bed, space, hypernetwork(config, trial), config, config, trial)


def sgd(config: Baseline, trial: Trial) -> Iterator[Row]:
    """Train the test networks from random parameters; a turn is a network."""
    bed = testbed.signals(trial)
    networks = Space("mini", bed.frame).split("test", config.networks)
    reached: dict[str, list[float]] = {str(step): [] for step in config.at_steps}
    trial.restore(reached=reached)
    for place in trial.meter.steps("train"):
        seed = stream(trial.seed, "sgd", place)
        start = on(networks[place].initial(seed), bed.train.y.device)
        steps = config.at_steps
        after = trained(networks[place], start, bed, steps, config.lr, config.batch, seed)
        for step, values in zip(steps, after, strict=True):
            with trial.meter.paused():
                score = accuracy(networks[place], values, bed.test, config.eval_batch)
            reached[str(step)].append(score)
    done = len(reached[str(config.steps)])
    for steps_done, scores in reached.items():
        yield {"at": int(steps_done), "id": sum(scores) / max(1, done)}
    means = {f"after_{step}": sum(scores) / max(1, done) for step, scores in reached.items()}
    yield {**means, "id": means[f"after_{config.steps}"]}
