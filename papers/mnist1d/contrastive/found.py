"""What the probes said of every member, epoch by epoch, and the rows that tell it.

Layer 0 is the pixels, layer 3 the encoder's output H, the last layer z. The interior are all
layers between pixels and z.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict, dataclass, field
from typing import TYPE_CHECKING, Any

from torch import Tensor

from papers.mnist1d.contrastive.networks import ENCODER

if TYPE_CHECKING:
    from harness.paper import Row

EARLY = 20  # the epoch at which a short run is compared with the published curve


@dataclass(frozen=True)
class Probed:
    """One member's test accuracies: linear ones by layer number, and nearest neighbours on z."""

    linear: dict[int, float]
    nearest: float


@dataclass
class Found:
    """Every member's mean loss over the last epoch, and by epoch what its probes said."""

    losses: list[float] = field(default_factory=list)
    probed: dict[int, list[Probed]] = field(default_factory=dict)

    def lose(self, losses: Tensor) -> None:
        """Keep the members' losses (E)."""
        self.losses = losses.tolist()

    def curve(self, epoch: int) -> list[Row]:
        """Return a row per member: the loss and, where probes were fitted, their accuracies."""
        rows: list[Row] = [{"member": m, "loss": loss} for m, loss in enumerate(self.losses)]
        if epoch not in self.probed:
            return rows
        return [
            {**row, "linear_accuracy": seen.linear[ENCODER], "knn_accuracy": seen.nearest}
            for row, seen in zip(rows, self.probed[epoch], strict=True)
        ]

    def layerwise(self) -> Iterator[Row]:
        """Yield a row per member and layer, from the last probes."""
        for member, seen in enumerate(self.probed[max(self.probed)]):
            for layer, accuracy in seen.linear.items():
                yield {"member": member, "at": layer, "layer_accuracy": accuracy}

    def summary(self) -> Iterator[Row]:
        """Yield the result of every member: its last probes, and where accuracy peaks."""
        last = max(self.probed)
        for member, row in enumerate(self.curve(last)):
            early = {}
            if EARLY in self.probed:
                accuracy = self.probed[EARLY][member].linear[ENCODER]
                early = {f"linear_accuracy_{EARLY}": accuracy}
            yield {**row, **early, **peaks(self.probed[last][member].linear)}

    def state_dict(self) -> dict[str, Any]:
        """Return what a resumed trial needs."""
        return asdict(self)

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Take over what an earlier attempt has found."""
        self.losses = state["losses"]
        self.probed = {
            epoch: [Probed(**member) for member in members]
            for epoch, members in state["probed"].items()
        }


def peaks(linear: dict[int, float]) -> dict[str, float]:
    """Return what claims on layers read, from accuracies by layer number."""
    last = max(linear)
    learned = {layer: accuracy for layer, accuracy in linear.items() if layer > 0}
    return {
        "pixels": linear[0],
        "last_layer": linear[last],
        "interior_peak": max(learned[layer] for layer in range(1, last)),
        "peak_layer": max(learned, key=lambda layer: learned[layer]),
        "layer_2": learned[2],
        "rest_peak": max(accuracy for layer, accuracy in learned.items() if layer != 2),
    }
