"""Torchvision is imported beside any build of torch."""

from __future__ import annotations

from harness.training.vision import torchvision


def test_torchvision_imports_beside_any_build_of_torch():
    module = torchvision()
    assert module.__version__.startswith("0.28.0")
    assert torchvision() is module
    assert hasattr(module.datasets, "MNIST")
