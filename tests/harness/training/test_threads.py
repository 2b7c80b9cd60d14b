"""Threads are those that were asked for, and afterwards those of before."""

from __future__ import annotations

import pytest
import torch

from harness.training.threads import using


def test_threads_are_put_back_also_after_an_error():
    before = torch.get_num_threads()
    with pytest.raises(RuntimeError), using(before + 1):
        assert torch.get_num_threads() == before + 1
        raise RuntimeError
    assert torch.get_num_threads() == before
