"""Seeding, precision and the state of random streams."""

from __future__ import annotations

import io

import pytest
import torch

from harness.training import device


def test_a_seeded_block_draws_the_same_and_leaves_the_global_stream_alone():
    torch.manual_seed(5)
    expected = torch.rand(3)
    torch.manual_seed(5)
    with device.seeded(1):
        first = torch.rand(3)
    with device.seeded(1):
        again = torch.rand(3)
    assert torch.equal(first, again)
    assert torch.equal(torch.rand(3), expected)


def test_random_state_goes_through_a_checkpoint():
    buffer = io.BytesIO()
    device.save({"random": device.random_state()}, buffer)
    expected = torch.rand(4)
    buffer.seek(0)
    device.set_random_state(device.load(buffer)["random"])
    assert torch.equal(torch.rand(4), expected)


def test_prepare_sets_threads_and_flushes_subnormals():
    device.prepare("cpu", threads=1, seed=3)
    assert torch.get_num_threads() == 1
    assert torch.are_deterministic_algorithms_enabled()
    tiny = torch.full((8,), 1e-39)
    assert float((tiny * 0.5).abs().sum()) == 0.0


def test_precision_is_set_for_the_block_only():
    a = torch.randn(8, 8)
    with device.precision("bf16", "cpu"):
        assert (a @ a).dtype == torch.bfloat16
    assert (a @ a).dtype == torch.float32
    with device.precision("tf32", "cpu"):
        assert torch.get_float32_matmul_precision() == "high"
    assert torch.get_float32_matmul_precision() == "highest"
    with pytest.raises(ValueError, match="float16"), device.precision("float16", "cpu"):
        pass


def test_the_device_has_a_name():
    name = device.describe("cpu")
    assert "cores)" in name
    assert len(name) > len("( cores)")


@pytest.mark.gpu
def test_stacked_training_runs_on_a_gpu_and_agrees_with_the_cpu():
    from harness.training import ensemble

    members = [torch.nn.Linear(4, 3) for _ in range(2)]
    x = torch.randn(5, 4)
    there = ensemble.stack(members).to("cuda")(x.to("cuda")).cpu()
    torch.testing.assert_close(there, ensemble.stack(members)(x), rtol=1e-4, atol=1e-5)
