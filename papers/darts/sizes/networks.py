"""The paper's networks at full size: parameters, multiply-adds, memory, some real steps.

The search network (Sec. 3.1: 16 channels, 8 cells, batch 64), and DARTS's second-order cell in the
evaluation network for CIFAR-10 (Sec. 3.2: 36 channels, 20 cells, batch 96) and for ImageNet
(Sec. 3.3: 48 channels, 14 cells, 224x224, batch 128), on random pixels. Device time is the
meter's. Memory is that of the tensors that a backward pass needs, with weights, gradients and
momentum; a device's allocator and work space come on top.

Shapes: N images, H W space.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import TYPE_CHECKING, Any, Protocol

import torch
from torch import Tensor
from torch.nn import functional as F  # noqa: N812

from harness.training import device, loop, metrics, optim
from papers.cells.child import cifar
from papers.cells.network import counting
from papers.cells.network.darts import Layout, Network, imagenet
from papers.cells.rows import Part, Rows, unchanged
from papers.cells.space.published import PUBLISHED
from papers.cells.supernet.node import Design, Supernet
from papers.cells.supernet.node_fast import FastSupernet
from papers.cells.supernet.relaxation import Relaxation
from papers.darts.config import PASSES, Darts
from papers.darts.method import searched

if TYPE_CHECKING:
    from harness.paper import Row
    from harness.trial import Trial
    from papers.darts.sizes.config import Size

CELL = PUBLISHED["DARTS_V2"].genotype
PHASE = "steps"
SEARCH = Darts(gradient="first_order")
LR, MOMENTUM, DECAY, CLIP = 0.025, 0.9, 3e-4, 5.0  # [P] App. A.1; a few steps need no schedule
AUXILIARY, DROP_PATH, SMOOTHING = 0.4, 0.2, 0.1  # [P] Sec. 3.2 and App. A.2; drop path at its end
GIGA, MEGA = 1e9, 1e6


def run(config: Size, trial: Trial) -> Iterator[Row]:
    """Build a network at full size, count it, and take some steps."""
    meter = trial.meter
    part = pixels(config, trial)
    subject = built(config, part, trial)
    trial.restore(**subject.stateful)
    counted = count(config)
    meter.count_flops(PHASE, counted["gflops_step"] * GIGA)
    yield from loop.fit(meter, PHASE, lambda turn: subject.update(), lambda turn: (), config.steps)
    loss, kept = counting.kept(subject.loss, subject.weights)
    own = counting.held(subject.weights)
    yield {
        **counted,
        "batch": config.batch,
        "memory_gb": (kept + own) / GIGA,
        "memory_image_mb": kept / config.batch / MEGA,
        "loss": float(loss.detach()),
    }


def pixels(config: Size, trial: Trial) -> Part:
    """Return a batch of random images (N, 3, H, W), as if normalised, and labels."""
    drawn = torch.Generator().manual_seed(trial.stream("pixels"))
    x = torch.randn(config.batch, 3, config.side, config.side, generator=drawn)
    y = torch.randint(10, (config.batch,), generator=drawn)
    return Part(x.to(trial.device, memory_format=torch.channels_last), y.to(trial.device))


# -- what is trained ------------------------------------------------------------------------------


class Subject(Protocol):
    """A network in training on one batch."""

    @property
    def weights(self) -> tuple[Tensor, ...]:
        """What trains."""
        ...

    @property
    def stateful(self) -> dict[str, Any]:
        """What a resumed trial restores."""
        ...

    def loss(self) -> Tensor:
        """Run forward."""
        ...

    def update(self) -> None:
        """Take one step."""
        ...


class SearchSubject:
    """The search network: alpha, then w, by first-order gradients."""

    def __init__(self, design: Design, part: Part, trial: Trial) -> None:
        rows = Rows("pixels", "", part, part, unchanged, lambda x: x)
        self.searched = searched(design, SEARCH, rows, len(part.y), trial.stream)

    @property
    def weights(self) -> tuple[Tensor, ...]:
        """The shared weights."""
        return self.searched.optimizers.problem.weights

    @property
    def stateful(self) -> dict[str, Any]:
        """What a resumed trial restores."""
        return self.searched.stateful

    def loss(self) -> Tensor:
        """Run forward."""
        part = self.searched.rows.train
        return self.searched.optimizers.problem.loss((part.x, part.y))

    def update(self) -> None:
        """Take one step."""
        self.searched.step(0, 1)


class EvaluationSubject:
    """A discrete network with its second classifier, and SGD."""

    def __init__(self, layout: Layout, part: Part, trial: Trial) -> None:
        self.part, self.small = part, layout.stem == "cifar"
        with device.seeded(trial.stream("init")):
            network = Network(layout)
        self.network = network.to(trial.device, memory_format=torch.channels_last)  # type: ignore[call-overload]
        self.network.drop_path = DROP_PATH if self.small else 0.0
        self.network.stream = torch.Generator(trial.device).manual_seed(trial.stream("drop path"))
        self.optimizer = optim.unfused_sgd(self.weights, LR, MOMENTUM, DECAY)

    @property
    def weights(self) -> tuple[Tensor, ...]:
        """All parameters."""
        return tuple(self.network.parameters())

    @property
    def stateful(self) -> dict[str, Any]:
        """What a resumed trial restores."""
        drops = self.network.stream
        return {"network": self.network, "optimizer": self.optimizer, "drops": drops}

    def loss(self) -> Tensor:
        """Run forward: both classifiers, and on ImageNet smoothed labels."""
        return objective(self.network(self.part.x), self.part.y, self.small)

    def update(self) -> None:
        """Take one step."""
        optim.clipped_step(self.loss(), self.weights, self.optimizer, CLIP)


def objective(outputs: tuple[Tensor, Tensor | None], y: Tensor, small: bool) -> Tensor:
    """Return CE + .4 CE_aux, on ImageNet of smoothed labels."""
    if small:
        return cifar.loss(outputs, y, AUXILIARY)
    logits, second = outputs
    value = F.cross_entropy(logits, y, label_smoothing=SMOOTHING)
    assert second is not None
    return value + AUXILIARY * F.cross_entropy(second, y, label_smoothing=SMOOTHING)


def built(config: Size, part: Part, trial: Trial) -> Subject:
    """Return the network that the config names."""
    if config.network == "search":
        return SearchSubject(design(config), part, trial)
    return EvaluationSubject(layout(config), part, trial)


def design(config: Size) -> Design:
    """Return the search network's design."""
    return Design(cells=config.layers) if config.layers else Design()


