"""What torch will compute with is known before torch loads, and is part of a trial's identity."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

from harness import budget
from harness.paper import Refused
from harness.plan import discover, processor, specs
from harness.plan.processor import CHOICE, COMMITTED, NATIVE
from tests.lab.throwaway import make_paper

HASWELL = "fma avx avx2 bmi2"
SKYLAKE = f"{HASWELL} avx512f avx512dq avx512cd avx512bw avx512vl"


@pytest.fixture
def processor_with(tmp_path, monkeypatch):
    """Put this machine's processor behind another one's flags."""

    def change(flags: str) -> None:
        path = tmp_path / "cpuinfo"
        path.write_text(f"processor\t: 0\nmodel name\t: Some CPU\nflags\t\t: fpu {flags}\n")
        monkeypatch.setattr(processor, "CPUINFO", path)
        processor._of.cache_clear()

    monkeypatch.delenv(CHOICE, raising=False)
    yield change
    processor._of.cache_clear()


@pytest.mark.parametrize(
    ("flags", "native", "offered"),
    [
        (SKYLAKE, "avx512", ("avx2", "native")),
        (SKYLAKE.replace(" avx512vl", ""), "avx2", ("avx2",)),
        (HASWELL, "avx2", ("avx2",)),
        ("avx sse4_2", "default", ("native",)),
    ],
)
def test_the_flags_say_what_torch_will_choose(processor_with, flags, native, offered):
    processor_with(flags)
    assert processor.resolved(NATIVE) == native
    assert processor.offered() == offered
    assert processor.asked(native) in offered


def test_a_set_that_the_processor_lacks_is_refused_and_has_no_name(processor_with):
    processor_with(HASWELL)
    assert processor.asked("avx512") == ""
    processor_with("avx")
    with pytest.raises(Refused, match="avx2: this processor has default; did you mean 'native'"):
        processor.resolved(COMMITTED)


def test_an_unknown_name_is_refused():
    with pytest.raises(Refused, match="unknown instruction set 'avx3'; did you mean 'avx2'"):
        processor.resolved("avx3")


def test_what_the_environment_chooses_is_what_native_means(processor_with, monkeypatch):
    processor_with(SKYLAKE)
    monkeypatch.setenv(CHOICE, "avx2")
    assert processor.resolved(NATIVE) == "avx2"
    assert processor.offered() == ("avx2",)


@pytest.mark.slow
@pytest.mark.parametrize("choice", ["", "avx2", "default"])
def test_torch_says_the_same_of_this_machine(monkeypatch, choice):
    monkeypatch.delenv(CHOICE, raising=False)
    if choice:
        monkeypatch.setenv(CHOICE, choice)
    expected = processor.resolved(NATIVE)
    done = subprocess.run([sys.executable, "-c", processor.ASK], capture_output=True, text=True)
    assert done.stdout.strip().lower() == expected
    assert choice in ("", expected)


@pytest.mark.slow
def test_without_flags_torch_is_asked(tmp_path, monkeypatch):
    monkeypatch.setenv(CHOICE, "default")
    monkeypatch.setattr(processor, "CPUINFO", tmp_path / "none")
    processor._of.cache_clear()
    try:
        assert processor._own() == "default"
    finally:
        processor._of.cache_clear()


def test_two_instruction_sets_are_two_trials(processor_with, tmp_path):
    processor_with(SKYLAKE)
    found = discover.load(make_paper(tmp_path))
    one, other = (
        specs.plan(found, specs.Request(budget=budget.standard("check"), seeds=[0], isa=isa))[0]
        for isa in (COMMITTED, NATIVE)
    )
    assert (one.isa, other.isa) == ("avx2", "avx512")
    assert one.trial != other.trial
    processor_with(HASWELL)
    request = specs.Request(budget=budget.standard("check"), seeds=[0])
    assert specs.plan(found, request)[0].trial == one.trial


def test_the_variables_of_this_process_stay(processor_with):
    processor_with(SKYLAKE)
    before = dict(os.environ)
    processor.resolved(COMMITTED)
    assert dict(os.environ) == before
