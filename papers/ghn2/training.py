"""Training a hypernetwork on inputs and networks at once (Sec. 2; the authors' code).

A step draws a batch of inputs and a meta-batch of networks, predicts all parameters, and descends
the mean loss of the networks on the same inputs. Nothing is remembered for a network.

Backward has two stages: each network's gradient with respect to its predicted parameters, one
network after another, and then once from all of these through the hypernetwork. The gradient is
the same, and one network's activations are in memory at a time.

Shapes: N inputs, b networks.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional as F  # noqa: N812

from harness.paper import Refused
from harness.training import data, optim
from papers.ghn2.config import Training
from papers.ghn2.hyper.batch import Prepared
from papers.ghn2.hyper.network import HyperNetwork
from papers.ghn2.space.network import Network
from papers.ghn2.space.splits import KEPT
from papers.ghn2.testbed import Testbed

Seed = Callable[..., int]


class Diverged(RuntimeError):
    """Too many steps in a row gave no finite loss."""


def losses_direct(
    hyper: HyperNetwork,
    networks: Sequence[Network],
    graphs: Sequence[Prepared],
    x: Tensor,
    y: Tensor,
    smoothing: float = 0.0,
) -> Tensor:
    """Return each network's loss (b) on predicted parameters, and keep everything for backward.

    The readable form of `descend_networks`; their mean is what a step descends.
    """
    predicted = hyper(graphs)
    return torch.stack(
        [
            F.cross_entropy(network.logits(own, x, True), y, label_smoothing=smoothing)
            for network, own in zip(networks, predicted, strict=True)
        ]
    )


def descend_networks(
    hyper: HyperNetwork,
    networks: Sequence[Network],
    graphs: Sequence[Prepared],
    x: Tensor,
    y: Tensor,
    smoothing: float = 0.0,
) -> Tensor:
    """Leave the gradient of the mean loss in the hypernetwork; return the losses (b).

    Where one of them is not finite nothing is left.
    """
    predicted = hyper(graphs)
    losses, outputs, grads = [], list[Tensor](), list[Tensor]()
    for network, own in zip(networks, predicted, strict=True):
        leaves = {name: value.detach().requires_grad_() for name, value in own.items()}
        loss = F.cross_entropy(network.logits(leaves, x, True), y, label_smoothing=smoothing)
        losses.append(loss.detach())
        outputs += own.values()
        grads += torch.autograd.grad(loss / len(networks), list(leaves.values()))
    told = torch.stack(losses)
    if bool(told.isfinite().all()):
        torch.autograd.backward(outputs, grads)
    return told


class Trainer:
    """A hypernetwork with the networks and inputs that it learns on."""

    def __init__(
        self,
        hyper: HyperNetwork,
        networks: Sequence[Network],
        bed: Testbed,
        config: Training,
        seed: Seed,
    ) -> None:
        self.hyper, self.config, self.bed = hyper, config, bed
        self.networks = networks
        self.graphs: dict[str, Prepared] = {}  # of networks that came before, by what they are
        where = str(bed.train.y.device)
        self.inputs = data.Endless(len(bed.train), config.batch, seed("inputs"), where)
        self.order = data.Endless(len(networks), config.meta_batch, seed("order"))
        self.augmented = torch.Generator().manual_seed(seed("augmented"))
        self.optimizer = optim.adam(hyper.parameters(), config.lr, config.weight_decay)
        self.counts: dict[str, Any] = {"skipped": 0, "in_a_row": 0, "redrawn": 0}
        self.loss = torch.zeros(())
        self.losses: list[float] = []  # of the steps since they were last told

    @property
    def stateful(self) -> dict[str, Any]:
        """Everything that a resumed trial restores."""
        return {
            "hyper": self.hyper,
            "optimizer": self.optimizer,
            "inputs": self.inputs,
            "order": self.order,
            "augmented": self.augmented,
            "counts": self.counts,
            "losses": self.losses,
        }

    def update(self, turn: int, horizon: int) -> None:
        """Take one step; one without a finite loss or gradient changes nothing and is counted.

        Raises:
            Diverged: that happened too often in a row.
        """
        x, y = self.bed.drawn(next(self.inputs), self.augmented)
        optim.set_rate(self.optimizer, self.config.rate(turn, horizon))
        self.optimizer.zero_grad()
        networks = self._draw()
        graphs = [self._prepared(network) for network in networks]
        losses = descend_networks(self.hyper, networks, graphs, x, y, self.config.smoothing)
        self._step(losses)

    def told(self) -> dict[str, float]:
        """Return the mean loss of the steps since the last call, and what was counted so far."""
        mean = sum(self.losses) / max(1, len(self.losses))
        self.losses.clear()
        return {
            "train_loss": mean,
            "skipped": float(self.counts["skipped"]),
            "redrawn": float(self.counts["redrawn"]),
        }

    # -- inside -----------------------------------------------------------------------------------

    def _step(self, losses: Tensor) -> None:
        finite = bool(losses.isfinite().all())
        if finite:
            norm = nn.utils.clip_grad_norm_(self.hyper.parameters(), self.config.clip)
            finite = bool(norm.isfinite())
        if finite:
            self.optimizer.step()
            self.losses.append(float(losses.mean()))
            self.counts["in_a_row"] = 0
            return
        self.counts["skipped"] += 1
        self.counts["in_a_row"] += 1
        if self.counts["in_a_row"] >= self.config.failures:
            raise Diverged(f"{self.counts['in_a_row']} steps in a row without a finite loss")

    def _draw(self) -> list[Network]:
        """Return a meta-batch that is not too large; the others are counted."""
        most = self.config.most_nodes
        for _ in range(1000):
            chosen = [self.networks[place] for place in next(self.order).tolist()]
            if not most or sum(len(network.graph) for network in chosen) <= most:
                return chosen
            self.counts["redrawn"] += 1
        raise Refused(f"most_nodes={most}: no meta-batch of 1000 is as small; raise it")

    def _prepared(self, network: Network) -> Prepared:
        known = self.graphs.get(network.text)
        if known is None:
            known = Prepared(network.graph, self.hyper.hyper)
            if len(self.networks) <= KEPT:
                self.graphs[network.text] = known
        return known
