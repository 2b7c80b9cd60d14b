"""Train any torch module with an exported curriculum: all that it takes, in one function.

The function needs nothing else of this project: copy it. It is plain SGD with momentum, with a
rate and a momentum for every step, in the order of the curriculum.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import torch
from torch import Tensor, nn


def teach(module: nn.Module, arrays: Mapping[str, Any], statistics: str) -> Iterator[int]:
    """Take the curriculum's steps on a module; yield how many were taken after each of them.

    `arrays` is `numpy.load("curriculum.npz")`, `statistics` the rule that its JSON names: batch
    norms remember the last batch alone, a running mean, or nothing (then stay in training mode).
    """
    inputs, targets, rates, momenta = (
        torch.as_tensor(arrays[name]).float() for name in ("inputs", "targets", "rates", "momenta")
    )
    for norm in module.modules():
        if isinstance(norm, nn.modules.batchnorm._BatchNorm):
            norm.momentum = {"last": 1.0, "running": 0.1, "batch": 0.0}[statistics]
    weights = [p for p in module.parameters() if p.requires_grad]
    velocity = [torch.zeros_like(w) for w in weights]
    for step, (x, y) in enumerate(zip(inputs, targets, strict=True)):
        module.train()
        logits: Tensor = module(x)
        loss = (logits.logsumexp(-1) - (logits * y).sum(-1)).mean()
        for w, v, g in zip(weights, velocity, torch.autograd.grad(loss, weights), strict=True):
            v.copy_(momenta[step] * v + g)
            w.data.copy_(w.data - rates[step] * v)
        yield step + 1
