"""Processes that start inside compute with the instruction set that was asked for."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

from harness.paper import Refused
from harness.plan.processor import COMMITTED, NATIVE, VARIABLES
from harness.run.isa import instructions

ASKED = "import torch; print(torch.backends.cpu.get_cpu_capability())"


@pytest.mark.slow
def test_a_process_computes_with_what_was_asked_for():
    with instructions(COMMITTED):
        done = subprocess.run([sys.executable, "-c", ASKED], capture_output=True, text=True)
    assert done.stdout.strip() == "AVX2"


@pytest.mark.parametrize("name", [COMMITTED, NATIVE])
def test_what_the_process_had_before_comes_back(monkeypatch, name):
    monkeypatch.setenv("ATEN_CPU_CAPABILITY", "default")
    monkeypatch.delenv("ONEDNN_MAX_CPU_ISA", raising=False)
    before = dict(os.environ)
    with instructions(name):
        assert {k: os.environ[k] for k in VARIABLES[name]} == VARIABLES[name]
    assert dict(os.environ) == before


def test_an_unknown_set_is_refused_with_the_nearest():
    with pytest.raises(Refused, match="did you mean 'avx2'"), instructions("avx-2"):
        pass
