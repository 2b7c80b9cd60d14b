"""Encoder and projection heads: the three convolutions of the benchmark's CNN, then linear layers.

Symbols: H, the encoder's 125 outputs, which are what is learned; z, the last layer's outputs,
which are what the loss sees.

Shapes: N rows, C channels, L length, D features of a layer. Forwards keep to operations that
ignore leading axes, so `harness.training.ensemble` can stack many seeds.
"""

from __future__ import annotations

from itertools import pairwise

from torch import Tensor, nn

from harness.training import device
from papers.mnist1d import models
from papers.mnist1d.contrastive.config import HEADS

FEATURES = 125  # of H: 25 channels at 5 positions
ENCODER = 3  # layers of the encoder; H is the last of them


class Network(nn.Module):
    """Encoder (3,950 parameters) and head; in all 21,716 default, 3,950 none, 53,216 deep."""

    def __init__(self, head: str) -> None:
        super().__init__()
        convolutions = models.CNN()
        self.first, self.second = convolutions.first, convolutions.second
        self.third = convolutions.third
        widths = pairwise((FEATURES, *HEADS[head]))
        self.head = nn.ModuleList(nn.Linear(inputs, outputs) for inputs, outputs in widths)

    def layers(self, x: Tensor) -> list[Tensor]:
        """Return what every layer gives for signals (..., N, 40), the last one z.

        Two maps (..., N, C, L), then H (..., N, 125), then the head's outputs (..., N, D); ReLU
        follows every layer but the head's last.
        """
        found = [self.first(x.unsqueeze(-2)).relu()]
        found.append(self.second(found[-1]).relu())
        found.append(self.third(found[-1]).relu().flatten(-2))
        for number, layer in enumerate(self.head, start=1):
            out = layer(found[-1])
            found.append(out if number == len(self.head) else out.relu())
        return found

    def forward(self, x: Tensor) -> Tensor:
        """Map signals (..., N, 40) to z (..., N, D): 16 features, 125 without a head."""
        return self.layers(x)[-1]


def build(head: str, seed: int) -> Network:
    """Return the network with that head, its weights drawn from a stream of their own."""
    with device.seeded(seed):
        return Network(head)
