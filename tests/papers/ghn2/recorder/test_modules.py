"""What cannot be listened to is refused in one line that names the part and the way out."""

from __future__ import annotations

import warnings

import pytest
import torch
from torch import nn

from harness.paper import Refused
from papers.ghn2.recorder import modules


def weight_normed() -> nn.Module:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", FutureWarning)
        return nn.utils.weight_norm(nn.Linear(2, 2))


@pytest.mark.parametrize(
    ("make", "told"),
    [
        (lambda: 3, "module=int: must be a torch.nn.Module"),
        (lambda: nn.ReLU(), "module=ReLU: has no parameters"),
        (lambda: nn.DataParallel(nn.Linear(2, 2)), "wrapped in DataParallel: .* .module"),
        (
            lambda: torch.compile(nn.Linear(2, 2), backend="eager"),
            "module: is compiled: .* ._orig_mod",
        ),
        (lambda: nn.LazyLinear(2), "module: is lazy .'weight' has no shape yet.: run one batch"),
        (lambda: nn.Sequential(nn.ReLU(), nn.LazyConv2d(2, 3)), "module.1: is lazy"),
        (
            lambda: nn.Sequential(nn.utils.parametrizations.weight_norm(nn.Linear(2, 2))),
            "module.0: ParametrizedLinear is parametrized: .*remove_parametrizations",
        ),
        (weight_normed, "module: Linear has a WeightNorm hook"),
    ],
)
def test_refusals(make, told: str):
    with pytest.raises(Refused, match=told) as refused:
        modules.check(make())
    assert "\n" not in str(refused.value)


def test_a_scripted_module_is_refused():
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        scripted = torch.jit.script(nn.Linear(2, 2))
    with pytest.raises(Refused, match="module: is scripted"):
        modules.check(scripted)


def test_a_plain_module_is_not():
    modules.check(nn.Sequential(nn.Linear(2, 2), nn.ReLU()))
