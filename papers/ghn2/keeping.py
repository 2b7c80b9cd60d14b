"""Trains a hypernetwork that is kept: `python -m papers.ghn2 keep NAME --on signals --steps N`.

The training is that of the studies, in a folder of its own, so that the same command goes on where
it was stopped. What is told of it is measured on the weights as they are stored, read again.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path
from statistics import fmean
from typing import Any

import torch
from torch import Tensor, nn
from torch.func import functional_call
from torch.nn.modules.batchnorm import _NormBase

from harness.budget import Limit
from harness.meter import Meter
from harness.paper import require
from harness.training import device
from harness.trial import Tools, Trial
from papers.ghn2 import kept, sources, study, testbed
from papers.ghn2.evaluation import chosen, judge
from papers.ghn2.hyper.network import HyperNetwork
from papers.ghn2.images import bed as images
from papers.ghn2.images import unseen as on_images
from papers.ghn2.images.config import Images
from papers.ghn2.images.study import MNIST, SUBSET
from papers.ghn2.prediction import predict
from papers.ghn2.signals import unseen as on_signals
from papers.ghn2.signals.config import Signals
from papers.ghn2.space.splits import Space
from papers.ghn2.testbed import Rows, Testbed

DATA = ("signals", "mnist", "cifar10_subset")
RUNS = Path("runs") / "ghn2-kept"
SMALLEST = ("squeezenet1_1", "shufflenet_v2_x0_5", "mobilenet_v3_small", "mnasnet0_5", "resnet18")
BATCH = 64  # of test rows, by whose statistics norms go

Tell = Callable[[str], object]


@dataclass
class Notes:
    """A trial's journal, for one that is in no table: the data that it used."""

    folder: Path
    used: dict[str, str] = field(default_factory=dict)

    def append(self, kind: str, **content: Any) -> None:
        """Remember which data are used."""
        if kind == "data":
            self.used[content["name"]] = content["hash"]

    def sync(self) -> None:
        """Do nothing: what is remembered is told anew by each attempt."""

    def close(self) -> None:
        """Do nothing."""


@dataclass(frozen=True)
class Ordered:
    """What is asked for: the name it will go by, its data, steps and seed."""

    name: str
    data: str
    steps: int
    seed: int = 0
    stored: str = "float32"

    @property
    def command(self) -> str:
        """What made it."""
        half = " --half" if self.stored == "float16" else ""
        return (
            f"python -m papers.ghn2 keep {self.name} --on {self.data} --steps {self.steps} "
            f"--seed {self.seed}{half}"
        )


def keep(order: Ordered, tell: Tell, runs: Path = RUNS, folder: Path = kept.FOLDER) -> kept.Kept:
    """Train, store, read again, measure, and store with what was measured.

    Raises:
        Refused: data that no hypernetwork is kept for; a file that would be too large.
    """
    require(order.data, DATA, "data of a kept hypernetwork")
    device.prepare("cpu")
    home = runs / order.name
    home.mkdir(parents=True, exist_ok=True)
    notes = Notes(home)
    tools = Tools(device.save, device.load, device.random_state, device.set_random_state)
    trial = Trial(notes, Meter({"train": (order.steps, 1)}, Limit()), tools, order.seed)
    config = config_of(order)
    bed, hyper = subject(config, trial)
    space = Space("mini", bed.frame)
    for row in study.run(bed, space, hyper, config, config, trial):
        tell(json.dumps(row))
    facts = kept.Facts(
        data=", ".join(notes.used), digest=", ".join(notes.used.values()), budget="own",
        command=order.command, seed=order.seed, steps=order.steps,
    )  # fmt: skip
    made = kept.Kept(order.name, hyper, bed.frame, facts)
    read = kept.load(str(kept.save(made, home, order.stored)))
    told = replace(facts, accuracies=measured(read.ghn, bed, space, config))
    kept.save(replace(made, facts=told), folder, order.stored)
    return replace(read, facts=told)


def config_of(order: Ordered) -> Signals | Images:
    """Return how it is trained and judged: as in the studies, but for the number of steps."""
    if order.data == "signals":
        return Signals(steps=order.steps)
    small = MNIST if order.data == "mnist" else SUBSET
    return Images(**{**small, "steps": order.steps})


def subject(config: Signals | Images, trial: Trial) -> tuple[Testbed, HyperNetwork]:
    """Return the testbed and the untrained hypernetwork of a config."""
    if isinstance(config, Signals):
        return testbed.signals(trial), on_signals.hypernetwork(config, trial)
    bed = images.load(config.dataset, config.side, config.stem_stride, trial)
    return bed, on_images.hypernetwork(config, trial)


# -- what is told of it ---------------------------------------------------------------------------


def measured(
    ghn: HyperNetwork, bed: Testbed, space: Space, config: Signals | Images
) -> dict[str, float]:
    """Return mean accuracies on the unseen networks of every split, and of torchvision's smallest.

    The latter take images of three channels; each is told by its own name.
    """
    found = {
        split: judge(ghn, networks, bed.test, config.eval_batch).mean
        for split, networks in study.tests(space, config).items()
    }
    if bed.frame.dim == 2 and bed.frame.channels == 3:
        found |= {f"torchvision/{name}": smallest(ghn, name, bed) for name in SMALLEST}
    return {name: round(value, 4) for name, value in found.items()}


def smallest(ghn: HyperNetwork, name: str, bed: Testbed) -> float:
    """Return what a network of torchvision reaches with predicted parameters."""
    module = sources.of_torchvision(name, bed.frame.classes).eval()
    state, _ = predict(ghn, module, bed.test.x[:2], frame=bed.frame)
    for part in module.modules():
        if isinstance(part, _NormBase):  # without running statistics it goes by the batch
            part.running_mean = part.running_var = part.num_batches_tracked = None
    own = {key: value for key, value in state.items() if key in dict(module.named_parameters())}
    return accuracy(module, own, bed.test)


@torch.no_grad()
def accuracy(module: nn.Module, state: dict[str, Tensor], rows: Rows) -> float:
    """Return the share of rows that a module classifies right."""
    return fmean(
        hit
        for x, y in zip(rows.x.split(BATCH), rows.y.split(BATCH), strict=True)
        for hit in _hits(functional_call(module, state, (x,)), y)
    )


def _hits(logits: Tensor, y: Tensor) -> Iterator[float]:
    yield from (chosen(logits) == y).float().tolist()
