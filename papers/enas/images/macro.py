"""The macro supernet: the weights that all whole networks share (Sec. 2.3 and 2.4).

Each layer has every operation, with its own 1x1 convolution. In every layer but the first a 1x1
convolution joins the layer's output and the earlier tensors that a network names, those alone: it
has a block for each. Reductions are common to all networks, one for each tensor. A path is the
stand-alone network of `papers.cells.network.enas`, its separable operations separable.

Batch norms have no weights and always use the batch's statistics.

Shapes: N batch, C channels, H W space, K classes.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn

from harness.paper import Refused
from papers.cells.network.enas import MacroNetwork, branch
from papers.cells.network.operations import FactorizedReduce, convolution
from papers.cells.space.published import MACRO_OPS, Macro
from papers.enas.arrangement import BatchFirst, SharedPlace
from papers.enas.micro import Output, Reader

WIDEN = 1  # [C] channels do not grow at a reduction while searching


class MacroSupernet(nn.Module):
    """Stem, layers and head; a macro architecture says which of the operations and skips run."""

    def __init__(self, layers: int, channels: int, classes: int = 10) -> None:
        super().__init__()
        if layers < 3:
            raise Refused(f"layers={layers}: a macro network has 3 layers or more")
        self.size, self.lies = (layers, channels, classes), BatchFirst()
        self.reductions = (layers // 3 - 1, 2 * layers // 3 - 1)
        place = SharedPlace(channels, dim=2, affine=False, tracked=False)
        self.stem = nn.Sequential(convolution(2, (3, channels), 3), place.norm())
        self.layers = nn.ModuleList(
            nn.ModuleList(branch(op, place, dense=False) for op in range(len(MACRO_OPS)))
            for _ in range(layers)
        )
        self.merges = nn.ModuleList(
            Reader(place, channels, number + 1, False) for number in range(1, layers)
        )
        self.halves = nn.ModuleDict(
            {
                str(number): nn.ModuleList(
                    FactorizedReduce(place, relu=False) for _ in range(number + 2)
                )
                for number in self.reductions
            }
        )
        self.out = nn.Linear(channels, classes, bias=False)

    def forward(self, x: Tensor, network: Macro) -> Tensor:
        """Map (N, 3, H, W) to the logits (N, K) of a network.

        Raises:
            Refused: another number of layers, or of a layer's skip bits.
        """
        self.check(network)
        tensors = [self.stem(x)]
        for number, op in enumerate(network.ops):
            value = self._operation(number, op)(tensors[-1])
            if number:
                joined = [i for i, bit in enumerate(network.skips[number]) if bit]
                beside = torch.cat([*(tensors[i] for i in joined), value], 1)
                value = self.merges[number - 1](Output(beside, (*joined, number)), self.lies)
            tensors.append(value)
            if number in self.reductions:
                tensors = self._halved(number, tensors)
        logits: Tensor = self.out(tensors[-1].mean((2, 3)))
        return logits

    def check(self, network: Macro) -> None:
        """Refuse a network of another size."""
        layers, own = self.size[0], [len(bits) for bits in network.skips]
        if len(network.ops) != layers or own != list(range(layers)):
            raise Refused(f"skips={own}: layer l of {layers} has l skip bits")

    def _operation(self, number: int, op: int) -> nn.Module:
        if not 0 <= op < len(MACRO_OPS):
            raise Refused(f"operation {op}: macro operations are 0 to {len(MACRO_OPS) - 1}")
        layer = self.layers[number]
        assert isinstance(layer, nn.ModuleList)
        return layer[op]

    def _halved(self, number: int, tensors: list[Tensor]) -> list[Tensor]:
        halves = self.halves[str(number)]
        assert isinstance(halves, nn.ModuleList)
        return [half(tensor) for half, tensor in zip(halves, tensors, strict=True)]

    @torch.no_grad()
    def child(self, network: Macro) -> MacroNetwork:
        """Return the stand-alone network with a copy of its shared weights."""
        _, channels, classes = self.size
        own = MacroNetwork(network, channels, classes, dense=False, widen=WIDEN)
        own.to(self.out.weight)
        for name in ("stem", "halves", "out"):
            given = getattr(self, name).state_dict()
            getattr(own, name).load_state_dict(given, strict=False)
        for number, op in enumerate(network.ops):
            given = self._operation(number, op).state_dict()
            own.layers[number].load_state_dict(given, strict=False)
            if number:
                joined = [i for i, bit in enumerate(network.skips[number]) if bit]
                merge = self.merges[number - 1]
                assert isinstance(merge, Reader)
                merge.copy_to(own.merges[number], (*joined, number))
        return own
