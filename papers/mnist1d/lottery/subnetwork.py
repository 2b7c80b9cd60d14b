"""The MLP of 500 hidden units under a mask, without the units that the mask has cut off.

A hidden unit whose incoming or outgoing numbers are all masked neither contributes to the logits
nor gets a gradient. Leaving it out is exact, and at 92 % sparsity it takes away half of the
work. What a mask spares of such a unit keeps its initial value, as it would in the whole network.

Shapes: N rows, H hidden units, U units of the first hidden layer and R of the second that are
alive; the first R of the U are the same units as those of the second layer.
"""

from __future__ import annotations

from torch import Tensor, nn
from torch.nn import functional as F  # noqa: N812

from harness.training import device
from papers.mnist1d import models

Weights = dict[str, Tensor]
Masks = dict[str, Tensor]  # bool, the shapes of the weights: True survives


def initial(seed: int, hidden: int, where: str) -> Weights:
    """Return the named initial parameters theta_0 of one network, on a device."""
    with device.seeded(seed):
        model = models.MLP(hidden)
    return {name: p.detach().to(where) for name, p in model.named_parameters()}


def alive(masks: Masks) -> tuple[Tensor, Tensor]:
    """Return the numbers of the units that count: (U) of the first layer, (R) of the second."""
    fed = masks["first.weight"].any(1) | masks["first.bias"]
    read = masks["out.weight"].any(0)
    second = read & (masks["second.weight"][:, fed].any(1) | masks["second.bias"])
    first = fed & (read | masks["second.weight"][second].any(0))
    rows = second.nonzero()[:, 0]
    others = (first & ~second).nonzero()[:, 0]
    return rows.new_tensor([*rows.tolist(), *others.tolist()]), rows


class Subnetwork(nn.Module):
    """What trains of a masked network: survivors start at the given weights, the rest is 0.

    Masked entries have no gradient, so Adam, which is element-wise, leaves them at exactly 0.
    """

    def __init__(self, weights: Weights, masks: Masks) -> None:
        super().__init__()
        self.units, self.rows = alive(masks)
        self.kept = {name: weights[name] * masks[name] for name in weights}
        self.parts = nn.ParameterList()
        for value, mask in zip(self._cut(self.kept), self._cut(masks), strict=True):
            part = nn.Parameter(value.clone())
            part.register_hook(mask.to(part.dtype).mul)
            self.parts.append(part)

    def forward(self, x: Tensor) -> Tensor:
        """Map signals (N, 40) to logits (N, 10)."""
        first, first_bias, second, second_bias, out, out_bias = self.parts
        h = F.linear(x, first, first_bias).relu()
        residual = F.linear(h, second, second_bias).relu()
        h = h + F.pad(residual, (0, len(self.units) - len(self.rows)))
        return F.linear(h, out, out_bias)

    def weights(self) -> Weights:
        """Return copies of all parameters of the whole network, masked ones 0."""
        whole = {name: value.clone() for name, value in self.kept.items()}
        first, first_bias, second, second_bias, out, out_bias = (p.detach() for p in self.parts)
        whole["first.weight"][self.units] = first
        whole["first.bias"][self.units] = first_bias
        whole["second.weight"][self.rows[:, None], self.units] = second
        whole["second.bias"][self.rows] = second_bias
        whole["out.weight"][:, self.units] = out
        whole["out.bias"].copy_(out_bias)
        return whole

    def _cut(self, whole: dict[str, Tensor]) -> list[Tensor]:
        """Return the parts of weights or masks that belong to units alive."""
        return [
            whole["first.weight"][self.units],
            whole["first.bias"][self.units],
            whole["second.weight"][self.rows[:, None], self.units],
            whole["second.bias"][self.rows],
            whole["out.weight"][:, self.units],
            whole["out.bias"],
        ]