def layout(config: Size) -> Layout:
    """Return the layout of the evaluation network, or of ImageNet's."""
    whole = imagenet(CELL, auxiliary=True)
    if config.network == "evaluation":
        whole = Layout(CELL, auxiliary=True)
    return replace(whole, layers=config.layers) if config.layers else whole


# -- what is counted on shapes alone --------------------------------------------------------------


def count(config: Size) -> dict[str, float]:
    """Return parameters (without the second classifier's), work, the published batch's memory.

    `gflops_step` is three times the forward pass for each pass of a step. `memory_published_gb`
    is what would be kept at the published batch; `memory_loop_published_gb` the same of the loop
    over all operations, which is how the authors' code runs the search network.
    """
    return _searched(config) if config.network == "search" else _evaluated(config)


def _searched(config: Size) -> dict[str, float]:
    with torch.device("meta"):
        net = Supernet(design(config))
    edges = {name: net.design.operations(name == "reduce") for name in ("normal", "reduce")}
    relaxation = Relaxation(edges, SEARCH.alpha_init, 0).to("meta")
    fast, held = FastSupernet.of(net), counting.held(net.parameters())
    x, y = _published(config)

    def kept(of: Supernet) -> int:
        def loss() -> Tensor:
            return F.cross_entropy(of(x, *map(relaxation.weights, edges)), y)

        return counting.kept(loss, net.parameters())[1]

    loop_kept: list[int] = []
    macs = counting.multiply_adds(net, lambda: loop_kept.append(kept(net))) / len(x)
    return {
        "parameters": metrics.parameters(net),
        **_work(macs, config.batch * PASSES[SEARCH.gradient]),
        "memory_published_gb": (kept(fast) + held) / GIGA,
        "memory_loop_published_gb": (loop_kept[0] + held) / GIGA,
    }


def _evaluated(config: Size) -> dict[str, float]:
    whole = layout(config)
    with torch.device("meta"):
        net, bare = Network(whole), Network(replace(whole, auxiliary=False))
    small = whole.stem == "cifar"
    net.drop_path = DROP_PATH if small else 0.0
    x, y = _published(config)
    _, kept = counting.kept(lambda: objective(net(x), y, small), net.parameters())
    with torch.no_grad():
        macs = counting.multiply_adds(bare, lambda: bare(x)) / len(x)
    return {
        "parameters": metrics.parameters(bare),
        **_work(macs, config.batch),
        "memory_published_gb": (kept + counting.held(net.parameters())) / GIGA,
    }


def _published(config: Size) -> tuple[Tensor, Tensor]:
    """Return a batch of the published size, without content."""
    shape = (config.published_batch, 3, config.side, config.side)
    x = torch.empty(shape, device="meta").contiguous(memory_format=torch.channels_last)
    return x, torch.zeros(len(x), dtype=torch.int64, device="meta")


def _work(macs: float, rows: int) -> dict[str, float]:
    """Return billions: multiply-adds of an image, FLOPs of a step of so many rows and passes."""
    return {"gmacs_image": macs / GIGA, "gflops_step": 3 * 2 * macs * rows / GIGA}
