"""Training networks on from predicted parameters, and from random ones (Sec. 5).

Predicted parameters are copies of a few blocks, so that their units hardly differ; `orthogonal`
makes them different again, as Knyazev 2022 (arXiv:2207.10049) does.

Shapes: N rows.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import torch
from torch import Tensor
from torch.nn import functional as F  # noqa: N812

from harness.training import data, optim
from papers.ghn2.space.network import Network, Tensors
from papers.ghn2.testbed import Testbed


def trained(
    network: Network,
    parameters: Tensors,
    bed: Testbed,
    steps: Sequence[int],
    lr: float,
    batch: int,
    seed: int,
) -> Iterator[dict[str, Tensor]]:
    """Yield the parameters after each number of SGD steps, which rise; the same batches for all.

    Momentum .9, as in the authors' baselines; the rate stays, so that what is yielded does not
    depend on how long the training is meant to last.
    """
    own = {name: value.detach().clone().requires_grad_() for name, value in parameters.items()}
    optimizer = optim.sgd(own.values(), lr, momentum=0.9)
    order = data.Endless(len(bed.train), batch, seed, str(bed.train.y.device))
    moved = torch.Generator().manual_seed(seed)
    done = 0
    for asked in steps:
        for _ in range(asked - done):
            x, y = bed.drawn(next(order), moved)
            optimizer.zero_grad()
            loss = F.cross_entropy(network.logits(own, x, True), y)
            loss.backward()
            optimizer.step()
        done = asked
        yield {name: value.detach() for name, value in own.items()}


def orthogonal(parameters: Tensors, noise: float, seed: int) -> dict[str, Tensor]:
    """Return the same with orthogonal rows, or columns, of kernels and matrices, as large.

    Noise comes first, in proportion to how different the rows' correlations are, for rows that are
    copies span too little. Vectors stay.
    """
    generator = torch.Generator().manual_seed(seed)
    return {
        name: _orthogonal(value, noise, generator) if value.dim() > 1 else value
        for name, value in parameters.items()
    }


def _orthogonal(weight: Tensor, noise: float, generator: torch.Generator) -> Tensor:
    flat = weight.flatten(1)
    if min(flat.shape) < 2:
        return weight
    spread = torch.corrcoef(flat).nan_to_num().std() if len(flat) > 1 else torch.tensor(0.0)
    drawn = torch.randn(flat.shape, generator=generator).to(flat.device)
    noisy = flat + noise * spread * drawn
    tall = noisy.T if noisy.shape[0] < noisy.shape[1] else noisy
    q, r = torch.linalg.qr(tall)
    q = q * r.diagonal().sign()  # the decomposition with positive diagonal is the only one
    q = q.T if noisy.shape[0] < noisy.shape[1] else q
    scaled: Tensor = q * flat.norm() / q.norm()
    return scaled.reshape(weight.shape)


def overtaken(steps: Sequence[int], predicted: Sequence[float], random: Sequence[float]) -> float:
    """Return at which step the random start is ahead for good, between two that were measured.

    On a straight line from the last measure at which it was behind; the last step plus one where
    it never is.
    """
    behind = [p >= r for p, r in zip(predicted, random, strict=True)]
    if behind[-1]:
        return float(steps[-1] + 1)
    if not any(behind):
        return float(steps[0])
    last = max(place for place, is_behind in enumerate(behind) if is_behind)
    lead, next_lead = predicted[last] - random[last], random[last + 1] - predicted[last + 1]
    share = lead / (lead + next_lead) if lead + next_lead > 0 else 0.0
    return steps[last] + share * (steps[last + 1] - steps[last])
