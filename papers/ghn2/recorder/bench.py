"""The pairs that the bench times for a user's network: its recording, and the whole prediction.

The oracle records with torch's own kernels of the meta device and passes messages node by node;
the fast form answers shapes itself and passes messages level by level. ResNet-50, and a DARTS
network of 20 cells and 794 nodes.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from harness.pair import KEEP, Pair
from papers.cells.space.published import PUBLISHED
from papers.ghn2.coverage import hollow
from papers.ghn2.hyper.batch import Prepared
from papers.ghn2.hyper.config import Hyper
from papers.ghn2.hyper.network import HyperNetwork, Predicted, build
from papers.ghn2.hyper.propagation import GatedGraph
from papers.ghn2.recorder.recording import record
from papers.ghn2.space.build import blueprint
from papers.ghn2.space.generator import LARGE, SMALL
from papers.ghn2.space.network import Network
from papers.ghn2.space.record import Record

CELLS, CHANNELS = 20, 36  # of the network that DARTS trains on CIFAR-10


@dataclass(frozen=True)
class Subject:
    """A network without numbers, an example for it, and what predicts its parameters."""

    module: nn.Module
    example: Tensor
    hyper: Hyper

    def recording(self, quick: bool) -> Callable[[], object]:
        """Return what records it."""
        return lambda: record(self.module, self.example, quick=quick)

    def whole(self, ghn: HyperNetwork, fast: bool) -> Callable[[], Predicted]:
        """Return what predicts all of it, from the module on."""

        @torch.no_grad()
        def predicted() -> Predicted:
            heard = Prepared(record(self.module, self.example, quick=fast).graph, self.hyper)
            return ghn([heard]) if fast else by_node(ghn, heard)

        return predicted


def by_node(ghn: HyperNetwork, network: Prepared) -> Predicted:
    """Return every parameter, messages being passed from one node to the next."""
    batch = ghn.batch([network])
    h = ghn.features(batch.operations, batch.buckets)
    assert isinstance(ghn.propagation, GatedGraph)
    virtual = None if network.virtual is None else torch.from_numpy(network.virtual).to(h.dtype)
    h = ghn.propagation.sequential(h, torch.from_numpy(network.edges), virtual)
    return ghn.decode(batch, ghn.norm(h))


def resnet50() -> Subject:
    """Return torchvision's, with a hypernetwork for ImageNet."""
    example = torch.empty((1, 3, *LARGE.size), device="meta")
    hyper = Hyper(classes=1000, spatial="imagenet", kernel=(16, 16))
    return Subject(hollow("resnet50"), example, hyper)


def darts(cells: int = CELLS) -> Subject:
    """Return DARTS's second-order network, with a hypernetwork for CIFAR-10."""
    row = Record(PUBLISHED["DARTS_V2"].genotype, cells, CHANNELS, growth=2)
    example = torch.empty((1, 3, *SMALL.size), device="meta")
    return Subject(Network(blueprint(row, SMALL)).module, example, Hyper())


def pair_of_recordings(name: str, subject: Subject) -> Pair:
    """Return a recording with torch's kernels, and with shapes that are answered."""

    def agree() -> None:
        one, other = (
            record(subject.module, subject.example, quick=q).graph for q in (True, False)
        )
        assert one == other

    oracle, fast = (subject.recording(quick) for quick in (False, True))
    return Pair(f"recording {name}", oracle, fast, agree, KEEP)


def pair_of_predictions(name: str, subject: Subject, aim: float) -> Pair:
    """Return a whole prediction node by node, and level by level."""
    ghn = build(subject.hyper, 0)

    def agree() -> None:
        double = build(subject.hyper, 0).double()
        one, other = (subject.whole(double, fast)()[0] for fast in (True, False))
        for tensor, value in one.items():
            torch.testing.assert_close(other[tensor], value, rtol=1e-10, atol=1e-10)

    oracle, fast = (subject.whole(ghn, each) for each in (False, True))
    return Pair(f"whole prediction, {name}", oracle, fast, agree, aim)


def pairs() -> list[Pair]:
    """Return recordings and whole predictions of both networks."""
    subjects = {"ResNet-50": resnet50(), "DARTS, 794 nodes": darts()}
    return [pair_of_recordings(name, subject) for name, subject in subjects.items()] + [
        pair_of_predictions(name, subject, KEEP) for name, subject in subjects.items()
    ]
