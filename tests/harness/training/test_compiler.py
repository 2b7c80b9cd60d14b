"""C is built once, under the hash of what it was built from, and what goes wrong is said."""

from __future__ import annotations

import ctypes
import os
import shutil

import pytest

from harness.paper import Refused
from harness.training import compiler
from tests.lab.compilers import needs_compiler

TWICE = "double twice(double x) { return 2 * x; }\n"


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """A folder of C files, and an empty cache."""
    monkeypatch.setenv("HARNESS_KERNELS", str(tmp_path / "cache"))
    made = tmp_path / "doubling"
    made.mkdir()
    (made / "twice.c").write_text(TWICE)
    return made


def lone(path):
    (found,) = path.iterdir()
    return found


@needs_compiler
def test_a_library_is_built_once_and_again_when_its_source_or_its_compiler_changes(
    folder, tmp_path, monkeypatch
):
    compiler.load(folder)
    built = lone(tmp_path / "cache")
    before = built.stat().st_mtime_ns
    compiler.load(folder)
    assert lone(tmp_path / "cache") == built
    assert built.stat().st_mtime_ns == before
    (folder / "twice.h").write_text("/* more */\n")
    compiler.load(folder)
    assert len(list((tmp_path / "cache").iterdir())) == 2
    monkeypatch.setattr(compiler, "FLAGS", ("-O1", *compiler.FLAGS[1:]))
    compiler.load(folder)
    assert len(list((tmp_path / "cache").iterdir())) == 3


@needs_compiler
@pytest.mark.parametrize("wrong", ["another", "half"])
def test_a_cached_library_of_another_source_is_refused(folder, tmp_path, wrong):
    path, _ = compiler.build(folder)
    (folder / "twice.c").write_text(TWICE.replace("2", "3"))
    other, _ = compiler.build(folder)
    shutil.copy(path, other)
    if wrong == "half":
        os.truncate(other, other.stat().st_size // 2)
    with pytest.raises(Refused, match="not the library of these sources; remove it") as refusal:
        compiler.load(folder)
    assert str(other) in str(refusal.value)
    other.unlink()
    compiler.load(folder)


@needs_compiler
def test_the_last_error_of_a_compiler_that_fails_is_shown_and_nothing_is_left(folder, tmp_path):
    (folder / "twice.c").write_text("double twice(double x) { return y; }\n")
    with pytest.raises(Refused, match=r"--kernels c: \w+ failed: .*error.*y.*undeclared") as told:
        compiler.load(folder)
    assert "\n" not in str(told.value)
    assert list((tmp_path / "cache").iterdir()) == []


@pytest.mark.parametrize(("path", "named", "why"), [
    ("", "", "none of cc, gcc, clang is there"),
    (None, "nonesuch -m64", "CC=nonesuch is not there"),
])  # fmt: skip
def test_without_a_compiler_that_is_said(folder, monkeypatch, path, named, why):
    monkeypatch.setenv("CC", named)
    if path is not None:
        monkeypatch.setenv("PATH", path)
    with pytest.raises(Refused, match="--kernels c: no C compiler") as told:
        compiler.build(folder)
    assert why in str(told.value)


@needs_compiler
def test_a_cache_that_cannot_be_written_is_named(folder, tmp_path, monkeypatch):
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("HARNESS_KERNELS", str(tmp_path / "file" / "below"))
    with pytest.raises(Refused, match=r"cannot be written .*; HARNESS_KERNELS names another"):
        compiler.build(folder)


def test_the_cache_is_where_the_system_keeps_such(monkeypatch, tmp_path):
    monkeypatch.delenv("HARNESS_KERNELS", raising=False)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    assert compiler.cached() == tmp_path / "paper-replications" / "kernels"
    monkeypatch.delenv("XDG_CACHE_HOME")
    monkeypatch.setenv("HOME", str(tmp_path))
    assert compiler.cached().is_relative_to(tmp_path)


def test_wide_vectors_are_used_only_where_the_processor_has_them(monkeypatch, tmp_path):
    info = tmp_path / "cpuinfo"
    monkeypatch.setattr(compiler, "CPUINFO", info)
    info.write_text(f"processor : 0\nflags : sse {' '.join(compiler.WIDE_NEEDS)} avx512f\n")
    assert compiler.WIDE in compiler.flags()
    info.write_text("processor : 0\nflags : sse sse2\n")
    assert compiler.WIDE not in compiler.flags()
    info.unlink()
    assert compiler.WIDE not in compiler.flags()


@needs_compiler
def test_macros_make_a_library_of_their_own(folder, tmp_path):
    (folder / "twice.c").write_text("double twice(double x) { return TIMES * x; }\n")
    for times in (2, 3):
        library = compiler.load(folder, f"-DTIMES={times}")
        library.twice.restype, library.twice.argtypes = ctypes.c_double, [ctypes.c_double]
        assert library.twice(7) == 7 * times
    assert len(list((tmp_path / "cache").iterdir())) == 2


@needs_compiler
def test_threads_are_asked_for_only_where_the_compiler_has_them(tmp_path, monkeypatch):
    monkeypatch.setenv("CC", "cc")
    assert (compiler.THREADED in compiler.flags()) == compiler.threaded(("cc",))
    refusing = tmp_path / "refusing"
    refusing.write_text(
        f'#!/bin/sh\ncase "$*" in *{compiler.THREADED}*) exit 1;; esac\nexec cc "$@"\n'
    )
    refusing.chmod(0o755)
    monkeypatch.setenv("CC", str(refusing))
    assert compiler.THREADED not in compiler.flags()
    assert compiler.FLAGS[0] in compiler.flags()
