"""What a shell sees: one meaning per exit status, and no traceback of what was stopped."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from harness.cli import app, shell
from harness.run import stop, streams

ROOT = Path(shell.__file__).resolve().parents[2]


@pytest.fixture
def ended(monkeypatch, capfd):
    """Return a function that runs the command line with a command of the test's own."""
    monkeypatch.setattr(streams, "prepare", lambda: None)
    monkeypatch.setattr(os, "_exit", lambda status: (_ for _ in ()).throw(SystemExit(status)))
    before = {number: signal.getsignal(number) for number in stop.SIGNALS}

    def end(command) -> tuple[int, str]:
        monkeypatch.setattr(app, "main", command)
        with pytest.raises(SystemExit) as error:
            shell.main()
        assert {number: signal.getsignal(number) for number in before} == before
        return error.value.code, capfd.readouterr().err

    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    before[signal.SIGTERM] = signal.SIG_DFL
    yield end
    signal.signal(signal.SIGTERM, signal.SIG_DFL)


@pytest.mark.parametrize(("code", "status"), [(None, 0), (0, 0), (1, 1), (2, 2)])
def test_the_status_of_a_command_is_that_of_the_process(ended, code, status):
    def command():
        raise SystemExit(code)

    assert ended(command) == (status, "")
    assert ended(lambda: None) == (0, "")


def test_a_status_that_is_a_text_is_said(ended):
    def command():
        raise SystemExit("no such thing")

    assert ended(command) == (1, "no such thing\n")


def test_what_was_stopped_ends_with_130_whatever_it_made_of_the_interruption(ended):
    def turns_it_into_another_error():
        try:
            os.kill(os.getpid(), signal.SIGTERM)
        except KeyboardInterrupt as error:
            raise ImportError("half loaded") from error

    def forgets_it():
        with pytest.raises(KeyboardInterrupt):
            os.kill(os.getpid(), signal.SIGTERM)

    for command in (turns_it_into_another_error, forgets_it):
        assert ended(command) == (stop.STATUS, f"{stop.STOPPING}\n")


def test_an_error_of_ours_keeps_its_traceback(monkeypatch):
    monkeypatch.setattr(streams, "prepare", lambda: None)
    monkeypatch.setattr(app, "main", lambda: {}["nothing"])
    with pytest.raises(KeyError):
        shell.main()


def test_output_that_somebody_misses_makes_a_success_a_failure(ended, monkeypatch):
    monkeypatch.setattr(streams, "lost", lambda: "No space left on device")
    status, said = ended(lambda: None)
    assert (status, said) == (
        1,
        "error: not all output could be written (No space left on device)\n",
    )

    def refused():
        raise SystemExit(2)

    assert ended(refused)[0] == 2


@pytest.mark.slow
def test_a_worker_imports_nothing_of_the_command_line():
    code = (
        "import runpy, sys; runpy.run_module('harness.__main__', run_name='__mp_main__');"
        "print([name for name in sys.modules if name.startswith('harness.')])"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert done.stdout == "[]\n", done.stderr
