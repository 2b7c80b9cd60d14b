"""Answers on the meta device: the shape that torch gives, or none."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
import torch
from torch import Tensor
from torch.nn import functional as F

from papers.ghn2.recorder.shapes import answers

ANSWERS = answers()


def meta(*shape: int, dtype: torch.dtype = torch.float32) -> Tensor:
    return torch.empty(shape, dtype=dtype, device="meta")


IMAGE, SIGNAL, TOKENS = meta(2, 6, 9, 8), meta(2, 6, 9), meta(2, 5, 6)
CALLS: list[tuple[str, Callable[..., Any], tuple[Any, ...], dict[str, Any]]] = [
    ("relu", F.relu, (IMAGE,), {"inplace": True}),
    ("gelu", F.gelu, (IMAGE.permute(0, 2, 3, 1),), {}),
    ("dropout", F.dropout, (IMAGE, 0.5, True, False), {}),
    ("batch_norm", F.batch_norm, (IMAGE, None, None, meta(6), meta(6), True), {}),
    ("layer_norm", F.layer_norm, (IMAGE.permute(0, 2, 3, 1), (6,)), {}),
    ("add", torch.add, (IMAGE, IMAGE), {}),
    ("add", torch.add, (IMAGE, meta(6, 1, 1)), {}),
    ("add", torch.add, (meta(1, 6, 1), meta(2, 1, 5)), {}),
    ("mul", torch.mul, (IMAGE, 2.0), {}),
    ("sub", torch.sub, (SIGNAL[:, :, ::2], SIGNAL[:, :, 1:6]), {}),
    ("linear", F.linear, (TOKENS, meta(4, 6), meta(4)), {}),
    ("matmul", torch.matmul, (meta(2, 3, 5, 6), meta(2, 3, 6, 4)), {}),
    ("bmm", torch.bmm, (meta(2, 3, 5), meta(2, 5, 4)), {}),
    ("conv2d", F.conv2d, (IMAGE, meta(4, 6, 3, 2), None, 2, 1), {}),
    ("conv2d", F.conv2d, (IMAGE, meta(6, 1, 3, 3), meta(6), (2, 1), (2, 0), (2, 1), 6), {}),
    ("conv1d", F.conv1d, (SIGNAL, meta(4, 3, 5)), {"padding": (2,), "groups": 2}),
    ("max_pool2d", F.max_pool2d, (IMAGE, 3, 2, 1), {}),
    ("max_pool1d", F.max_pool1d, (SIGNAL, 3), {"dilation": 2}),
    ("avg_pool2d", F.avg_pool2d, (IMAGE, (3, 2)), {"padding": (1, 0)}),
    ("avg_pool1d", F.avg_pool1d, (SIGNAL, 3, 1, 1, False, False), {}),
    ("cat", torch.cat, ([IMAGE, meta(2, 3, 9, 8)], 1), {}),
    ("cat", torch.cat, ([SIGNAL, SIGNAL],), {"dim": -1}),
    ("mean", torch.mean, (IMAGE, (2, 3)), {}),
    ("mean", torch.mean, (IMAGE,), {"dim": -1, "keepdim": True}),
]


@pytest.mark.parametrize(("name", "function", "args", "kwargs"), CALLS)
def test_an_answer_has_the_shape_and_strides_of_torch(
    name: str, function: Callable[..., Tensor], args: tuple[Any, ...], kwargs: dict[str, Any]
):
    answer, result = ANSWERS[name](*args, **kwargs), function(*args, **kwargs)
    assert answer is not None
    assert (answer.shape, answer.dtype, answer.device) == (
        result.shape, result.dtype, result.device,
    )  # fmt: skip
    assert answer.stride() == result.stride()


NONE: list[tuple[str, tuple[Any, ...], dict[str, Any]]] = [
    ("conv2d", (IMAGE, meta(4, 6, 3, 3), None, 1, "same"), {}),
    ("conv2d", (IMAGE, meta(4, 5, 3, 3)), {}),  # torch refuses it
    ("conv2d", (IMAGE, meta(4, 6, 20, 20)), {}),
    ("conv2d", (IMAGE[0], meta(4, 6, 3, 3)), {}),
    ("linear", (TOKENS, meta(4, 5)), {}),
    ("matmul", (TOKENS, meta(6, 4)), {}),
    ("add", (IMAGE, meta(5, 1, 1)), {}),
    ("add", (IMAGE, meta(2, 6, 9, 8, dtype=torch.float64)), {}),
    ("mul", (meta(3, dtype=torch.int64), 2.0), {}),
    ("mul", (2.0, IMAGE), {}),
    ("max_pool2d", (IMAGE, 3), {"ceil_mode": True}),
    ("max_pool2d", (IMAGE, 3), {"return_indices": True}),
    ("avg_pool2d", (IMAGE, 30), {}),
    ("cat", ([IMAGE, meta(2, 6, 9, 7)], 1), {}),
    ("mean", (IMAGE,), {}),
    ("mean", (IMAGE, 1), {"dtype": torch.float64}),
    ("relu", (torch.zeros(2),), {}),
]


@pytest.mark.parametrize(("name", "args", "kwargs"), NONE)
def test_what_is_not_plain_is_left_to_torch(
    name: str, args: tuple[Any, ...], kwargs: dict[str, Any]
):
    assert ANSWERS[name](*args, **kwargs) is None


def test_what_is_written_in_place_is_the_same_tensor():
    assert ANSWERS["add_"](IMAGE, meta(6, 1, 1)) is IMAGE
