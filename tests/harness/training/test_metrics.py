"""FLOPs, accuracy and parameters, counted by hand."""

from __future__ import annotations

import torch
from torch import nn

from harness.training import metrics


def test_flops_of_a_linear_layer_by_hand():
    layer, x = nn.Linear(8, 4, bias=False), torch.randn(16, 8)
    forward = 2 * 16 * 8 * 4
    assert metrics.flops(lambda: layer(x)) == forward
    assert metrics.flops(lambda: layer(x).sum().backward()) == 2 * forward  # no gradient of x


def test_accuracy_and_parameter_count():
    logits = torch.tensor([[[1.0, 0.0], [0.0, 1.0]], [[0.0, 1.0], [0.0, 1.0]]])
    assert metrics.accuracy(logits, torch.tensor([0, 1])).tolist() == [1.0, 0.5]
    frozen = nn.Linear(3, 2)
    frozen.bias.requires_grad_(False)
    assert metrics.parameters(frozen) == 6
