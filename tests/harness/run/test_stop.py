"""The first signal interrupts, the second speaks, the third leaves; none ends in a traceback."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

from harness.run import stop

ROOT = Path(stop.__file__).resolve().parents[2]


@pytest.fixture
def handlers():
    """What the signals do, put back at the end."""
    before = {number: signal.getsignal(number) for number in stop.SIGNALS}
    yield before
    for number, handler in before.items():
        signal.signal(number, handler)


@pytest.mark.parametrize("number", stop.SIGNALS)
def test_the_first_interrupts_and_the_second_only_says_so(handlers, capfd, number):
    signal.signal(number, signal.SIG_DFL)
    with stop.listening():
        assert not stop.asked()
        with pytest.raises(KeyboardInterrupt):
            os.kill(os.getpid(), number)
        assert stop.asked()
        os.kill(os.getpid(), number)
        assert stop.hung_up() == (number == signal.SIGHUP)
    assert capfd.readouterr().err == f"{stop.STOPPING}\n{stop.STILL}\n"
    assert signal.getsignal(number) == signal.SIG_DFL


def test_an_inner_listener_leaves_the_count_to_the_outer_one(handlers, capfd):
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    with stop.listening():
        with pytest.raises(KeyboardInterrupt), stop.listening():
            os.kill(os.getpid(), signal.SIGTERM)
        os.kill(os.getpid(), signal.SIGTERM)
    assert stop.STILL in capfd.readouterr().err


def test_a_signal_that_is_ignored_stays_so(handlers):
    signal.signal(signal.SIGHUP, signal.SIG_IGN)  # as nohup hands it down
    with stop.listening():
        os.kill(os.getpid(), signal.SIGHUP)
    assert signal.getsignal(signal.SIGHUP) == signal.SIG_IGN


def test_a_signal_waits_while_it_is_deferred(handlers):
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    done = []
    with stop.listening(), pytest.raises(KeyboardInterrupt), stop.deferred():
        os.kill(os.getpid(), signal.SIGTERM)
        done.append(1)
    assert done == [1]


def test_a_deferred_signal_that_another_thread_takes_waits_too(handlers):
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    done, ended = [], threading.Event()
    idle = threading.Thread(target=ended.wait)  # it blocks no signal
    idle.start()
    try:
        with stop.listening(), pytest.raises(KeyboardInterrupt), stop.deferred():
            for _ in range(3):
                os.kill(os.getpid(), signal.SIGTERM)
                time.sleep(0.01)
            done.append(1)
    finally:
        ended.set()
        idle.join()
    assert done == [1]


def script(body: str) -> subprocess.CompletedProcess[str]:
    code = f"import os, signal, time\nfrom harness.run import stop\n{body}"
    return subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=False
    )


def test_signals_that_interrupt_the_answer_to_each_other_are_all_counted(handlers, monkeypatch):
    """Between any two steps of an answer another one may be given."""
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    said = []

    def say(text: str) -> None:
        said.append(text)
        if text == stop.STOPPING:
            os.kill(os.getpid(), signal.SIGTERM)

    monkeypatch.setattr(stop, "_say", say)
    with stop.listening(), pytest.raises(KeyboardInterrupt):
        os.kill(os.getpid(), signal.SIGTERM)
    assert said == [stop.STOPPING, stop.STILL]


def test_the_third_leaves_at_once():
    done = script(
        "with stop.listening():\n"
        "    try:\n        os.kill(os.getpid(), signal.SIGTERM)\n"
        "    finally:\n"
        "        os.kill(os.getpid(), signal.SIGTERM)\n"
        "        os.kill(os.getpid(), signal.SIGTERM)\n"
        "        print('not here', flush=True)\n"
    )
    assert (done.returncode, done.stdout) == (stop.STATUS, "")
    assert done.stderr.splitlines() == [stop.STOPPING, stop.STILL, stop.LEFT]


def test_an_interruption_that_nobody_can_catch_comes_again():
    """In a finaliser Python drops an exception, and prints its traceback."""
    done = script(
        "class Last:\n"
        "    def __del__(self):\n        os.kill(os.getpid(), signal.SIGTERM)\n"
        "with stop.listening():\n"
        "    try:\n        Last()\n        time.sleep(60)\n"
        "    except KeyboardInterrupt:\n        print('caught')\n"
    )
    assert (done.returncode, done.stdout) == (0, "caught\n")
    assert "Traceback" not in done.stderr
