"""What is refused before Ray starts; two nodes of it are in tests/cluster."""

from __future__ import annotations

import importlib.util
import re

import pytest

from harness.paper import Refused
from harness.run.launch import Machine
from harness.run.ray import driver
from harness.run.ray import launcher as ray
from harness.trial import Pace


def node(alive: bool = True, **resources: float) -> dict:
    return {"NodeID": "n", "Alive": alive, "Resources": {"memory": 1e9, **resources}}


GPU = Machine(2, gpus=("0",))


@pytest.mark.parametrize(
    ("nodes", "host"),
    [
        ([node(CPU=1.0)], Machine(64)),
        ([node(CPU=1.0), node(CPU=4.0)], Machine(1, threads=4)),
        ([node(CPU=8.0), node(CPU=1.0, GPU=1.0)], GPU),
    ],
)
def test_one_node_that_has_all_is_enough(nodes, host):
    assert driver.lacking(nodes, host) == ""


@pytest.mark.parametrize(
    ("nodes", "host", "said"),
    [
        ([], Machine(1), "no node has 1 CPU, .* 0 nodes, at most 0 CPU and 0 GPU"),
        ([node(CPU=2.0)], Machine(1, 4), "no node has 4 CPU, .* 1 node, at most 2 CPU and 0 GPU"),
        ([node(CPU=2.0)], GPU, "no node has 1 CPU and 1 GPU, .* at most 2 CPU and 0 GPU"),
        ([node(CPU=2.0), node(False, GPU=1.0, CPU=1.0)], GPU, "1 node, at most 2 CPU and 0 GPU"),
        ([node(CPU=2.0), node(GPU=1.0)], GPU, "2 nodes, at most 2 CPU and 1 GPU on one"),
    ],
)
def test_what_no_node_has_is_named(nodes, host, said):
    assert re.search(said, driver.lacking(nodes, host))


def test_a_gpu_that_this_machine_lacks_is_refused_before_a_cluster_starts(monkeypatch, tmp_path):
    monkeypatch.delenv("RAY_ADDRESS", raising=False)
    monkeypatch.setattr(ray, "find_gpus", lambda: ())
    monkeypatch.setattr(ray, "drive", lambda *_: pytest.fail("started"))
    with pytest.raises(
        Refused, match=r"no node has 1 CPU and 1 GPU.* did you mean '--device cpu'"
    ):
        ray.run([tmp_path], GPU, Pace(), lambda: None)


def test_missing_extra_is_named_with_its_cure(monkeypatch):
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    with pytest.raises(Refused, match=r"--launcher ray: ray is not installed .*\[ray\]"):
        ray.launcher()
