"""A network of the space as a module that is built once and run with any parameters.

The module stands on the `meta` device: it holds shapes alone. `torch.func.functional_call` runs it
with predicted tensors, or with initial ones that are then trained.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property

import torch
from torch import Tensor, nn
from torch.func import functional_call

from harness.training import device
from papers.ghn2.graph import Graph
from papers.ghn2.space.draft import Blueprint

Tensors = Mapping[str, Tensor]


class Module(nn.Module):
    """The layers of a blueprint; each reads the values of layers before it."""

    def __init__(self, blueprint: Blueprint) -> None:
        super().__init__()
        self.layers = nn.ModuleList(layer.make() for layer in blueprint.layers)
        self.inputs = tuple(layer.inputs for layer in blueprint.layers)

    def forward(self, x: Tensor) -> Tensor:
        """Map (N, C, *S) to logits (N, K)."""
        values: list[Tensor] = []
        for layer, inputs in zip(self.layers, self.inputs, strict=True):
            values.append(layer(*[values[i] for i in inputs]) if values else layer(x))
        return values[-1]


@dataclass(frozen=True)
class Network:
    """A network's blueprint, module and graph; both are made when they are first asked for."""

    blueprint: Blueprint
    text: str = ""  # what it was made from

    @cached_property
    def graph(self) -> Graph:
        """What the hypernetwork reads."""
        return self.blueprint.graph

    @cached_property
    def module(self) -> nn.Module:
        """The module without numbers."""
        with torch.device("meta"):
            return Module(self.blueprint)

    def logits(self, parameters: Tensors, x: Tensor, training: bool = False) -> Tensor:
        """Run it with these parameters: (N, C, *S) -> (N, K); in training dropout is active."""
        self.module.train(training)
        logits: Tensor = functional_call(self.module, dict(parameters), (x,))
        return logits

    def initial(self, seed: int) -> dict[str, Tensor]:
        """Return torch's default initial parameters, drawn from an own stream."""
        with device.seeded(seed):
            module = Module(self.blueprint)
        return {name: value.detach() for name, value in module.named_parameters()}
