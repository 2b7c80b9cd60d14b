"""Whether a trial is run by somebody: here the lock says so, elsewhere how long it was silent."""

from __future__ import annotations

import fcntl
import socket
from pathlib import Path

import pytest

from harness.record import hold


def left(folder: Path, words: str) -> Path:
    (folder / hold.LOCK).write_text(words, encoding="utf-8")
    return folder


def test_a_trial_without_a_lock_is_run_by_nobody(tmp_path: Path):
    assert hold.held(tmp_path) == hold.NOBODY
    assert not hold.alive(tmp_path, seen=0.0, now=0.0)


def test_the_words_of_a_dead_process_count_for_nothing_here(tmp_path: Path):
    left(tmp_path, f"process 1 on {socket.gethostname()}, job 7")
    assert not hold.alive(tmp_path, seen=100.0, now=100.0)


def test_a_lock_that_is_held_counts_whatever_the_clocks_say(tmp_path: Path):
    left(tmp_path, "process 1 on here")
    with (tmp_path / hold.LOCK).open("a") as handle:
        fcntl.flock(handle, fcntl.LOCK_EX)
        assert hold.held(tmp_path) == "process 1 on here"
        assert hold.alive(tmp_path, seen=0.0, now=1e12)


@pytest.mark.parametrize("words", ["process 1 on elsewhere", "process 1 on elsewhere, job 7"])
def test_a_trial_elsewhere_lives_until_it_was_silent_for_long(tmp_path: Path, words: str):
    left(tmp_path, words)
    assert hold.alive(tmp_path, seen=1000.0, now=1000.0 + hold.SILENCE)
    assert not hold.alive(tmp_path, seen=1000.0, now=1001.0 + hold.SILENCE)
